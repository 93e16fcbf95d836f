import { FailureError } from '../core/failure.ts';
import type { ModelCache, ModelSource } from './model-source.ts';

const cacheName = 'dinoscope-models';

/** The Cache API keyed by address; null where the browser has none (plain http, some private windows). */
async function openModelCache(baseUrl: URL): Promise<ModelCache | null> {
  if (!('caches' in globalThis)) return null;
  let cache: Cache;
  try {
    cache = await caches.open(cacheName);
  } catch {
    return null;
  }
  return {
    match: async (key) => {
      try {
        return (await cache.match(new URL(key, baseUrl))) ?? null;
      } catch {
        return null; // Storage that cannot be read is storage without the entry.
      }
    },
    put: async (key, bytes) => {
      try {
        await cache.put(new URL(key, baseUrl), new Response(bytes));
      } catch {
        // Out of quota: the model works all the same and is fetched again next time.
      }
    },
  };
}

/** @param modelUrl the address of model.json; shards lie beside it */
export async function openBrowserSource(modelUrl: string): Promise<ModelSource> {
  const baseUrl = new URL(modelUrl);
  return {
    cache: await openModelCache(baseUrl),
    fetch: async (path, signal) => {
      const url = new URL(path, baseUrl);
      let response: Response;
      try {
        // The bytes are kept by hash in our own cache; a second copy in the browser's would be waste.
        response = await fetch(url, { signal, cache: path === 'model.json' ? 'no-cache' : 'no-store' });
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof TypeError)
          throw new FailureError({ code: 'model-unreachable', url: url.href, status: null });
        throw error;
      }
      if (!response.ok)
        throw new FailureError({ code: 'model-unreachable', url: url.href, status: response.status });
      return response;
    },
  };
}
