import simdWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url';
import threadedWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url';
import plainWasmUrl from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { noFaults } from './fault-watch.ts';
import { openBackend } from './open-backend.ts';
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

/** As at the start of a page: tfjs has opened nothing yet. */
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
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

/** Opens wasm, and has it compute what PyTorch has computed. @returns what it says of the CPU */
async function openedDevice(): Promise<string> {
  const opened = await openBackend('wasm', assets);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect(opened.value.name).toBe('wasm');
  expect(await selfCheck(noFaults)).toBeLessThan(selfCheckTolerance);
  return opened.value.device;
}

test('threads run where memory can be shared', async () => {
  const createObjectURL = vi.spyOn(URL, 'createObjectURL');
  expect(await openedDevice()).toMatch(/SIMD, 2 threads$/);
  // Firefox complains of a worker from an empty source.
  const sizes = createObjectURL.mock.calls.map(([source]) => (source instanceof Blob ? source.size : NaN));
  expect(sizes.length).toBeGreaterThan(0);
  expect(Math.min(...sizes)).toBeGreaterThan(0);
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
  // What a phone does that has no room for the gigabytes that tfjs reserves.
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
