/**
 * Things that take room on the device, by key: what was used longest ago goes when a new one needs its room. What is held stays,
 * whatever it takes.
 */
export interface Budgeted {
  readonly byteLength: number;
  dispose(): void;
}

interface Entry<T> {
  readonly value: T;
  /** How many hold it now. */
  holders: number;
  /** Let go of as soon as nobody holds it. */
  isDropped: boolean;
}

export class ByteBudget<T extends Budgeted> {
  readonly maxBytes: number;
  /** A Map keeps the order: what was used last is at its end. */
  private readonly entries = new Map<string, Entry<T>>();

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get byteLength(): number {
    return [...this.entries.values()].reduce((sum, { value }) => sum + value.byteLength, 0);
  }

  /** @returns what is there, borrowed until the next one is added; null where there is none */
  find(key: string): T | null {
    const entry = this.entries.get(key);
    if (entry === undefined) return null;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  /** Lets go of the oldest that nobody holds, until so many bytes fit in or nothing is left to let go of. */
  makeRoom(byteLength: number): void {
    for (const [key, { holders }] of this.entries) {
      if (this.byteLength + byteLength <= this.maxBytes) return;
      if (holders === 0) this.drop(key);
    }
  }

  /** Owns `value` from now on; what had the key goes. */
  add(key: string, value: T): void {
    this.drop(key);
    this.makeRoom(value.byteLength);
    this.entries.set(key, { value, holders: 0, isDropped: false });
  }

  /** Keeps it from going. @returns lets go again, once */
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

  /** What is held still lives until it is let go of, but is no longer found. */
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
