/** Runs our wasm kernels on the memory of tfjs's wasm back end, in the engine's thread alone or with helper threads. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { hasStarted } from '../has-started.ts';
import { compileSimd, instantiateSimd, type Operation, type SimdFunctions } from './simd-module.ts';
import type { ThreadStart } from './serve-thread.ts';
import { jobBlockLength, runJob } from './thread-job.ts';

export interface SimdRunner {
  /** Number of threads, including the one that runs the engine. */
  readonly threads: number;
  /** Whether multiply-add is one instruction. */
  readonly relaxed: boolean;
  /** Number of rows that are packed and multiplied together. */
  readonly tileRows: number;
  /**
   * Sets the number of threads that share operations from now on. It stays at one if helpers do not start or memory is
   * not shared. Must not be called while an operation runs.
   */
  setThreads(wanted: number): Promise<void>;
  /**
   * Has `work`, which is synchronous, done by the engine's thread alone. The helpers stay: to start them takes as long as
   * some passes.
   */
  alone<T>(work: () => T): T;
  /**
   * Runs an operation over all its units.
   * @param scratchBytes scratch memory that each thread needs
   */
  run(operation: Operation, units: number, values: readonly number[], scratchBytes: number): void;
  /** Memory in which operations pass data to each other; it stays the same until more is requested. */
  shared(bytes: number): number;
  /** Numbers in the memory, valid until more memory is requested. */
  floatsAt(address: number, length: number): Float32Array;
}

/**
 * Emscripten's module, which tfjs's types do not declare. The threaded module imports its memory; the other one exports
 * it.
 */
interface EmscriptenHeap {
  readonly asm: { readonly memory?: WebAssembly.Memory };
  readonly wasmMemory?: WebAssembly.Memory;
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** Memory in tfjs's heap that only grows: it is freed and allocated again when it is too small. */
function growing(heap: EmscriptenHeap): (bytes: number) => number {
  let address = 0;
  let size = 0;
  return (bytes) => {
    if (bytes > size) {
      if (address !== 0) heap._free(address);
      // The memory is freed, so the state must be empty if the next line throws.
      [address, size] = [0, 0];
      address = heap._malloc(bytes) >>> 0;
      size = bytes;
    }
    return address;
  };
}

/** @returns null if the helper does not start; a page's policy may forbid it */
async function startHelper(start: ThreadStart): Promise<Worker | null> {
  const worker = new Worker(new URL('./simd-thread.ts', import.meta.url), { type: 'module' });
  const started = hasStarted(worker);
  worker.postMessage(start);
  return (await started) ? worker : null;
}

/** Helper threads, and the block through which they receive jobs. */
interface HelperThreads {
  readonly block: Int32Array;
  readonly workers: readonly Worker[];
}

/**
 * @returns all requested helpers, since scratch memory is divided by thread number; null if one of them does not start
 */
async function startHelpers(
  wanted: number,
  { block, ...common }: Omit<ThreadStart, 'thread' | 'blockAddress'> & { readonly block: Int32Array },
): Promise<HelperThreads | null> {
  const running = await Promise.all(
    Array.from({ length: wanted }, (_, i) =>
      startHelper({ ...common, blockAddress: block.byteOffset, thread: i + 1 }),
    ),
  );
  const workers = running.filter((worker) => worker !== null);
  if (workers.length === wanted) return { block, workers };
  for (const worker of workers) worker.terminate();
  return null;
}

/** A job is divided into enough shares that threads of different speeds finish at about the same time. */
const sharesPerThread = 4;

/** One for each back end, so that helper threads and memory are allocated once. */
const runners = new WeakMap<object, SimdRunner>();

/** @returns null if none was opened for this back end */
export const findSimdRunner = (backend: object): SimdRunner | null => runners.get(backend) ?? null;

/** The runner that was opened for this back end. */
export function simdRunnerOf(backend: BackendWasm): SimdRunner {
  const runner = findSimdRunner(backend);
  if (runner === null) throw new Error('no SIMD runner was opened for this back end');
  return runner;
}

/**
 * Opens the runner of a back end. Further calls return the same runner.
 * @param threads requested number of threads
 * @returns null if the engine has no SIMD
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
  let helpers: HelperThreads | null = null;
  const runner: SimdRunner = {
    get threads() {
      return 1 + (helpers?.workers.length ?? 0);
    },
    relaxed: compiled.relaxed,
    tileRows: compiled.tileRows,
    setThreads: async (wanted) => {
      if (wanted === runner.threads) return;
      for (const worker of helpers?.workers ?? []) worker.terminate();
      helpers = null;
      if (!isShared || wanted === 1) return;
      // A new block that is never freed: a helper that wakes up while it is being terminated may still write into its
      // block.
      const address = heap._malloc(4 * jobBlockLength) >>> 0;
      const block = new Int32Array(memory.buffer, address, jobBlockLength).fill(0);
      helpers = await startHelpers(wanted - 1, { module: compiled.module, memory, block });
    },
    alone: (work) => {
      const resting = helpers;
      helpers = null;
      try {
        return work();
      } finally {
        helpers = resting;
      }
    },
    run: (operation, units, values, scratchBytes) => {
      // The scratch memory of each thread begins on its own cache line.
      const ownBytes = Math.ceil(scratchBytes / 64) * 64;
      const address = scratch(ownBytes * runner.threads);
      if (helpers === null || units === 1) functions[operation](address, 0, units, ...values);
      else {
        const share = Math.max(1, Math.ceil(units / (sharesPerThread * runner.threads)));
        runJob(helpers.block, functions, {
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
  await runner.setThreads(threads);
  runners.set(backend, runner);
  return runner;
}
