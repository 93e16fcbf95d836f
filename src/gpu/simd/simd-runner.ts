/** Runs our wasm kernels on the memory of tfjs's wasm back end, in its thread alone or with helpers. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { hasStarted } from '../has-started.ts';
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
   * From now on operations are shared among so many threads; it stays with one where helpers do not start, or memory is not shared.
   * Not to be called while an operation runs.
   */
  setThreads(wanted: number): Promise<void>;
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
async function startHelper(start: ThreadStart): Promise<Worker | null> {
  const worker = new Worker(new URL('./simd-thread.ts', import.meta.url), { type: 'module' });
  const started = hasStarted(worker);
  worker.postMessage(start);
  return (await started) ? worker : null;
}

/** Threads that help, and the block through which they are told what to do. */
interface HelperThreads {
  readonly block: Int32Array;
  readonly workers: readonly Worker[];
}

/** @returns all of the wanted helpers, since shares of scratch memory go by number; null where one of them does not run */
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

/** Shares of a job: enough that threads of different speed end together. */
const sharesPerThread = 4;

/** One for each back end: helper threads and memory are taken once. */
const runners = new WeakMap<object, SimdRunner>();

/** @returns null where none was opened for this back end */
export const findSimdRunner = (backend: object): SimdRunner | null => runners.get(backend) ?? null;

/** The one that was opened for this back end. */
export function simdRunnerOf(backend: BackendWasm): SimdRunner {
  const runner = findSimdRunner(backend);
  if (runner === null) throw new Error('no SIMD runner was opened for this back end');
  return runner;
}

/**
 * Opened once for a back end; asked again, the same.
 * @param threads that are wanted
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
      // Of its own, and never freed: a helper that wakes while it is ended may still write into the block that it was given.
      const address = heap._malloc(4 * jobBlockLength) >>> 0;
      const block = new Int32Array(memory.buffer, address, jobBlockLength).fill(0);
      helpers = await startHelpers(wanted - 1, { module: compiled.module, memory, block });
    },
    run: (operation, units, values, scratchBytes) => {
      // Threads' scratch memories begin on cache lines of their own.
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
