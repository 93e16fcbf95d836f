/** Choices among kernels, kept by the Cache API: a worker has no localStorage. */
import type { Remembered, TimingStore } from '../engine/tune-backend.ts';

const cacheName = 'dinoscope-kernels';

/** Never fetched: only a key, since the Cache API needs an address. */
const addressOf = (key: string): URL =>
  new URL(`kernels/${encodeURIComponent(key)}`, globalThis.location.href);

export const timingStore: TimingStore = {
  read: async (key) => {
    try {
      const kept = await (await caches.open(cacheName)).match(addressOf(key));
      return kept === undefined ? null : ((await kept.json()) as Remembered);
    } catch {
      return null; // No Cache API, or storage that cannot be read.
    }
  },
  write: async (key, timed) => {
    try {
      await (await caches.open(cacheName)).put(addressOf(key), Response.json(timed));
    } catch {
      // It is timed again the next time.
    }
  },
  forget: async (key) => {
    try {
      await (await caches.open(cacheName)).delete(addressOf(key));
    } catch {
      // Nor was it written.
    }
  },
};
