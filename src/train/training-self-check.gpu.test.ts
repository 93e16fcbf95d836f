import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { checkStepKernels } from './training-self-check.ts';

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openWebGpu();
});

test('passes where the kernels are right, and leaves no tensor', async () => {
  const before = tf.memory().numTensors;
  const { kernels, maxRelativeDifference } = await checkStepKernels(backend.faults);
  expect(kernels).toBe('ours');
  expect(maxRelativeDifference).toBeGreaterThan(0);
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
])('takes plain ops instead of a %s that is off by a hundredth', async (name) => {
  const own = tf.getKernel(name, 'webgpu').kernelFunc;
  const restore = replaceKernel(name, 'webgpu', (args) => {
    const result = own(args) as tf.TensorInfo;
    const tensor = tf.engine().makeTensorFromTensorInfo(result);
    return tf.mul(tensor, 1.01);
  });
  try {
    const { kernels, maxRelativeDifference } = await checkStepKernels(backend.faults);
    expect(kernels).toBe('plain');
    expect(maxRelativeDifference).toBeGreaterThan(0.001);
  } finally {
    restore();
  }
});

test('takes plain ops where a kernel throws', async () => {
  const restore = replaceKernel('DinoscopeGelu', 'webgpu', () => {
    throw new Error('not for this device');
  });
  try {
    expect(await checkStepKernels(backend.faults)).toEqual({
      kernels: 'plain',
      maxRelativeDifference: Infinity,
    });
  } finally {
    restore();
  }
});

test('takes plain ops where the device refuses a shader, and nobody else hears of it', async () => {
  const own = tf.getKernel('DinoscopeGelu', 'webgpu').kernelFunc;
  const restore = replaceKernel('DinoscopeGelu', 'webgpu', (args) => {
    const { device } = tf.backend() as WebGPUBackend;
    device.createShaderModule({ code: 'no shader' });
    return own(args) as tf.TensorInfo;
  });
  try {
    expect(await checkStepKernels(backend.faults)).toEqual({
      kernels: 'plain',
      maxRelativeDifference: Infinity,
    });
  } finally {
    restore();
  }
  await backend.finish();
  backend.faults.check();
});
