/** Runs our wasm kernels on the memory of tfjs's wasm back end, in its thread alone or with helpers. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { compileSimd, instantiateSimd, type Operation, type SimdFunctions } from './simd-module.ts';
import type { ThreadStart } from './serve-thread.ts';
import { jobBlockLength, runJob } from './thread-job.ts';

export interface SimdRunner {
  /** With the one that runs the engine. */
  readonly threads: number;
  /** Whether multiply-add is one instruction. */
  readonly relaxed: boolean;
  /** Rows that are packed and multiplied together. */
  readonly tileRows: number;
  /**
   * Runs an operation over all its units.
   * @param scratchBytes that a thread needs for itself
   */
  run(operation: Operation, units: number, values: readonly number[], scratchBytes: number): void;
  /** Memory that operations leave something in for each other; the same until more is asked for. */
  shared(bytes: number): number;
  /** Numbers of the memory, good until more is asked for. */
  floatsAt(address: number, length: number): Float32Array;
}

/** Emscripten's, of which tfjs's types say nothing. The threaded module imports its memory, the other one exports it. */
interface EmscriptenHeap {
  readonly asm: { readonly memory?: WebAssembly.Memory };
  readonly wasmMemory?: WebAssembly.Memory;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** Memory of tfjs's heap that only grows: freed and taken anew where it is too small. */
function growing(heap: EmscriptenHeap): (bytes: number) => number {
  let address = 0;
  let size = 0;
  return (bytes) => {
    if (bytes > size) {
      if (address !== 0) heap._free(address);
      // Freed: where the next line throws, nothing is there.
      [address, size] = [0, 0];
      address = heap._malloc(bytes) >>> 0;
      size = bytes;
    }
    return address;
  };
}

/** @returns null where it does not run; a page's policy may forbid it */
function startHelper(start: ThreadStart): Promise<Worker | null> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL('./simd-thread.ts', import.meta.url), { type: 'module' });
    worker.addEventListener('message', () => resolve(worker));
    worker.addEventListener('error', () => {
      worker.terminate();
      resolve(null);
    });
    worker.postMessage(start);
  });
}

/** @returns how many of the wanted helpers run: a row of the first, since shares of scratch memory go by number */
async function startHelpers(wanted: number, common: Omit<ThreadStart, 'thread'>): Promise<number> {
  const running = await Promise.all(
    Array.from({ length: wanted }, (_, i) => startHelper({ ...common, thread: i + 1 })),
  );
  if (running.every((worker) => worker !== null)) return wanted;
  for (const worker of running) worker?.terminate();
  return 0;
}

/** Shares of a job: enough that threads of different speed end together. */
const sharesPerThread = 4;

/** One for each back end: helper threads and memory are taken once. */
const runners = new WeakMap<object, SimdRunner>();

/** The one that was opened for this back end. */
export function simdRunnerOf(backend: BackendWasm): SimdRunner {
  const runner = runners.get(backend);
  if (runner === undefined) throw new Error('no SIMD runner was opened for this back end');
  return runner;
}

/**
 * Opened once for a back end; asked again, the same.
 * @param threads that are wanted; more than one needs a memory that they can share
 * @returns null where the engine has no SIMD
 */
export async function openSimdRunner(backend: BackendWasm, threads: number): Promise<SimdRunner | null> {
  const there = runners.get(backend);
  if (there !== undefined) return there;
  const heap = backend.wasm as unknown as EmscriptenHeap;
  const memory = heap.wasmMemory ?? heap.asm.memory;
  if (memory === undefined) return null;
  // Browsers hide the constructor from pages that are not isolated.
  const isShared = 'SharedArrayBuffer' in globalThis && memory.buffer instanceof SharedArrayBuffer;
  const compiled = compileSimd(isShared);
  if (compiled === null) return null;
  const functions: SimdFunctions = instantiateSimd(compiled.module, memory);
  const scratch = growing(heap);
  let helpers = 0;
  let block: Int32Array | null = null;
  if (isShared && threads > 1) {
    const blockAddress = heap._malloc(4 * jobBlockLength) >>> 0;
    block = new Int32Array(memory.buffer, blockAddress, jobBlockLength);
    block.fill(0);
    helpers = await startHelpers(threads - 1, { module: compiled.module, memory, blockAddress });
  }
  const runner: SimdRunner = {
    threads: 1 + helpers,
    relaxed: compiled.relaxed,
    tileRows: compiled.tileRows,
    run: (operation, units, values, scratchBytes) => {
      // Threads' scratch memories begin on cache lines of their own.
      const ownBytes = Math.ceil(scratchBytes / 64) * 64;
      const address = scratch(ownBytes * (1 + helpers));
      if (block === null || helpers === 0 || units === 1) functions[operation](address, 0, units, ...values);
      else {
        const share = Math.max(1, Math.ceil(units / (sharesPerThread * (1 + helpers))));
        runJob(block, functions, {
          operation,
          values,
          units,
          share,
          scratch: address,
          scratchBytes: ownBytes,
        });
      }
    },
    shared: growing(heap),
    floatsAt: (address, length) => new Float32Array(memory.buffer, address, length),
  };
  runners.set(backend, runner);
  return runner;
}
