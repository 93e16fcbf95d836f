import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { selfCheckTraining } from './training-self-check.ts';

let backend: OpenBackend;
beforeAll(async () => {
  const opened = await openBackend('webgpu', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  backend = opened.value;
});

test('passes where the kernels are right, and leaves no tensor', async () => {
  const before = tf.memory().numTensors;
  expect(await selfCheckTraining(backend.faults)).toEqual({ ok: true, value: undefined });
  expect(tf.memory().numTensors).toBe(before);
});

test.each([
  'DinoscopePackedAttention',
  'DinoscopeAttentionStatistics',
  'DinoscopeAttentionGradient',
  'DinoscopeLayerNormGradient',
  'DinoscopeRowStatistics',
  'DinoscopeColumnSums',
  'DinoscopeGelu',
])('refuses a %s that is off by a hundredth', async (name) => {
  const own = tf.getKernel(name, 'webgpu').kernelFunc;
  const restore = replaceKernel(name, 'webgpu', (args) => {
    const result = own(args) as tf.TensorInfo;
    const tensor = tf.engine().makeTensorFromTensorInfo(result);
    return tf.mul(tensor, 1.01);
  });
  try {
    expect(await selfCheckTraining(backend.faults)).toMatchObject({
      ok: false,
      error: { code: 'backend-wrong' },
    });
  } finally {
    restore();
  }
});
