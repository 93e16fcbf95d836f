/** A cache by key, bounded in bytes; the least recently used entry goes first. */
export class BoundedCache {
  private readonly maxBytes: number;
  private readonly entries = new Map<string, { readonly value: unknown; readonly byteLength: number }>();
  private bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get byteLength(): number {
    return this.bytes;
  }

  has(key: string): boolean {
    return this.entries.has(key);
  }

  /** @param key one key always stands for a value of one type */
  getOrMake<T>(key: string, sizeOf: (value: T) => number, make: () => T): T {
    const known = this.entries.get(key);
    if (known !== undefined) {
      this.entries.delete(key);
      this.entries.set(key, known);
      return known.value as T;
    }
    const value = make();
    const byteLength = sizeOf(value);
    this.entries.set(key, { value, byteLength });
    this.bytes += byteLength;
    for (const [oldest, { byteLength: freed }] of this.entries) {
      if (this.bytes <= this.maxBytes || oldest === key) break;
      this.entries.delete(oldest);
      this.bytes -= freed;
    }
    return value;
  }
}
