import { KeptAddresses } from './kept-addresses.ts';

/** More addresses than photographs can be in sight. */
const keptAddresses = 1000;

/** The small pictures of a collection: one file with all that were kept, and those that came since. */
export class Thumbnails {
  private readonly whole: Blob;
  private readonly ends: Uint32Array;
  private readonly added = new Map<number, Blob>();
  private readonly addresses = new KeptAddresses<number>(keptAddresses);

  /** @param ends where each item's picture ends in `whole`, in bytes; an item without one ends where the one before it ends */
  constructor(whole: Blob, ends: Uint32Array) {
    this.whole = whole;
    this.ends = ends;
  }

  static readonly none = (): Thumbnails => new Thumbnails(new Blob([]), new Uint32Array());

  add(index: number, picture: Blob): void {
    this.added.set(index, picture);
    this.addresses.forget(index);
  }

  /** @returns a JPEG, or null where the item has none */
  of(index: number): Blob | null {
    const added = this.added.get(index);
    if (added !== undefined) return added;
    const end = this.ends[index];
    if (end === undefined) return null;
    const start = index === 0 ? 0 : (this.ends[index - 1] ?? 0);
    return end > start ? this.whole.slice(start, end, 'image/jpeg') : null;
  }

  /** @returns an address for an image, the same for the same picture; null where there is none */
  addressOf(index: number): string | null {
    return this.addresses.of(index, () => this.of(index));
  }

  /** When the collection is no longer shown. */
  dispose(): void {
    this.addresses.clear();
  }
}
