/** The small pictures of a collection as files: one with all that were kept, and those that came since. */
export class Thumbnails {
  private readonly whole: Blob;
  private readonly ends: Uint32Array;
  private readonly added = new Map<number, Blob>();

  /** @param ends where each item's picture ends in `whole`, in bytes; an item without one ends where the one before it ends */
  constructor(whole: Blob, ends: Uint32Array) {
    this.whole = whole;
    this.ends = ends;
  }

  add(index: number, picture: Blob): void {
    this.added.set(index, picture);
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
}
