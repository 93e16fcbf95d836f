/**
 * Decoded photographs for the screen. The engine decodes them (the main thread would stall on a large one); bitmaps
 * hold memory outside the heap, so this owns all of them and closes the least recently used.
 */
import type { FoundMask } from '../../core/found-mask.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppStore } from '../state/app-store.ts';
import type { PhotoId } from '../state/photo.ts';

export interface Pictures {
  /**
   * @param maxSidePx `thumbnailSidePx`, or the result of `pictureSideFor`
   * @returns the picture, or null where there is none now; borrowed: draw it, do not close it, and ask again next
   * time
   */
  load(id: PhotoId, maxSidePx: number): Promise<ImageBitmap | null>;
  /** The largest picture that is already loaded, to show until a larger one comes. */
  peek(id: PhotoId): ImageBitmap | null;
  /**
   * Made from the whole photograph, outside of the main thread.
   * @param masks at least one
   * @returns PNG: the masks together, or what they cut out; null where it cannot be made now
   */
  encodeMasks(id: PhotoId, as: 'mask' | 'cut-out', masks: readonly FoundMask[]): Promise<Blob | null>;
  /** Closes the pictures of photographs that were removed. */
  prune(): void;
}

export const thumbnailSidePx = 256;
const pictureSidesPx = [512, 1024, 2048, 4096] as const;

/** @returns the side to decode for a surface with `devicePx` on its long side */
export const pictureSideFor = (devicePx: number): number =>
  pictureSidesPx.find((side) => side >= devicePx) ?? pictureSidesPx[pictureSidesPx.length - 1] ?? 4096;

/** How many px of pictures larger than the strip's are kept: five of the largest, or all photographs beside each other. */
const keptLargePx = 5 * 4096 * 2731;

interface Entry {
  readonly id: PhotoId;
  readonly sidePx: number;
  readonly bitmap: ImageBitmap;
}

export function createPictures(client: EngineClient, store: AppStore): Pictures {
  const entries = new Map<string, Entry>();
  const loading = new Map<string, Promise<ImageBitmap | null>>();
  const keyOf = (id: PhotoId, sidePx: number): string => `${id} ${sidePx}`;

  const evict = (): void => {
    const large = [...entries].filter(([, { sidePx }]) => sidePx > thumbnailSidePx);
    let px = large.reduce((sum, [, { bitmap }]) => sum + bitmap.width * bitmap.height, 0);
    for (const [key, { bitmap }] of large) {
      if (px <= keptLargePx) return;
      px -= bitmap.width * bitmap.height;
      entries.delete(key);
      bitmap.close();
    }
  };

  const decode = async (id: PhotoId, maxSidePx: number): Promise<ImageBitmap | null> => {
    const photo = store.getState().photos[id];
    if (!photo) return null;
    const outcome = await client.call('decode', { id, photo: photo.blob, maxSidePx });
    // The photograph's look call reports the error.
    if (!outcome.ok) return null;
    const { bitmap } = outcome.value;
    if (!store.getState().photos[id]) {
      bitmap.close();
      return null;
    }
    entries.set(keyOf(id, maxSidePx), { id, sidePx: maxSidePx, bitmap });
    evict();
    return bitmap;
  };

  return {
    async load(id, maxSidePx) {
      const key = keyOf(id, maxSidePx);
      const known = entries.get(key);
      if (known) {
        // Moved to the end of the map, as the most recently used.
        entries.delete(key);
        entries.set(key, known);
        return known.bitmap;
      }
      const begun = loading.get(key);
      if (begun) return begun;
      const promise = decode(id, maxSidePx).finally(() => loading.delete(key));
      loading.set(key, promise);
      return promise;
    },

    peek(id) {
      let best: Entry | null = null;
      for (const entry of entries.values()) {
        if (entry.id === id && (!best || entry.bitmap.width > best.bitmap.width)) best = entry;
      }
      return best?.bitmap ?? null;
    },

    async encodeMasks(id, as, masks) {
      const photo = store.getState().photos[id];
      if (!photo) return null;
      const outcome = await client.call('saveMasks', { id, photo: photo.blob, as, masks });
      return outcome.ok ? outcome.value.png : null;
    },

    prune() {
      const { photos } = store.getState();
      for (const [key, { id, bitmap }] of entries) {
        if (photos[id]) continue;
        entries.delete(key);
        bitmap.close();
      }
    },
  };
}
