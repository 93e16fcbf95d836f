/** Where a model's bytes come from, and where they are kept. */
import { FailureError } from '../core/failure.ts';

/** The page gives fetch and the browser's cache, the command line a folder. */
export interface ModelSource {
  /** Rejects with a `FailureError` 'model-unreachable' where there is no answer or not a good one. */
  fetch(path: string, signal: AbortSignal): Promise<Response>;
  readonly cache: ModelCache | null;
}

/** Survives a visit; losing an entry costs a download and nothing else. */
export interface ModelCache {
  match(key: string): Promise<Response | null>;
  /** The bytes do not change until it is done. Whatever fails, it never rejects. */
  put(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
}

/** Awaits what a response brings. A connection that breaks off is 'model-unreachable', whatever the browser calls it. */
export async function arrival<T>(bytes: Promise<T>, response: Response, path: string): Promise<T> {
  try {
    return await bytes;
  } catch {
    throw new FailureError({ code: 'model-unreachable', url: response.url || path, status: null });
  }
}
