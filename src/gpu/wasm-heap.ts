import { FailureError } from '../core/failure.ts';

/** The part of Emscripten's module that we use; tfjs's types do not declare it. */
interface WasmHeap {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

const guarded = new WeakSet<object>();

/**
 * tfjs does not check the result of `malloc`. If the heap cannot grow, tfjs writes to address 0, and a later operation
 * traps, which looks like a bug. After this call, a refused allocation throws 'out-of-memory' before anything is written.
 * @param wasm tfjs's wasm module; a second call for the same module does nothing
 */
export function guardWasmHeap(wasm: object): void {
  if (guarded.has(wasm)) return;
  guarded.add(wasm);
  const heap = wasm as WasmHeap;
  // Emscripten replaces its function at the first call, so a replacement made before that call would be lost.
  heap._free(heap._malloc(8));
  const { _malloc: allocate } = heap;
  heap._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new FailureError({ code: 'out-of-memory', tokens: null });
    return address;
  };
}
