import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import { getThreadsCount, type BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { noFaults } from './fault-watch.ts';
import { chooseBackend } from '../engine/choose-backend.ts';
import {
  doWithoutThreads,
  recallThreads,
  tuneThreads,
  type Remembered,
  type TimingStore,
} from '../engine/tune-backend.ts';
import { openBackend } from './open-backend.ts';
import { simdRunnerOf } from './simd/simd-runner.ts';
import { prepareThreads } from './threaded-wasm.ts';
import { selfCheck, selfCheckTolerance } from '../vit/self-check.ts';

const assets = {
  paths: {
    'tfjs-backend-wasm.wasm': plainWasmUrl,
    'tfjs-backend-wasm-simd.wasm': simdWasmUrl,
    'tfjs-backend-wasm-threaded-simd.wasm': threadedWasmUrl,
  },
  prepareThreads: vi.fn<typeof prepareThreads>(prepareThreads),
};

/** Restores the state at the start of a page, when tfjs has not opened a back end yet. */
async function forgetWasm(): Promise<void> {
  await import('@tensorflow/tfjs-backend-wasm');
  const factory = tf.findBackendFactory('wasm');
  tf.removeBackend('wasm');
  tf.registerBackend('wasm', factory);
}

beforeEach(async () => {
  await forgetWasm();
  assets.prepareThreads.mockClear();
  vi.stubGlobal('crossOriginIsolated', true);
  vi.spyOn(navigator, 'hardwareConcurrency', 'get').mockReturnValue(2);
  // The engine runs in a worker, where `Atomics.wait` may block. The thread of this test must poll instead.
  vi.stubGlobal('Atomics', {
    ...Object.fromEntries(
      Object.getOwnPropertyNames(Atomics).map((name) => [name, Atomics[name as keyof typeof Atomics]]),
    ),
    wait: (block: Int32Array, index: number, value: number) => {
      while (Atomics.load(block, index) === value);
      return 'not-equal';
    },
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/**
 * Opens wasm and checks it against PyTorch's results.
 * @returns how the back end describes the CPU
 */
async function openedDevice(threads: number | null = null): Promise<string> {
  const opened = await openBackend('wasm', assets, true, threads);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect(opened.value.name).toBe('wasm');
  expect(await selfCheck(noFaults)).toBeLessThan(selfCheckTolerance);
  return opened.value.device;
}

test('threads run where memory can be shared', async () => {
  const createObjectURL = vi.spyOn(URL, 'createObjectURL');
  expect(await openedDevice()).toMatch(/SIMD, 2 threads$/);
  // Firefox reports an error for a worker with an empty source.
  const sizes = createObjectURL.mock.calls.map(([source]) => (source instanceof Blob ? source.size : NaN));
  expect(sizes.length).toBeGreaterThan(0);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
});

test('where one thread was found to be best, no other is started', async () => {
  expect(await openedDevice(1)).toMatch(/SIMD, 1 thread$/);
  expect(assets.prepareThreads).not.toHaveBeenCalled();
});

test('threads are let go of and taken again, and compute the same; none of tfjs’s own help', async () => {
  const opened = await openBackend('wasm', assets);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const { setThreads } = simdRunnerOf(tf.backend() as BackendWasm);
  const differences: number[] = [];
  for (const threads of [2, 1, 2]) {
    await setThreads(threads);
    expect(opened.value.device).toMatch(threads === 1 ? /, 1 thread$/ : /, 2 threads$/);
    differences.push(await selfCheck(noFaults));
  }
  const runner = simdRunnerOf(tf.backend() as BackendWasm);
  expect(runner.alone(() => runner.threads)).toBe(1);
  expect(runner.threads).toBe(2);
  expect(() =>
    runner.alone(() => {
      throw new Error('its own');
    }),
  ).toThrow('its own');
  expect(runner.threads).toBe(2);
  differences.push(await selfCheck(noFaults));
  expect(Math.max(...differences)).toBeLessThan(selfCheckTolerance);
  expect(new Set(differences).size).toBe(1);
  expect(getThreadsCount()).toBe(1);
});

function memoryStore(): TimingStore {
  const kept = new Map<string, Remembered>();
  return {
    read: (key) => Promise.resolve(kept.get(key) ?? null),
    write: async (key, remembered) => void kept.set(key, remembered),
    forget: async (key) => void kept.delete(key),
  };
}

test('how many threads there are is timed, remembered for as many cores, and taken the next time', async () => {
  const store = memoryStore();
  const opened = await openBackend('wasm', assets);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const before = tf.memory();
  expect(await recallThreads(store)).toBeNull();
  await tuneThreads(store);
  expect(tf.memory()).toMatchObject({ numTensors: before.numTensors, numBytes: before.numBytes });
  const threads = await recallThreads(store);
  expect([1, 2]).toContain(threads);
  expect(opened.value.device).toMatch(new RegExp(`, ${threads} threads?$`));
  expect(await selfCheck(noFaults)).toBeLessThan(selfCheckTolerance);
  vi.spyOn(navigator, 'hardwareConcurrency', 'get').mockReturnValue(16);
  expect(await recallThreads(store)).toBeNull();
});

test('where wasm did not answer with threads, the starts of a week have one, and then threads are tried again', async () => {
  const store = memoryStore();
  const now = Date.now();
  const days = (count: number): number => now + count * 86_400_000;
  await doWithoutThreads(store);
  const clock = vi.spyOn(Date, 'now');
  clock.mockReturnValue(days(6.9));
  expect(await recallThreads(store)).toBe(1);
  clock.mockReturnValue(days(7.1));
  expect(await recallThreads(store)).toBeNull();
});

test('wasm that did not answer is tried once more without threads, and then no more', async () => {
  const options = { wasmAssets: assets, onTry: () => {}, onSelfCheck: () => {} };
  expect(await chooseBackend('wasm', { ...options, silent: ['wasm'] })).toMatchObject({
    ok: true,
    value: { backend: { name: 'wasm', device: expect.stringMatching(/, 1 thread$/) } },
  });
  expect(await chooseBackend('wasm', { ...options, silent: ['wasm', 'wasm'] })).toMatchObject({
    ok: false,
    error: { code: 'backend-unavailable', backend: 'wasm' },
  });
});

test('an isolated page without SharedArrayBuffer has wasm in one thread, and asks for no other', async () => {
  const { SharedArrayBuffer } = globalThis;
  Reflect.deleteProperty(globalThis, 'SharedArrayBuffer');
  try {
    expect(await openedDevice()).toMatch(/SIMD, 1 thread$/);
    expect(assets.prepareThreads).not.toHaveBeenCalled();
  } finally {
    globalThis.SharedArrayBuffer = SharedArrayBuffer;
  }
});

test('where no shared memory is to be had, wasm runs in one thread', async () => {
  // Simulates a phone that has no room for the gigabytes that tfjs reserves.
  const { Memory } = WebAssembly;
  vi.stubGlobal('WebAssembly', {
    ...Object.fromEntries(
      Object.getOwnPropertyNames(WebAssembly).map((name) => [
        name,
        WebAssembly[name as keyof typeof WebAssembly],
      ]),
    ),
    Memory: class extends Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (descriptor.shared === true) throw new RangeError('could not allocate memory');
        super(descriptor);
      }
    },
  });
  expect(await openedDevice()).toMatch(/SIMD, 1 thread$/);
  expect(assets.prepareThreads).toHaveBeenCalledOnce();
});
