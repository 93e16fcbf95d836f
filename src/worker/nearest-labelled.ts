/**
 * For each item the nearest items that have a class, kept from one vote to the next. When a class changes, neighbours stay; when an item
 * gets its first class, its products with all others are computed and it takes its places; when it loses its class, those that had it
 * for a neighbour are asked anew, if they have not enough of others left. So an answer after one change takes N products, not N².
 */
import type { Neighbours } from '../core/recognition.ts';
import type { FeatureVectors } from '../recognise/feature-vectors.ts';
import { findNeighbours } from '../recognise/knn.ts';
import type { DotProducts } from '../recognise/dot-products.ts';

/** More neighbours than are asked for, so that some may lose their class. */
const depthFor = (k: number): number => 2 * k + 16;

/** So many numbers a change may multiply here; a larger one is asked anew, on the device. */
const usualCheapProducts = 2e8;

export interface AskedAnew {
  /** Products of all vectors with those of `bank`, on the device. */
  readonly dotsWith: (bank: readonly number[]) => Promise<{ readonly dots: DotProducts; dispose(): void }>;
  readonly afterBlock: (share: number) => Promise<void> | void;
}

export class NearestLabelled {
  /** The most neighbours that are asked for. */
  private readonly k: number;
  private readonly depth: number;
  private readonly cheapProducts: number;
  private vectors: FeatureVectors;
  /** 1 where an item has a class and features. */
  private bank = new Uint8Array();
  private bankSize = 0;
  /** [N, depth], the nearest first, of equally near ones the first. */
  private items = new Int32Array();
  private cosines = new Float32Array();
  /** [N], how many of a row count. */
  private counts = new Int32Array();

  /** @param k the most neighbours that are asked for */
  constructor(vectors: FeatureVectors, k: number, cheapProducts: number = usualCheapProducts) {
    this.cheapProducts = cheapProducts;
    this.vectors = vectors;
    this.k = k;
    this.depth = depthFor(k);
  }

  serves(k: number): boolean {
    return k <= this.k;
  }

  /**
   * @param vectors the same, or with more at the end
   * @param inBank whether each item has a class and features
   */
  async update(vectors: FeatureVectors, inBank: readonly boolean[], askAnew: AskedAnew): Promise<void> {
    const before = this.bank.length;
    const added: number[] = [];
    const lost: number[] = [];
    for (const [item, isIn] of inBank.entries()) {
      const wasIn = this.bank[item] === 1;
      if (isIn && !wasIn) added.push(item);
      if (!isIn && wasIn) lost.push(item);
    }
    this.vectors = vectors;
    this.grow(inBank.length);
    const { channels } = vectors;
    const fresh = inBank.length - before;
    const bankSize = this.bankSize + added.length - lost.length;
    if ((added.length * inBank.length + fresh * bankSize) * channels > this.cheapProducts)
      return this.rebuild(inBank, askAnew);
    if (lost.length > 0) this.drop(lost);
    for (const item of added) this.add(item, before);
    for (let row = before; row < inBank.length; row++) this.ask(row);
    const poor = Array.from({ length: before }, (_, row) => row).filter((row) => this.isPoor(row));
    if (poor.length * bankSize * channels > this.cheapProducts) return this.rebuild(inBank, askAnew);
    for (const row of poor) this.ask(row);
  }

  /** @param k as many as there are, at most; what `serves` @param asks whether an item has features */
  neighbours(k: number, asks: readonly boolean[]): Neighbours {
    const count = this.counts.length;
    const items = new Int32Array(count * k).fill(-1);
    const cosines = new Float32Array(count * k);
    for (let row = 0; row < count; row++) {
      if (asks[row] !== true) continue;
      const own = Math.min(k, this.counts[row] as number);
      const begin = row * this.depth;
      items.set(this.items.subarray(begin, begin + own), row * k);
      cosines.set(this.cosines.subarray(begin, begin + own), row * k);
    }
    return { k, items, cosines };
  }

  private grow(count: number): void {
    if (count === this.bank.length) return;
    const larger = <T extends Uint8Array | Int32Array | Float32Array>(made: T, from: T): T => {
      made.set(from as never);
      return made;
    };
    this.bank = larger(new Uint8Array(count), this.bank);
    this.counts = larger(new Int32Array(count), this.counts);
    this.items = larger(new Int32Array(count * this.depth), this.items);
    this.cosines = larger(new Float32Array(count * this.depth), this.cosines);
  }

  private async rebuild(inBank: readonly boolean[], { dotsWith, afterBlock }: AskedAnew): Promise<void> {
    this.bank = Uint8Array.from(inBank, (isIn) => (isIn ? 1 : 0));
    const members = this.members();
    this.bankSize = members.length;
    const places = new Map(members.map((item, place) => [item, place]));
    const queries = this.bank.length;
    try {
      const own = Array.from({ length: queries }, (_, row) => places.get(row) ?? -1);
      const question = { queries, bank: members.length, k: this.depth, own, afterBlock };
      const { dots, dispose } = await dotsWith(members);
      const found = await findNeighbours({ ...question, dots }).finally(dispose);
      this.cosines = found.cosines;
      this.items = found.items.map((place) => (place < 0 ? -1 : (members[place] as number)));
      for (let row = 0; row < queries; row++)
        this.counts[row] = Math.min(this.depth, members.length - (this.bank[row] as number));
    } catch (error) {
      // Half of it is of the bank before: the next one begins with nothing.
      this.forget();
      throw error;
    }
  }

  private forget(): void {
    this.bank = new Uint8Array();
    this.bankSize = 0;
    this.counts = new Int32Array();
    this.items = new Int32Array();
    this.cosines = new Float32Array();
  }

  private members(): number[] {
    return Array.from({ length: this.bank.length }, (_, item) => item).filter(
      (item) => this.bank[item] === 1,
    );
  }

  /** How many neighbours a row could have. */
  private othersOf(row: number): number {
    return this.bankSize - (this.bank[row] as number);
  }

  /** Fewer than may be asked for, though there are more in the bank. */
  private isPoor(row: number): boolean {
    return (this.counts[row] as number) < Math.min(this.othersOf(row), this.k);
  }

  private product(a: number, b: number): number {
    const { channels, values } = this.vectors;
    const [first, second] = [a * channels, b * channels];
    let sum = 0;
    for (let i = 0; i < channels; i++) sum += (values[first + i] as number) * (values[second + i] as number);
    return Math.fround(sum);
  }

  /** An item gets its first class. @param rows those that were asked before */
  private add(item: number, rows: number): void {
    for (let row = 0; row < rows; row++) {
      if (row === item) continue;
      // Behind the last one that is known there may be others that are nearer.
      const isWhole = this.counts[row] === this.othersOf(row);
      this.insert(row, item, isWhole);
    }
    this.bank[item] = 1;
    this.bankSize += 1;
  }

  private ask(row: number): void {
    this.counts[row] = 0;
    for (let item = 0; item < this.bank.length; item++)
      if (this.bank[item] === 1 && item !== row) this.insert(row, item, true);
  }

  /** @param mayBeLast whether it may come behind all that are there */
  private insert(row: number, item: number, mayBeLast: boolean): void {
    const cosine = this.product(row, item);
    const begin = row * this.depth;
    const count = this.counts[row] as number;
    let at = begin + count;
    while (at > begin && this.isBefore(item, cosine, at - 1)) at -= 1;
    const isLast = at === begin + count;
    if (isLast && (!mayBeLast || count === this.depth)) return;
    const end = begin + Math.min(count + 1, this.depth);
    this.items.copyWithin(at + 1, at, end - 1);
    this.cosines.copyWithin(at + 1, at, end - 1);
    this.items[at] = item;
    this.cosines[at] = cosine;
    this.counts[row] = end - begin;
  }

  private isBefore(item: number, cosine: number, at: number): boolean {
    const other = this.cosines[at] as number;
    return cosine > other || (cosine === other && item < (this.items[at] as number));
  }

  /** Items lose their class: the others move up. */
  private drop(lost: readonly number[]): void {
    for (const item of lost) this.bank[item] = 0;
    this.bankSize -= lost.length;
    for (let row = 0; row < this.counts.length; row++) {
      const begin = row * this.depth;
      let to = begin;
      for (let at = begin; at < begin + (this.counts[row] as number); at++) {
        const item = this.items[at] as number;
        if (this.bank[item] !== 1) continue;
        this.items[to] = item;
        this.cosines[to] = this.cosines[at] as number;
        to += 1;
      }
      this.counts[row] = to - begin;
    }
  }
}
