/** Dot products of vectors with vectors, some rows at a time: nothing N × M is ever held. */
import type { FeatureVectors } from './feature-vectors.ts';

/**
 * Dot products of the queries first … end − 1 with the whole bank; the worker computes them on the device.
 * @returns shape [end − first, M]
 */
export type DotProducts = (first: number, end: number) => Float32Array | Promise<Float32Array>;

/** By plain loops, with float32 results. */
export function plainDots(queries: FeatureVectors, bank: FeatureVectors): DotProducts {
  const { channels } = bank;
  if (queries.channels !== channels)
    throw new Error(`queries of ${queries.channels} channels, and a bank of ${channels}`);
  return (first, end) => {
    const dots = new Float32Array((end - first) * bank.count);
    for (let query = first; query < end; query++) {
      const own = queries.values.subarray(query * channels, (query + 1) * channels);
      const row = (query - first) * bank.count;
      for (let item = 0; item < bank.count; item++) {
        const begin = item * channels;
        let sum = 0;
        for (let i = 0; i < channels; i++) sum += (own[i] as number) * (bank.values[begin + i] as number);
        dots[row + item] = sum;
      }
    }
    return dots;
  };
}

/** So many products are held at once: 4 MB. */
const blockValues = 2 ** 20;

/**
 * Visits the rows of products in order, block by block.
 * @param counts N queries and M vectors in the bank
 * @param visit gets a query's products with the bank, shape [M], valid during the call
 * @param afterBlock awaited after each block with the share that is done; throw to stop
 */
export async function forEachRow(
  dots: DotProducts,
  { queries, bank }: { readonly queries: number; readonly bank: number },
  visit: (query: number, row: Float32Array) => void,
  afterBlock: (share: number) => Promise<void> | void = () => {},
): Promise<void> {
  const rows = Math.max(1, Math.floor(blockValues / Math.max(1, bank)));
  for (let first = 0; first < queries; first += rows) {
    const end = Math.min(queries, first + rows);
    const block = await dots(first, end);
    if (block.length !== (end - first) * bank)
      throw new Error(`${block.length} products of ${end - first} × ${bank}`);
    for (let query = first; query < end; query++)
      visit(query, block.subarray((query - first) * bank, (query - first + 1) * bank));
    await afterBlock(end / queries);
  }
}
