import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { VitArchitecture } from '../core/architecture.ts';
import { attentionName } from '../gpu/kernels/attention-code.ts';
import { timeKernels } from '../gpu/kernels/time-kernels.ts';
import type { Timed } from '../gpu/kernels/timed-choice.ts';
import { setTuning, tuningOf, untuned } from '../gpu/kernels/tuning.ts';
import { attentionVariants } from '../gpu/kernels/variants.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import {
  compileVariants,
  recallTuning,
  tuneBackend,
  type Remembered,
  type TimingStore,
} from './tune-backend.ts';

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

/** One entry, and what was written, first to last. */
function memoryStore(
  kept: Remembered | null,
): TimingStore & { kept(): Remembered | null; readonly written: Remembered[] } {
  const written: Remembered[] = [];
  return {
    written,
    kept: () => kept,
    read: () => Promise.resolve(kept),
    write: (_, remembered) => {
      written.push(remembered);
      kept = remembered;
      return Promise.resolve();
    },
    forget: () => {
      kept = null;
      return Promise.resolve();
    },
  };
}

const remembered: Timed = {
  linear: { '32 → 96': { float32: 'shared-8x8-4x4', float16: 'registers-4x8' } },
  linearNorm: { '32 → 32': { float32: 'registers-4x8', float16: 'apart' } },
  attention: 'read-2',
};

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
    expect(attentionVariants.map(attentionName)).toContain(timed?.attention);
    expect(tuningOf(tf.backend()).linear(197, 32, 96, 'float32')).not.toBeNull();
    expect(tuningOf(tf.backend()).linear(197, 32, 100, 'float32')).toBeNull();
    await backend.finish();
  });

  test('that has no time left leaves everything as it is', async () => {
    expect(await timeKernels(backend, architecture, 0)).toEqual({
      linear: {},
      linearNorm: {},
      attention: null,
    });
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
  beforeEach(async () => {
    backend = await openWebGpu(); // without what other tests have left compiled
  });

  test('is made once', async () => {
    const store = memoryStore(null);
    await tuneBackend(backend, architecture, store);
    expect(store.written[0]).toEqual({ attempts: 1 });
    expect(store.kept()).toHaveProperty('linear');
    await tuneBackend(backend, architecture, store);
    expect(store.written).toHaveLength(2); // how much was timed in the time that there is, this machine decides
  });

  test('that was remembered is taken without timing, once each variant has computed what it should', async () => {
    const before = tf.memory().numTensors;
    const store = memoryStore(remembered);
    const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    await tuneBackend(backend, architecture, store);
    expect(tf.memory().numTensors).toBe(before);
    expect(store.written).toHaveLength(0);
    expect(tuningOf(tf.backend())).toMatchObject({ attention: { queries: 2, keys: 'read' } });
    expect(tuningOf(tf.backend()).linear(197, 32, 96, 'float32')).toEqual({
      kind: 'shared',
      rows: 4,
      side: 8,
    });
    dispatch.mockClear();
    await tuneBackend(backend, architecture, store);
    expect(dispatch).not.toHaveBeenCalled();
  });

  test.each([
    ['computes something else', (code: string) => code.replaceAll('* weights', '* 1.001 * weights')],
    ['is refused', (code: string) => `${code} no WGSL`],
  ])('whose variant now %s is forgotten, and nothing of it is left in force', async (_, change) => {
    changeShaders((code) => (code.includes('tileX') ? change(code) : code));
    const before = tf.memory().numTensors;
    const store = memoryStore(remembered);
    expect(await recallTuning(backend, architecture, store)).toBe(false);
    expect(tf.memory().numTensors).toBe(before);
    expect(store.kept()).toBeNull();
    expect(tuningOf(tf.backend())).toEqual(untuned);
    await backend.finish();
  });

  test.each(['steam-engine', 'subgroup-4x4'])(
    'of a variant that is no more, or not on this device, is made anew: %s',
    async (float32) => {
      const { device } = tf.backend() as unknown as { device: GPUDevice };
      vi.spyOn(device.features, 'has').mockReturnValue(false);
      const store = memoryStore({
        linear: { '32 → 96': { float32, float16: null } },
        linearNorm: {},
        attention: null,
      });
      expect(await recallTuning(backend, architecture, store)).toBe(false);
      expect(store.kept()).toBeNull();
    },
  );

  test('is in force again when its model is used again, and is not tried again', async () => {
    const other = { ...architecture, embedDim: 64, numHeads: 2 };
    const [mine, others] = [
      memoryStore(remembered),
      memoryStore({ linear: {}, linearNorm: {}, attention: 'read-4' }),
    ];
    await tuneBackend(backend, architecture, mine);
    await tuneBackend(backend, other, others);
    expect(tuningOf(tf.backend()).attention?.queries).toBe(4);
    const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    await tuneBackend(backend, architecture, mine);
    expect(tuningOf(tf.backend()).attention?.queries).toBe(2);
    expect(dispatch).not.toHaveBeenCalled();
  });

  test('that was not survived twice is not asked for again', async () => {
    const store = memoryStore({ attempts: 1 });
    expect(await recallTuning(backend, architecture, store)).toBe(false);
    // Compiling for it, which goes well, does not make up for what came after it.
    await compileVariants(backend, architecture, store, () => false);
    expect(store.written[0]).toEqual({ attempts: 2 });
    expect(store.kept()).toEqual({ attempts: 1 });
    await store.write('', { attempts: 2 });
    const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    await tuneBackend(backend, architecture, store);
    expect(dispatch).not.toHaveBeenCalled();
    expect(store.kept()).toEqual({ attempts: 2 });
  });

  test('is neither made nor taken where our kernels are off', async () => {
    const opened = await openBackend('webgpu', null, false);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    for (const kept of [remembered, null]) {
      const store = memoryStore(kept);
      await tuneBackend(opened.value, architecture, store);
      expect(tuningOf(tf.backend())).toEqual(untuned);
      expect(store.written).toHaveLength(0);
      expect(store.kept()).toBe(kept);
    }
  });
});
