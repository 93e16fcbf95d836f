/** tfjs's wasm back end and our kernels on its memory, in threads where the page may have some. */
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
  /** Asked before threads are started: whether they can be; see `threaded-wasm.ts`. */
  prepareThreads(): Promise<boolean>;
}

/** Beyond that, threads wait for memory more than they compute. */
const mostThreads = 8;

/** All of few cores, since whoever is free takes the next share; of many half, which is what most of them really are. */
const threadsFor = (cores: number): number =>
  Math.min(mostThreads, cores <= 4 ? cores : Math.ceil(cores / 2));

/** Threads need memory that they share. WebKitGTK isolates pages and has no `SharedArrayBuffer` all the same. */
const canShareMemory = (): boolean =>
  globalThis.crossOriginIsolated && typeof globalThis.SharedArrayBuffer === 'function';

/** Has tfjs open its wasm back end, or takes the one that is open. @returns whether it is there */
async function startWasm(isThreaded: boolean): Promise<boolean> {
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', isThreaded);
  try {
    return await tf.setBackend('wasm');
  } catch {
    return false;
  }
}

/** How many threads there may be here, before anything was timed; 1 where they are not to be had. */
export const threadsHere = (): number => (canShareMemory() ? threadsFor(navigator.hardwareConcurrency) : 1);

export interface WasmOptions {
  /** Where the page serves the wasm binaries; null in Node, where tfjs finds them itself. */
  readonly assets: WasmAssets | null;
  /** Whether our own kernels run, or tfjs's plain ops alone. */
  readonly fusedKernels: boolean;
  /** As was found to be best here; null: as many as there may be. */
  readonly threads: number | null;
}

export interface OpenedWasm {
  /** How the CPU is used now, for captions. */
  describe(): string;
}

/** @throws Error where WebAssembly does not start at all */
export async function openWasm({ assets, fusedKernels, threads }: WasmOptions): Promise<OpenedWasm> {
  const wasm = await loadScript(() => import('@tensorflow/tfjs-backend-wasm'), import.meta.url);
  if (assets !== null) wasm.setWasmPaths(assets.paths);
  const wanted = Math.min(threads ?? Infinity, threadsHere());
  // tfjs's own threads, which our kernels do not need: in WebKit its ops take several times as long with them.
  const ofTfjs = fusedKernels ? 1 : wanted;
  wasm.setThreadsCount(ofTfjs);
  // None would be enough, but then tfjs would wait for the last of them for ever.
  (globalThis as { tfjsThreads?: number }).tfjsThreads = ofTfjs;
  let isThreaded = wanted > 1 && assets !== null && (await assets.prepareThreads());
  if (isThreaded && !(await startWasm(true))) isThreaded = false;
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
