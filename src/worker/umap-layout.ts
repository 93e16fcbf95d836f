/** Places for photographs by UMAP (McInnes et al., 2018), from neighbours that are known. Loaded when it is first asked for. */
import { UMAP } from 'umap-js';
import { randomStream } from '../core/random.ts';
import type { Neighbours } from '../core/recognition.ts';

/** Photographs that count as near, itself among them: umap-learn's default. */
export const umapNeighbours = 15;

/** So long the layout goes on before messages are heard. */
const sliceMs = 30;

/**
 * @param neighbours of each photograph the nearest others, at least as many as there can be of `umapNeighbours - 1`
 * @param afterSlice awaited now and then, with the share that is done; throw to stop
 * @returns shape [N, 2]
 */
export async function layOutByUmap(
  neighbours: Neighbours,
  count: number,
  seed: number,
  afterSlice: (share: number) => Promise<void>,
): Promise<Float32Array<ArrayBuffer>> {
  const near = Math.min(umapNeighbours, count - 1);
  const random = randomStream(seed, 2);
  const umap = new UMAP({ nComponents: 2, nNeighbors: near, minDist: 0.1, random: () => random.next() });
  const rows = Array.from({ length: count }, (_, item) => item);
  const valuesOf = (item: number, values: Int32Array | Float32Array): readonly number[] => [
    ...values.subarray(item * neighbours.k, item * neighbours.k + near - 1),
  ];
  umap.setPrecomputedKNN(
    rows.map((item) => [item, ...valuesOf(item, neighbours.items)]),
    // 1 − cosine; rounding may bring a cosine above 1.
    rows.map((item) => [0, ...valuesOf(item, neighbours.cosines).map((cosine) => Math.max(0, 1 - cosine))]),
  );
  // The vectors themselves are only counted where neighbours are known.
  const epochs = umap.initializeFit(rows.map((item) => [item]));
  let sliceStart = performance.now();
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step();
    if (performance.now() - sliceStart < sliceMs) continue;
    await afterSlice((epoch + 1) / epochs);
    sliceStart = performance.now();
  }
  return Float32Array.from(umap.getEmbedding().flat());
}
