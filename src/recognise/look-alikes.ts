/** Photographs that are nearly the same one: groups by the cosines of their features. */
import { forEachRow, type DotProducts } from './dot-products.ts';

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
