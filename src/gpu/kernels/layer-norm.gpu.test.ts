import type * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { openForKernels, randomTensor } from './kernel.suite.ts';
import { layerNorm } from '../../vit/layers.ts';
import { layerNormKernel } from './layer-norm.ts';

const check = openForKernels();

test.each(
  [1, 2, 197, 533].flatMap((tokens) => [4, 24, 36, 128, 384].map((width) => [tokens, width] as const)),
)('%i tokens of %i channels', async (tokens, width) => {
  // Values far from 0: a variance computed from the sum of squares would lose its digits.
  const x = randomTensor<tf.Rank.R2>([tokens, width], 1, 5);
  const gain = randomTensor<tf.Rank.R1>([width], 2);
  const bias = randomTensor<tf.Rank.R1>([width], 3);
  await check(
    [x, gain, bias],
    () => layerNormKernel.run({ x, gain, bias }, { eps: 1e-6 }),
    () => layerNorm(x, { gain, bias }, 1e-6),
  );
  expect.hasAssertions();
});
