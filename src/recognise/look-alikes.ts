/** Photographs that are nearly the same one: groups by the cosines of their features. */
import { randomStream } from '../core/random.ts';
import { forEachRow, type DotProducts } from './dot-products.ts';
import type { FeatureVectors } from './feature-vectors.ts';

/** Items that hang together by pairs: a forest in which each item knows one that is nearer to the root. */
class Groups {
  private readonly parents: Int32Array;

  constructor(count: number) {
    this.parents = Int32Array.from({ length: count }, (_, item) => item);
  }

  rootOf(item: number): number {
    let root = item;
    while (this.parents[root] !== root) root = this.parents[root] as number;
    for (let at = item; at !== root;) {
      const next = this.parents[at] as number;
      this.parents[at] = root;
      at = next;
    }
    return root;
  }

  /** The first item of a group is its root. */
  join(a: number, b: number): void {
    const [first, second] = [this.rootOf(a), this.rootOf(b)];
    this.parents[Math.max(first, second)] = Math.min(first, second);
  }
}

/**
 * Groups of at least two: photographs that hang together by pairs with a cosine of at least the threshold.
 * @param count N
 * @param dots of all with all, of vectors of length 1
 * @param afterBlock awaited between blocks, with the share that is done; throw to stop
 * @returns items in ascending order, groups by their first item
 */
export async function groupLookAlikes(
  count: number,
  dots: DotProducts,
  threshold: number,
  afterBlock?: (share: number) => Promise<void> | void,
): Promise<number[][]> {
  const groups = new Groups(count);
  const visit = (item: number, row: Float32Array): void => {
    for (let other = item + 1; other < count; other++)
      if ((row[other] as number) >= threshold) groups.join(item, other);
  };
  await forEachRow(dots, { queries: count, bank: count }, visit, afterBlock);
  const members = new Map<number, number[]>();
  for (let item = 0; item < count; item++) {
    const root = groups.rootOf(item);
    const known = members.get(root);
    if (known === undefined) members.set(root, [item]);
    else known.push(item);
  }
  return [...members.values()].filter(({ length }) => length > 1);
}

/** Two photographs are nearly the same if they are nearer than this share of the distance that is usual in the collection. */
const nearShare = 0.08;
/** Of two photographs alone nothing is usual. */
const leastItems = 3;
const strictThreshold = 0.999;
/** So many pairs tell what is usual. */
const sampledPairs = 20_000;

/** @returns pairs of different items: all of them where there are few, otherwise drawn at random, the same ones each time */
function samplePairs(count: number): (readonly [number, number])[] {
  if ((count * (count - 1)) / 2 <= sampledPairs)
    return Array.from({ length: count }, (_, a) => a).flatMap((a) =>
      Array.from({ length: a }, (_, b) => [a, b] as const),
    );
  const random = randomStream(count);
  return Array.from({ length: sampledPairs }, () => {
    const a = random.below(count);
    const b = random.below(count - 1);
    return [a, b < a ? b : b + 1] as const;
  });
}

/**
 * From which cosine on photographs are nearly the same. Cosines of different photographs are near 0 with some networks and near 1 with others, so it
 * depends on the median distance (1 − cosine) of the collection's own pairs. Measured on altered copies: docs/adr/0023-recognise.md.
 */
export function usualThreshold({ count, channels, values }: FeatureVectors): number {
  if (count < leastItems) return strictThreshold;
  const distances = samplePairs(count).map(([a, b]) => {
    let cosine = 0;
    for (let i = 0; i < channels; i++)
      cosine += (values[a * channels + i] as number) * (values[b * channels + i] as number);
    return 1 - cosine;
  });
  const sorted = Float64Array.from(distances).toSorted();
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
  return 1 - nearShare * median;
}
