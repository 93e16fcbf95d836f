/**
 * Things that take memory on the device, by key. When a new one needs memory, the least recently used one is
 * disposed. What is held stays.
 */
export interface Budgeted {
  readonly byteLength: number;
  dispose(): void;
}

interface Entry<T> {
  readonly value: T;
  /** How many hold it now. */
  holders: number;
  /** Dropped while it was held; disposed when the last hold ends. */
  isDropped: boolean;
}

export class ByteBudget<T extends Budgeted> {
  readonly maxBytes: number;
  private readonly restingBytes: number;
  /** In the Map's order: the most recently used is the last. */
  private readonly entries = new Map<string, Entry<T>>();

  /**
   * @param restingBytes what may stay of all that is not held when something is added. What was held together stays together
   * until then, so that it can be held again.
   */
  constructor(maxBytes: number, restingBytes = maxBytes) {
    this.maxBytes = maxBytes;
    this.restingBytes = restingBytes;
  }

  get byteLength(): number {
    return [...this.entries.values()].reduce((sum, { value }) => sum + value.byteLength, 0);
  }

  /** The bytes of what is held now. */
  get heldBytes(): number {
    return [...this.entries.values()].reduce(
      (sum, { value, holders }) => sum + (holders > 0 ? value.byteLength : 0),
      0,
    );
  }

  /** @returns the thing, borrowed until the next one is added; null where there is none */
  find(key: string): T | null {
    const entry = this.entries.get(key);
    if (entry === undefined) return null;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** Disposes the oldest things that are not held, until so many bytes fit in or nothing more can be disposed. */
  makeRoom(byteLength: number): void {
    this.dropOldestUntil(() => this.byteLength + byteLength <= this.maxBytes);
  }

  /** Owns `value` from now on; the earlier value of this key is disposed. */
  add(key: string, value: T): void {
    this.drop(key);
    this.makeRoom(value.byteLength);
    this.dropOldestUntil(() => this.byteLength - this.heldBytes <= this.restingBytes);
    this.entries.set(key, { value, holders: 0, isDropped: false });
  }

  /** Holds it, so that it is not disposed. @returns a function that ends the hold, once */
  hold(key: string): () => void {
    const entry = this.entries.get(key);
    if (entry === undefined) throw new Error(`nothing is kept as ${key}`);
    entry.holders += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      entry.holders -= 1;
      if (entry.isDropped && entry.holders === 0) entry.value.dispose();
    };
  }

  private dropOldestUntil(isEnough: () => boolean): void {
    for (const [key, { holders }] of this.entries) {
      if (isEnough()) return;
      if (holders === 0) this.drop(key);
    }
  }

  /** What is held is disposed when its hold ends, but is no longer found. */
  drop(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    entry.isDropped = true;
    if (entry.holders === 0) entry.value.dispose();
  }

  dropWhere(isUnwanted: (value: T) => boolean): void {
    for (const [key, { value }] of this.entries) if (isUnwanted(value)) this.drop(key);
  }

  clear(): void {
    this.dropWhere(() => true);
  }
}
