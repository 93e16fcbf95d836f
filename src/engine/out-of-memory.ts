import { failureOf, type Failure } from '../core/failure.ts';
import { fail, type Result } from '../core/result.ts';

/**
 * The engines' messages when memory runs out: V8, SpiderMonkey and JavaScriptCore of arrays and of wasm memory,
 * Emscripten of its heap. A trap of a wasm program is not among them: it is a bug, since tfjs's heap says so itself
 * where it is full (`gpu/wasm-heap`).
 */
const memoryEnded =
  /out of memory|cannot enlarge memory|\boom\b|allocation failed|allocation size overflow|could not allocate|(unable|failed) to (grow|allocate)|maximum memory size/i;

/**
 * V8's message for a typed array that is too large for any machine. A length that is negative or not a number is a
 * bug.
 */
const refusedLength = /^Invalid typed array length: (\d+)$/;

export function isOutOfMemory(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const length = Number(refusedLength.exec(error.message)?.[1] ?? 0);
  return length >= 2 ** 31 || memoryEnded.test(error.message);
}

/** @returns what went wrong where something was to be computed, its tokens unknown yet; null where it is a bug */
export const failureOfComputing = (error: unknown): Failure | null =>
  failureOf(error) ?? (isOutOfMemory(error) ? { code: 'out-of-memory', tokens: null } : null);

/** @throws an error that is a bug and not a failure */
export function failWith(error: unknown): Result<never, Failure> {
  const failure = failureOfComputing(error);
  if (failure === null) throw error;
  return fail(failure);
}
