/** Published classifiers: a few megabytes each, fetched once and kept by their address. */
import type { Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';

const cacheName = 'dinoscope-classifiers';

/** Null where the browser has none (plain http, some private windows). */
const openCache = (): Promise<Cache | null> =>
  'caches' in globalThis ? caches.open(cacheName).catch(() => null) : Promise.resolve(null);

/** @returns the file, or that it cannot be had */
export async function fetchClassifier(url: string, signal: AbortSignal): Promise<Result<Blob, Failure>> {
  const cache = await openCache();
  const kept = await cache?.match(url).catch(() => undefined);
  if (kept !== undefined) return succeed(await kept.blob());
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) return fail({ code: 'model-unreachable', url, status: response.status });
    const file = await response.blob();
    // Without room it is fetched again next time.
    await cache?.put(url, new Response(file)).catch(() => undefined);
    return succeed(file);
  } catch {
    return fail(signal.aborted ? { code: 'cancelled' } : { code: 'model-unreachable', url, status: null });
  }
}

/** Where what was kept turns out to be no classifier: the next time it is fetched anew. */
export async function forgetClassifier(url: string): Promise<void> {
  await (await openCache())?.delete(url).catch(() => false);
}
