import { FailureError } from '../core/failure.ts';

/** What we use of Emscripten's module, of which tfjs's types say nothing. */
interface WasmHeap {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

const guarded = new WeakSet<object>();

/**
 * tfjs never looks at what `malloc` answers: where the heap cannot grow, it writes to address 0, and then some later operation
 * traps, which looks like a bug. From now on an allocation that is refused throws 'out-of-memory' before anything is written.
 * @param wasm tfjs's wasm module; asked again, nothing happens
 */
export function guardWasmHeap(wasm: object): void {
  if (guarded.has(wasm)) return;
  guarded.add(wasm);
  const heap = wasm as WasmHeap;
  // Emscripten replaces its function at the first call; what is put in its place before that would be lost.
  heap._free(heap._malloc(8));
  const { _malloc: allocate } = heap;
  heap._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new FailureError({ code: 'out-of-memory', tokens: null });
    return address;
  };
}
