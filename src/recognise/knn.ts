/**
 * The k-nearest-neighbour classifier of DINO's paper: each neighbour votes for its class with the weight exp(cosine / 0.07).
 * Source: eval_knn.py of the official repository.
 */
import type { Neighbours } from '../core/recognition.ts';
import { forEachRow, type DotProducts } from './dot-products.ts';

/** The official script's. */
const temperature = 0.07;

export interface NeighbourQuestion {
  /** N */
  readonly queries: number;
  /** M */
  readonly bank: number;
  readonly k: number;
  readonly dots: DotProducts;
  /** Each query's own place in the bank, which is no neighbour of its own; -1 where it is not in the bank. Left out: none is. */
  readonly own?: ArrayLike<number>;
  /** Whether an item of the bank counts; all do where it is left out. */
  readonly counts?: (item: number) => boolean;
  /** Awaited between blocks, with the share that is done; throw to stop. */
  readonly afterBlock?: (share: number) => Promise<void> | void;
}

/** The k largest values that were offered, in descending order; of equal ones the first that was offered. */
class Largest {
  private readonly items: Int32Array;
  private readonly values: Float32Array;
  private count = 0;

  /** @param items shape [k], values shape [k]: filled in place */
  constructor(items: Int32Array, values: Float32Array) {
    this.items = items;
    this.values = values;
  }

  offer(item: number, value: number): void {
    const { items, values } = this;
    if (this.count === items.length) {
      if (this.count === 0 || value <= (values[this.count - 1] as number)) return;
    } else this.count += 1;
    let at = this.count - 1;
    for (; at > 0 && value > (values[at - 1] as number); at--) {
      items[at] = items[at - 1] as number;
      values[at] = values[at - 1] as number;
    }
    items[at] = item;
    values[at] = value;
  }
}

/** For each query the k nearest vectors of the bank, by dot products of vectors of length 1. */
export async function findNeighbours({
  queries,
  bank,
  k,
  dots,
  own,
  counts = () => true,
  afterBlock,
}: NeighbourQuestion): Promise<Neighbours> {
  const items = new Int32Array(queries * k).fill(-1);
  const cosines = new Float32Array(queries * k);
  const asked = Array.from({ length: bank }, (_, item) => item).filter(counts);
  const visit = (query: number, row: Float32Array): void => {
    const part = [query * k, (query + 1) * k] as const;
    const largest = new Largest(items.subarray(...part), cosines.subarray(...part));
    const itself = own?.[query] ?? -1;
    for (const item of asked) if (item !== itself) largest.offer(item, row[item] as number);
  };
  await forEachRow(dots, { queries, bank }, visit, afterBlock);
  return { k, items, cosines };
}

export interface Votes {
  /** shape [N], -1 where there is no neighbour to ask */
  readonly predictions: Int32Array<ArrayBuffer>;
  /** Each class's share of the votes, shape [N, classes]; a row sums to 1, or is 0 where there is no neighbour. */
  readonly shares: Float32Array<ArrayBuffer>;
}

/** @returns the place of the largest value, of equal ones the first; -1 where none is above 0 */
function indexOfLargest(values: Float64Array): number {
  let best = -1;
  for (let at = 0; at < values.length; at++)
    if ((values[at] as number) > (best < 0 ? 0 : (values[best] as number))) best = at;
  return best;
}

/**
 * @param classOfItem of each item of the bank, from 0; a neighbour without a class (-1) does not vote
 * @param count of the nearest neighbours that vote; all that were found where it is left out
 */
export function vote(
  { k, items, cosines }: Neighbours,
  classOfItem: ArrayLike<number>,
  classCount: number,
  count = k,
): Votes {
  const queries = k === 0 ? 0 : items.length / k;
  const predictions = new Int32Array(queries).fill(-1);
  const shares = new Float32Array(queries * classCount);
  const votes = new Float64Array(classCount);
  for (let query = 0; query < queries; query++) {
    votes.fill(0);
    for (let at = query * k; at < query * k + Math.min(k, count); at++) {
      const voted = classOfItem[items[at] as number] ?? -1;
      if (voted >= 0)
        votes[voted] = (votes[voted] as number) + Math.exp((cosines[at] as number) / temperature);
    }
    const sum = votes.reduce((all, value) => all + value, 0);
    if (sum === 0) continue;
    predictions[query] = indexOfLargest(votes);
    for (let each = 0; each < classCount; each++)
      shares[query * classCount + each] = (votes[each] as number) / sum;
  }
  return { predictions, shares };
}

/**
 * How often a class was taken for which one.
 * @param predictions shape [N], -1 where nothing was predicted
 * @param classes the true ones, shape [N], -1 where it is not known; both -1s are not counted
 * @returns shape [true class, predicted class]
 */
export function countConfusion(
  predictions: ArrayLike<number>,
  classes: ArrayLike<number>,
  classCount: number,
): Uint32Array<ArrayBuffer> {
  const counts = new Uint32Array(classCount * classCount);
  for (let item = 0; item < classes.length; item++) {
    const [wanted, found] = [classes[item] ?? -1, predictions[item] ?? -1];
    if (wanted < 0 || found < 0) continue;
    const at = wanted * classCount + found;
    counts[at] = (counts[at] as number) + 1;
  }
  return counts;
}

/** @returns the share of right predictions among those whose true class is known, null where there is none */
export function accuracyOf(predictions: ArrayLike<number>, classes: ArrayLike<number>): number | null {
  let [right, all] = [0, 0];
  for (let item = 0; item < classes.length; item++) {
    const [wanted, found] = [classes[item] ?? -1, predictions[item] ?? -1];
    if (wanted < 0 || found < 0) continue;
    all += 1;
    if (wanted === found) right += 1;
  }
  return all === 0 ? null : right / all;
}
