/** That the pass on WebGPU runs our kernels where it can, and how few dispatches it takes. Its numbers: forward.gpu.test.ts. */
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { NamedTensor, VitArchitecture } from '../core/architecture.ts';
import { decodeFloat16, encodeFloat16 } from '../core/float16.ts';
import { setTuning, untuned } from '../gpu/kernels/tuning.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { randomParameters, randomValues } from '../testing/random-parameters.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { attendSpecial, type SpecialAttention } from './attend.ts';
import { uploadParameters, type VitParameters } from './parameters.ts';
import { forwardPlain } from './plain-forward.ts';
import { selfCheck } from './self-check.ts';

const architecture: VitArchitecture = {
  family: 'dino',
  embedDim: 48,
  depth: 4,
  numHeads: 4,
  patchSize: 4,
  gridSize: 5,
  mlpRatio: 4,
  qkvBias: true,
  layerNormEps: 1e-6,
  numRegisters: 0,
  layerScale: false,
};
const size = { height: 20, width: 28 };

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openWebGpu();
});

const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
afterEach(() => {
  dispatch.mockClear();
});

const input = (): Float32Array => randomValues([size.height, size.width, 3], 99);

/** @returns the attention, and the dispatches up to the end of each block */
async function attend(
  parameters: VitParameters,
): Promise<{ attention: SpecialAttention; dispatches: number[] }> {
  const image = input();
  const dispatches: number[] = [];
  dispatch.mockClear();
  const attention = await attendSpecial(parameters, image, size, {
    faults: backend.faults,
    afterBlock: () => {
      dispatches.push(dispatch.mock.calls.length);
      return Promise.resolve();
    },
  });
  dispatches.push(dispatch.mock.calls.length);
  return { attention, dispatches };
}

const perBlock = (dispatches: readonly number[]): number[] =>
  dispatches.slice(1).map((count, i) => count - (dispatches[i] ?? 0));

async function expectPlainMaps(parameters: VitParameters, { maps, tokens }: SpecialAttention): Promise<void> {
  const image = tf.tensor3d(input(), [size.height, size.width, 3]);
  const { attentions, tokens: ofBlocks, feature } = forwardPlain(parameters, image);
  const rows = tf.tidy(() => tf.slice(attentions.at(-1) as tf.Tensor3D, [0, 0, 1], [-1, 1, tokens - 1]));
  const expected = (await rows.data()) as Float32Array;
  expect(maxAbsDifference(maps, expected)).toBeLessThan(1e-5);
  tf.dispose([image, attentions, ofBlocks, feature, rows]);
}

/** Dispatches of a pass of a network of `depth` blocks: the embedding, the first norm, blocks of five, the last one of three. */
const dispatchesOf = (depth: number): number => 2 + 5 * (depth - 1) + 3;

test('a block is five dispatches, the last one three', async () => {
  const before = tf.memory();
  const parameters = uploadParameters(architecture, randomParameters(architecture));
  const { attention, dispatches } = await attend(parameters);
  expect(perBlock(dispatches)).toEqual([5, 5, 3]);
  // With the embedding and its norm.
  expect(dispatches[0]).toBe(7);
  expect(dispatches.at(-1)).toBe(dispatchesOf(architecture.depth));
  expect(dispatchesOf(12)).toBeLessThanOrEqual(60);
  await expectPlainMaps(parameters, attention);
  parameters.dispose();
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numBytes).toBe(before.numBytes);
});

test('a block whose norms run apart is seven dispatches, with the same maps', async () => {
  const parameters = uploadParameters(architecture, randomParameters(architecture));
  const together = await attend(parameters);
  setTuning(tf.backend(), { ...untuned, linearNorm: () => 'apart' });
  try {
    const apart = await attend(parameters);
    expect(perBlock(apart.dispatches)).toEqual([7, 7, 3]);
    expect(maxAbsDifference(apart.attention.maps, together.attention.maps)).toBeLessThan(1e-6);
  } finally {
    setTuning(tf.backend(), untuned);
    parameters.dispose();
  }
});

test('a pass is one submit, unless somebody waits for each block', async () => {
  const parameters = uploadParameters(architecture, randomParameters(architecture));
  await attend(parameters); // brings the parameters along
  const submit = vi.spyOn(GPUQueue.prototype, 'submit');
  await attend(parameters);
  expect(submit).toHaveBeenCalledTimes(1);
  submit.mockClear();
  await attendSpecial(parameters, input(), size, {
    faults: backend.faults,
    afterBlock: () => backend.finish(),
  });
  expect(submit).toHaveBeenCalledTimes(architecture.depth);
  submit.mockRestore();
  parameters.dispose();
});

test('weights of half the size take as many dispatches and give the same maps', async () => {
  const named = new Map(
    [...randomParameters(architecture)].map(([name, { shape, values }]) => [
      name,
      { shape, values: decodeFloat16(encodeFloat16(values)) },
    ]),
  );
  const start = tf.memory().numBytes;
  const full = uploadParameters(architecture, named);
  const fullBytes = tf.memory().numBytes - start;
  const expected = await attend(full);
  full.dispose();
  const before = tf.memory();
  setTuning(tf.backend(), { ...untuned, storage: () => 'float16' });
  try {
    const parameters = uploadParameters(architecture, named);
    expect(tf.memory().numBytes - before.numBytes).toBeLessThan(0.6 * fullBytes);
    const { attention, dispatches } = await attend(parameters);
    expect(dispatches).toEqual(expected.dispatches);
    expect(maxAbsDifference(attention.maps, expected.attention.maps)).toBeLessThan(1e-6);
    await expectPlainMaps(parameters, attention);
    parameters.dispose();
    expect(tf.memory().numTensors).toBe(before.numTensors);
    // One value of one layer that is no float16: that layer stays as it was.
    const odd = new Map(named);
    const qkv = odd.get('blocks.0.attn.qkv.weight') as NamedTensor;
    odd.set('blocks.0.attn.qkv.weight', { ...qkv, values: Float32Array.from(qkv.values).fill(0.1, 0, 1) });
    const mixed = uploadParameters(architecture, odd);
    expect(mixed.blocks[0]?.qkv.weight.dtype).toBe('float32');
    expect(mixed.blocks[1]?.qkv.weight.dtype).toBe('int32');
    await expectPlainMaps(mixed, (await attend(mixed)).attention);
    mixed.dispose();
  } finally {
    setTuning(tf.backend(), untuned);
  }
});

test.each<[string, Partial<VitArchitecture>]>([
  ['a head width that is no multiple of 4', { numHeads: 8 }],
  ['an MLP width that is none', { mlpRatio: 2.9 }],
])('%s is left to the plain ops', async (_, change) => {
  const changed = { ...architecture, ...change };
  const parameters = uploadParameters(changed, randomParameters(changed));
  const { attention, dispatches } = await attend(parameters);
  expect(Math.min(...perBlock(dispatches))).toBeGreaterThan(8);
  await expectPlainMaps(parameters, attention);
  parameters.dispose();
});

describe('the self-check', () => {
  const names = ['EmbedPatches', 'LayerNorm', 'Linear', 'LinearNorm', 'Attention', 'QueryRows'].map(
    (name) => `Dinoscope${name}`,
  );

  test.each(names)('runs %s', async (name) => {
    const own = tf.getKernel(name, 'webgpu').kernelFunc;
    const called = vi.fn<tf.KernelFunc>(own);
    const restore = replaceKernel(name, 'webgpu', called);
    try {
      expect(await selfCheck(backend.faults)).toBeLessThan(2e-5);
      expect(called).toHaveBeenCalled();
    } finally {
      restore();
    }
  });
});
