import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { hasFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { selfCheckTraining } from './training-self-check.ts';

let backend: OpenBackend;
beforeAll(async () => {
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  backend = opened.value;
});

test('passes where the SIMD kernels are right', async () => {
  expect(hasFusedKernels()).toBe(true);
  expect(await selfCheckTraining(backend.faults)).toEqual({ ok: true, value: undefined });
});

test.each(['DinoscopeLinear', 'DinoscopeLayerNorm', 'DinoscopeAttention'])(
  'refuses a %s that is off by a hundredth',
  async (name) => {
    const own = tf.getKernel(name, 'wasm').kernelFunc;
    const restore = replaceKernel(name, 'wasm', (args) =>
      tf.mul(tf.engine().makeTensorFromTensorInfo(own(args) as tf.TensorInfo), 1.01),
    );
    try {
      expect(await selfCheckTraining(backend.faults)).toMatchObject({
        ok: false,
        error: { code: 'backend-wrong', backend: 'wasm' },
      });
    } finally {
      restore();
    }
  },
);
