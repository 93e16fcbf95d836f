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

/** @throws Error where WebAssembly does not start at all @returns how the CPU is used, for captions */
export async function openWasm(assets: WasmAssets | null, fusedKernels: boolean): Promise<string> {
  const wasm = await loadScript(() => import('@tensorflow/tfjs-backend-wasm'), import.meta.url);
  if (assets !== null) wasm.setWasmPaths(assets.paths);
  const wanted = canShareMemory() ? threadsFor(navigator.hardwareConcurrency) : 1;
  let isThreaded = wanted > 1 && assets !== null && (await assets.prepareThreads());
  if (isThreaded && !(await startWasm(true))) isThreaded = false;
  if (!isThreaded && !(await startWasm(false))) throw new Error('WebAssembly did not start');
  const backend = tf.backend() as BackendWasm;
  guardWasmHeap(backend.wasm);
  const simd = await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT');
  const runner = fusedKernels && simd ? await openSimdRunner(backend, isThreaded ? wanted : 1) : null;
  switchSimdKernels(runner !== null);
  const threads = runner?.threads ?? (isThreaded ? wasm.getThreadsCount() : 1);
  return `CPU${runner?.relaxed ? ', relaxed SIMD' : simd ? ', SIMD' : ''}, ${threads === 1 ? '1 thread' : `${threads} threads`}`;
}
