import { failureOf, type Failure } from '../core/failure.ts';

/** What tfjs and the browsers throw when memory ends; the wasm heap is unusable afterwards. */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof WebAssembly.RuntimeError) return true;
  return (
    error instanceof Error &&
    /out of memory|enlarge memory|\boom\b|allocation|array length|array buffer/i.test(error.message)
  );
}

/** @returns what went wrong where something was to be computed, its tokens unknown yet; null where it is a bug */
export const failureOfComputing = (error: unknown): Failure | null =>
  failureOf(error) ?? (isOutOfMemory(error) ? { code: 'out-of-memory', tokens: null } : null);
