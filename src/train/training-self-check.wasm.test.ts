import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, expect, test } from 'vitest';
import type { StepKernels, TrainingConfiguration } from '../core/training.ts';
import { hasFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import { simdTrainingConfigs } from '../gpu/simd/simd-training-kernels.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { randomPhotographs, tinyArchitecture, tinyConfiguration } from '../testing/tiny-training.ts';
import { Trainer } from './trainer.ts';
import { checkStepKernels } from './training-self-check.ts';

let backend: OpenBackend;
beforeAll(async () => {
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  backend = opened.value;
});

test('passes where the SIMD kernels are right', async () => {
  expect(hasFusedKernels()).toBe(true);
  const { kernels, maxRelativeDifference } = await checkStepKernels(backend.faults);
  expect(kernels).toBe('ours');
  expect(maxRelativeDifference).toBeGreaterThan(0);
});

let restore = (): void => {};
afterEach(() => restore());

const offByAHundredth = (result: tf.TensorInfo): tf.Tensor =>
  tf.mul(tf.engine().makeTensorFromTensorInfo(result), 1.01);

test.each([
  'DinoscopeLinear',
  'DinoscopeLayerNorm',
  ...simdTrainingConfigs.map(({ kernelName }) => kernelName),
])('takes plain ops instead of a %s that is off by a hundredth', async (name) => {
  const own = tf.getKernel(name, 'wasm').kernelFunc;
  restore = replaceKernel(name, 'wasm', (args) => {
    const results = own(args);
    return Array.isArray(results) ? results.map(offByAHundredth) : offByAHundredth(results);
  });
  const { kernels, maxRelativeDifference } = await checkStepKernels(backend.faults);
  expect(kernels).toBe('plain');
  expect(maxRelativeDifference).toBeGreaterThan(0.001);
});

test('takes plain ops instead of a kernel that throws, and leaves no tensor', async () => {
  restore = replaceKernel('DinoscopeLinear', 'wasm', () => {
    throw new Error('not for this device');
  });
  const before = tf.memory().numTensors;
  expect(await checkStepKernels(backend.faults)).toEqual({
    kernels: 'plain',
    maxRelativeDifference: Infinity,
  });
  expect(tf.memory().numTensors).toBe(before);
});

async function lossesOf(
  kernels: StepKernels,
  configuration: Partial<TrainingConfiguration> = {},
): Promise<number[]> {
  const created = Trainer.create({
    configuration: { ...tinyConfiguration, steps: 3, ...configuration },
    photographs: randomPhotographs(3),
    model: { architecture: tinyArchitecture, parameters: null },
    faults: backend.faults,
    kernels,
  });
  if (!created.ok) throw new Error(JSON.stringify(created.error));
  const losses: number[] = [];
  const { signal } = new AbortController();
  for await (const report of created.value.run({ reportEvery: 1, signal }))
    losses.push(report.ok ? report.value.loss : NaN);
  created.value.dispose();
  return losses;
}

test('a run by plain ops asks nothing of ours, and reports what a run by ours does', async () => {
  const ours = await lossesOf('ours');
  expect(ours).toHaveLength(3);
  restore = replaceKernel('DinoscopeLinear', 'wasm', () => {
    throw new Error('asked');
  });
  await expect(lossesOf('ours')).rejects.toThrow('asked');
  const plain = await lossesOf('plain');
  for (const [step, loss] of plain.entries()) expect(loss).toBeCloseTo(ours[step] ?? NaN, 4);
});

// tfjs keeps a packed copy of what it multiplies by: parameters that are moved in place must not come to it.
test('a head that our kernels cannot take trains by plain ops throughout', async () => {
  const odd = { hiddenDim: 10 };
  const [ours, plain] = [await lossesOf('ours', odd), await lossesOf('plain', odd)];
  expect(ours).toHaveLength(3);
  for (const [step, loss] of plain.entries()) expect(loss).toBeCloseTo(ours[step] ?? NaN, 5);
});
