import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { openForKernels, randomTensor } from '../gpu/kernels/kernel.suite.ts';
import { fusedStepLayers } from './fused-step-layers.ts';
import { checkStepLayers } from './step-layers.suite.ts';

const check = openForKernels();
checkStepLayers(fusedStepLayers, check);

test('column sums of more columns than one dimension of a dispatch takes, as ViT-B/8 has them above 416 px', async () => {
  const x = randomTensor<tf.Rank.R2>([1, 65_535 * 32 + 36], 1);
  await check(
    [x],
    () => tf.tidy(() => fusedStepLayers.columnSums(x)),
    // Of one row; tfjs's own sum refuses so many.
    () => tf.reshape(tf.mul(x, 1), [-1]),
  );
  expect.hasAssertions();
  // Two million numbers, one by one on a software device.
}, 600_000);
