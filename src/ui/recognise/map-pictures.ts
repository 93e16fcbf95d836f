/** The small pictures on the map, decoded. Bitmaps hold memory outside the heap, so this owns them and closes the least recently used. */
import type { Thumbnails } from './thumbnails.ts';

/** 3,000 pictures of 96 × 72 px are 83 MB. */
const kept = 3000;
const atOnce = 8;

export class MapPictures {
  private readonly thumbnails: Thumbnails;
  private readonly onLoaded: () => void;
  private readonly bitmaps = new Map<number, ImageBitmap>();
  private readonly missing = new Set<number>();
  private wanted: number[] = [];
  private loading = 0;
  private isClosed = false;

  /** @param onLoaded something is to be painted that was not there before */
  constructor(thumbnails: Thumbnails, onLoaded: () => void) {
    this.thumbnails = thumbnails;
    this.onLoaded = onLoaded;
  }

  /** @returns borrowed: draw it, do not close it; undefined while it is not there */
  peek(index: number): ImageBitmap | undefined {
    return this.bitmaps.get(index);
  }

  /** These are seen now; those that are not there are decoded, a few at once. */
  want(indices: readonly number[]): void {
    this.wanted = indices
      .slice(0, kept)
      .filter((index) => !this.bitmaps.has(index) && !this.missing.has(index));
    for (const index of indices) {
      const bitmap = this.bitmaps.get(index);
      if (bitmap === undefined) continue;
      this.bitmaps.delete(index);
      this.bitmaps.set(index, bitmap);
    }
    while (this.loading < atOnce && this.wanted.length > 0) void this.loadNext();
  }

  close(): void {
    this.isClosed = true;
    this.wanted = [];
    for (const bitmap of this.bitmaps.values()) bitmap.close();
    this.bitmaps.clear();
  }

  private async loadNext(): Promise<void> {
    const index = this.wanted.shift();
    if (index === undefined) return;
    this.loading += 1;
    const blob = this.thumbnails.of(index);
    const bitmap = blob === null ? null : await createImageBitmap(blob).catch(() => null);
    this.loading -= 1;
    if (bitmap === null) this.missing.add(index);
    else if (this.isClosed || this.bitmaps.has(index)) bitmap.close();
    else {
      this.bitmaps.set(index, bitmap);
      this.evict();
      this.onLoaded();
    }
    if (!this.isClosed) await this.loadNext();
  }

  private evict(): void {
    for (const [index, bitmap] of this.bitmaps) {
      if (this.bitmaps.size <= kept) return;
      this.bitmaps.delete(index);
      bitmap.close();
    }
  }
}
