/**
 * The small pictures of the open collection, decoded. Bitmaps hold memory outside the heap, so this owns them and closes the least
 * recently used. (An image with an address of its own would ask the browser for that address in the middle of the page's work, which
 * took a tenth of a second on a busy machine.)
 */
import { Thumbnails } from './thumbnails.ts';

/** 3,000 pictures of 96 × 72 px are 83 MB. */
const kept = 3000;
const atOnce = 8;

export class SmallPictures {
  private readonly thumbnails: Thumbnails;
  private readonly bitmaps = new Map<number, ImageBitmap>();
  private readonly missing = new Set<number>();
  /** Who waits for which picture; the last asked comes first, since what has scrolled past is not seen any more. */
  private readonly waiting = new Map<number, Set<() => void>>();
  private wanted: number[] = [];
  private onWanted: () => void = () => undefined;
  private loading = 0;
  private isClosed = false;

  constructor(thumbnails = new Thumbnails(new Blob([]), new Uint32Array())) {
    this.thumbnails = thumbnails;
  }

  /** @param picture JPEG */
  add(index: number, picture: Blob): void {
    this.thumbnails.add(index, picture);
    this.missing.delete(index);
    this.begin();
  }

  /** @returns borrowed: draw it, do not close it, and ask again next time; undefined while it is not there */
  peek(index: number): ImageBitmap | undefined {
    const bitmap = this.bitmaps.get(index);
    if (bitmap === undefined) return undefined;
    // The last in the map is the one that was used last.
    this.bitmaps.delete(index);
    this.bitmaps.set(index, bitmap);
    return bitmap;
  }

  /**
   * @param show called at once or later, each time when there is a picture that was not there before
   * @returns a function that ends it
   */
  watch(index: number, show: () => void): () => void {
    if (this.bitmaps.has(index)) show();
    const watchers = this.waiting.get(index) ?? new Set();
    watchers.add(show);
    this.waiting.delete(index);
    this.waiting.set(index, watchers);
    this.begin();
    return () => {
      watchers.delete(show);
      if (watchers.size === 0 && this.waiting.get(index) === watchers) this.waiting.delete(index);
    };
  }

  /** All that the map shows now, in place of what it wanted before; `onLoaded` is called for each that comes. */
  want(indices: readonly number[], onLoaded: () => void): void {
    this.wanted = indices.slice(0, kept).filter((index) => !this.bitmaps.has(index));
    this.onWanted = onLoaded;
    this.begin();
  }

  /** When the collection is no longer shown. */
  close(): void {
    this.isClosed = true;
    this.waiting.clear();
    this.wanted = [];
    for (const bitmap of this.bitmaps.values()) bitmap.close();
    this.bitmaps.clear();
  }

  private begin(): void {
    while (!this.isClosed && this.loading < atOnce) {
      const index = this.next();
      if (index === undefined) return;
      void this.load(index);
    }
  }

  private next(): number | undefined {
    const isDue = (index: number): boolean => !this.bitmaps.has(index) && !this.missing.has(index);
    return [...this.waiting.keys()].findLast(isDue) ?? this.wanted.find(isDue);
  }

  private async load(index: number): Promise<void> {
    // Until it is there, nobody asks for it again.
    this.missing.add(index);
    const blob = this.thumbnails.of(index);
    if (blob === null) return;
    this.loading += 1;
    const bitmap = await createImageBitmap(blob).catch(() => null);
    this.loading -= 1;
    if (bitmap !== null && this.isClosed) bitmap.close();
    else if (bitmap !== null) {
      this.missing.delete(index);
      this.bitmaps.set(index, bitmap);
      this.evict();
      for (const show of this.waiting.get(index) ?? []) show();
      if (this.wanted.includes(index)) this.onWanted();
    }
    this.begin();
  }

  private evict(): void {
    for (const [index, bitmap] of this.bitmaps) {
      if (this.bitmaps.size <= kept) return;
      if (this.waiting.has(index)) continue;
      this.bitmaps.delete(index);
      bitmap.close();
    }
  }
}
