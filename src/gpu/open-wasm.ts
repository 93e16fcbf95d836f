/** tfjs's wasm back end with our kernels on its memory, in several threads if the page may use them. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { loadScript } from '../core/script.ts';
import { switchSimdKernels } from './simd/simd-kernels.ts';
import { openSimdRunner } from './simd/simd-runner.ts';
import { guardWasmHeap } from './wasm-heap.ts';

/** File name → address, as tfjs's `setWasmPaths` takes it. */
type WasmPaths = Readonly<
  Record<
    'tfjs-backend-wasm.wasm' | 'tfjs-backend-wasm-simd.wasm' | 'tfjs-backend-wasm-threaded-simd.wasm',
    string
  >
>;

export interface WasmAssets {
  readonly paths: WasmPaths;
  /** Called before threads are started: whether they can be; see `threaded-wasm.ts`. */
  prepareThreads(): Promise<boolean>;
}

/** With more threads than this, they wait for memory more than they compute. */
const mostThreads = 8;

/**
 * All cores if there are few, since a thread that is free takes the next share. Half of them if there are many, since
 * usually only half of them are physical cores.
 */
const threadsFor = (cores: number): number =>
  Math.min(mostThreads, cores <= 4 ? cores : Math.ceil(cores / 2));

/** Threads need shared memory. WebKitGTK isolates pages and still has no `SharedArrayBuffer`. */
const canShareMemory = (): boolean =>
  globalThis.crossOriginIsolated && typeof globalThis.SharedArrayBuffer === 'function';

/**
 * Opens tfjs's wasm back end, or uses the one that is already open.
 * @returns whether it is open
 */
async function startWasm(isThreaded: boolean): Promise<boolean> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', isThreaded);
  try {
    return await tf.setBackend('wasm');
  } catch {
    return false;
  }
}

/** The number of threads to use before any timing; 1 if threads are not available. */
const threadsHere = (): number => (canShareMemory() ? threadsFor(navigator.hardwareConcurrency) : 1);

export interface WasmOptions {
  /** Where the page serves the wasm binaries; null in Node, where tfjs finds them itself. */
  readonly assets: WasmAssets | null;
  /** Whether our own kernels run; otherwise only tfjs's plain ops run. */
  readonly fusedKernels: boolean;
  /** The number that was measured to be best here; null: as many as possible. */
  readonly threads: number | null;
}

export interface OpenedWasm {
  /** How the CPU is used now, for captions. */
  describe(): string;
}

/** @throws Error if WebAssembly does not start */
export async function openWasm({ assets, fusedKernels, threads }: WasmOptions): Promise<OpenedWasm> {
  const wanted = Math.min(threads ?? Infinity, threadsHere());
  const [wasm, canStartThreads] = await Promise.all([
    loadScript(() => import('@tensorflow/tfjs-backend-wasm'), import.meta.url),
    wanted > 1 && assets !== null && assets.prepareThreads(),
  ]);
  if (assets !== null) wasm.setWasmPaths(assets.paths);
  // Number of tfjs's own threads. Our kernels do not need them, and in WebKit tfjs's ops take several times as long with
  // them.
  const ofTfjs = fusedKernels ? 1 : wanted;
  wasm.setThreadsCount(ofTfjs);
  // Zero threads would be enough, but then tfjs would wait for the last of them for ever.
  (globalThis as { tfjsThreads?: number }).tfjsThreads = ofTfjs;
  const isThreaded = canStartThreads && (await startWasm(true));
  if (!isThreaded && !(await startWasm(false))) throw new Error('WebAssembly did not start');
  const backend = tf.backend() as BackendWasm;
  guardWasmHeap(backend.wasm);
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  const runner = fusedKernels && simd ? await openSimdRunner(backend, isThreaded ? wanted : 1) : null;
  switchSimdKernels(runner !== null);
  return {
    describe: () => {
      const count = runner?.threads ?? (isThreaded ? wasm.getThreadsCount() : 1);
      return `CPU${runner?.relaxed ? ', relaxed SIMD' : simd ? ', SIMD' : ''}, ${count === 1 ? '1 thread' : `${count} threads`}`;
    },
  };
}
