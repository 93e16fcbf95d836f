import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { VitArchitecture } from '../core/architecture.ts';
import { timeKernels, type Timed } from '../gpu/kernels/tune-kernels.ts';
import { setTuning, tuningOf, untuned } from '../gpu/kernels/tuning.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { tuneBackend, type TimingStore } from './tune-backend.ts';

const architecture: VitArchitecture = { ...vitSmall16, embedDim: 32, numHeads: 2 };
const shapes = ['32 → 128', '128 → 32', '32 → 96', '32 → 32'];

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openWebGpu();
});
beforeEach(() => setTuning(tf.backend(), untuned));
afterEach(() => {
  vi.restoreAllMocks();
});

/** What was written, first to last. */
function memoryStore(remembered: Timed | null): TimingStore & { readonly written: Timed[] } {
  const written: Timed[] = [];
  return {
    written,
    read: () => Promise.resolve(written.at(-1) ?? remembered),
    write: (_, timed) => Promise.resolve(void written.push(timed)),
    forget: () => Promise.resolve(void written.splice(0)),
  };
}

/** The WGSL of our kernels as the test wants it; each variant's code has names of its own. */
function changeShaders(change: (code: string) => string): void {
  const create = GPUDevice.prototype.createShaderModule;
  vi.spyOn(GPUDevice.prototype, 'createShaderModule').mockImplementation(function (
    this: GPUDevice,
    descriptor,
  ) {
    return create.call(this, { ...descriptor, code: change(descriptor.code) });
  });
}

describe('timing', () => {
  test('chooses for every shape, keeps no tensor, and the choice is in force', async () => {
    const before = tf.memory().numTensors;
    const timed = await timeKernels(backend, architecture, Infinity);
    expect(tf.memory().numTensors).toBe(before);
    expect(Object.keys(timed?.linear ?? {})).toEqual(shapes);
    expect([1, 2, 4, 8]).toContain(timed?.attentionQueries);
    expect(tuningOf(tf.backend()).linear(197, 32, 96, 'float32')).not.toBeNull();
    expect(tuningOf(tf.backend()).linear(197, 32, 100, 'float32')).toBeNull();
    await backend.finish();
  });

  test('that has no time left leaves everything as it is', async () => {
    expect(await timeKernels(backend, architecture, 0)).toEqual({ linear: {}, attentionQueries: null });
    expect(tuningOf(tf.backend()).linear(197, 32, 96, 'float32')).toBeNull();
  });

  test('passes over what the device refuses, and that is no fault', async () => {
    backend = await openWebGpu();
    changeShaders((code) =>
      code.includes('firstColumn') && !code.includes('tileX') ? `${code} no WGSL` : code,
    );
    const { linear = {} } = (await timeKernels(backend, architecture, Infinity)) ?? {};
    expect(Object.values(linear)).toHaveLength(4);
    for (const { float32, float16 } of Object.values(linear)) {
      expect(float32).toMatch(/^shared/);
      expect(float16 ?? 'shared').toMatch(/^shared/);
    }
    await backend.finish();
  });

  test('passes over what computes something else', async () => {
    backend = await openWebGpu();
    changeShaders((code) => code.replaceAll('* weights', '* 1.001 * weights'));
    expect((await timeKernels(backend, architecture, Infinity))?.linear).toEqual({});
  });
});

describe('a choice', () => {
  beforeAll(async () => {
    backend = await openWebGpu(); // without what the tests above have left compiled
  });

  test('is made once, and should it take the page with it, not again', async () => {
    const store = memoryStore(null);
    await tuneBackend(backend, architecture, store);
    expect(store.written[0]).toEqual({ linear: {}, attentionQueries: null });
    await tuneBackend(backend, architecture, store);
    expect(store.written).toHaveLength(2); // how much was timed in the time that there is, this machine decides
  });

  test('that was remembered is taken without timing', async () => {
    const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    const store = memoryStore({
      linear: { '32 → 96': { float32: 'shared-8x8-4x4', float16: null } },
      attentionQueries: 2,
    });
    await tuneBackend(backend, architecture, store);
    expect(dispatch).not.toHaveBeenCalled();
    expect(tuningOf(tf.backend())).toMatchObject({ attentionQueries: 2 });
    expect(tuningOf(tf.backend()).linear(197, 32, 96, 'float32')).toEqual({
      kind: 'shared',
      rows: 4,
      side: 8,
    });
  });

  test('of a variant that is no more is made anew', async () => {
    const store = memoryStore({
      linear: { '32 → 96': { float32: 'steam-engine', float16: null } },
      attentionQueries: null,
    });
    await tuneBackend(backend, architecture, store);
    expect(store.written).toHaveLength(2);
  });
});
