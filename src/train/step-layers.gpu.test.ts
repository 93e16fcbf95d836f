import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { columnSumsKernel, usualMostGroups } from '../gpu/kernels/column-sums.ts';
import { openForKernels, randomTensor } from '../gpu/kernels/kernel.suite.ts';
import { fusedStepLayers } from './fused-step-layers.ts';
import { checkStepLayers } from './step-layers.suite.ts';

const check = openForKernels();
const device = (): GPUDevice => (tf.backend() as unknown as { readonly device: GPUDevice }).device;
afterEach(() => void vi.restoreAllMocks());
checkStepLayers(fusedStepLayers, check);

// With the usual number these would be two million columns, which take a software device a minute.
test('column sums of more columns than one dimension of a dispatch takes, as ViT-B/8 has them above 416 px', async () => {
  const mostGroups = 9;
  const x = randomTensor<tf.Rank.R2>([3, mostGroups * 32 + 36], 1);
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
  await check(
    [x],
    () => tf.tidy(() => tf.reshape(columnSumsKernel.run({ x }, { mostGroups }), [-1])),
    () => tf.sum(x, 0),
  );
  expect(dispatch).toHaveBeenCalledWith(mostGroups, 2, 1);
  expect(usualMostGroups).toBeLessThanOrEqual(device().limits.maxComputeWorkgroupsPerDimension);
});
