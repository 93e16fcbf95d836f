import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
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

// Some have two results.
test.each([
  ['DinoscopeLinear', 0],
  ['DinoscopeLinearNorm', 0],
  ['DinoscopeLinearNorm', 1],
  ['DinoscopeLinearPair', 0],
  ['DinoscopeLinearPair', 1],
  ['DinoscopePackedAttention', 0],
  ['DinoscopeAttentionStatistics', 0],
  ['DinoscopeAttentionGradient', 0],
  ['DinoscopeLayerNormGradient', 0],
  ['DinoscopeLayerNormGradient', 1],
  ['DinoscopeStandardisedSums', 0],
  ['DinoscopeStandardisedSums', 1],
  ['DinoscopeColumnSums', 0],
  ['DinoscopeNormalise', 0],
  ['DinoscopeGelu', 0],
])('takes plain ops instead of a %s whose result %i is off by a hundredth', async (name, wrong) => {
  const own = tf.getKernel(name, 'webgpu').kernelFunc;
  const restore = replaceKernel(name, 'webgpu', (args) => {
    const results = [own(args)]
      .flat()
      .map((result, i) =>
        i === wrong ? tf.mul(tf.engine().makeTensorFromTensorInfo(result), 1.01) : result,
      );
    return results.length === 1 ? (results[0] as tf.TensorInfo) : results;
  });
  try {
    const { kernels, maxRelativeDifference } = await checkStepKernels(backend.faults);
    expect(kernels).toBe('plain');
    expect(maxRelativeDifference).toBeGreaterThan(0.001);
  } finally {
    restore();
  }
});

test.each([
  ['decay', '(1.0 - own.decay)', '(1.0 - 1.01 * own.decay)'],
  ['rate', 'own.rate * m', '1.01 * own.rate * m'],
  ['first moment', '(1.0 - update.firstDecay) * g', '1.01 * (1.0 - update.firstDecay) * g'],
  ['second moment', 'update.secondDecay * moments', '1.01 * update.secondDecay * moments'],
  ['correction', 'v * own.secondCorrection', '1.01 * v * own.secondCorrection'],
  ['clipping', 'update.clip / (', '1.01 * update.clip / ('],
  ['centre', '(1.0 - sizes.momentum) * sum', '1.01 * (1.0 - sizes.momentum) * sum'],
  ['teacher', '(1.0 - update.teacherMomentum) * value', '1.01 * (1.0 - update.teacherMomentum) * value'],
])('takes plain ops instead of an update whose %s is off by a hundredth', async (_, right, wrong) => {
  const create = GPUDevice.prototype.createShaderModule;
  const change = vi.spyOn(GPUDevice.prototype, 'createShaderModule');
  change.mockImplementation(function (this: GPUDevice, { code, ...rest }) {
    return create.call(this, { ...rest, code: code.replace(right, wrong) });
  });
  try {
    expect((await checkStepKernels(backend.faults)).kernels).toBe('plain');
    expect(change.mock.calls.some(([{ code }]) => code.includes(right))).toBe(true);
  } finally {
    change.mockRestore();
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
