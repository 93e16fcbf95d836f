import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { fuseHeads, plainBlockLayers } from '../../vit/plain-block-layers.ts';
import { openForKernels, randomTensor } from './kernel.suite.ts';
import { weighMeanRows } from './weigh-rows.ts';

const check = openForKernels();

// One, two and four tokens an invocation, with the last of them beyond the end; heads of one vector and of many.
test.each([
  [1, 4, 1],
  [37, 24, 2],
  [197, 384, 6],
  [211, 48, 12],
  [533, 128, 2],
])('%i tokens of %i channels in %i heads', async (tokens, channels, numHeads) => {
  const queries = randomTensor<tf.Rank.R2>([tokens, channels], 1);
  // Attention far from uniform.
  const keys = tf.tidy(() => tf.mul<tf.Tensor2D>(randomTensor<tf.Rank.R2>([tokens, channels], 2), 3));
  const weights = randomTensor<tf.Rank.R2>([1, tokens], 3);
  const { queryRows } = plainBlockLayers(2 ** 25);
  await check(
    [queries, keys, weights],
    () => weighMeanRows(weights, queries, keys, numHeads),
    () => tf.matMul(weights, fuseHeads(queryRows(queries, keys, numHeads), numHeads, 'mean')),
  );
  expect.hasAssertions();
});
