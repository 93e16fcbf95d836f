import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { openForKernels, randomTensor } from './kernel.suite.ts';
import { fusedStepLayers } from '../../train/fused-step-layers.ts';
import { plainStepLayers } from '../../train/plain-step-layers.ts';

const check = openForKernels();
/** For what leaves intermediate tensors to its caller's tidy. */
const scoped = (compute: () => tf.Tensor): tf.Tensor => tf.tidy(compute);

describe.each([
  ['one sequence of one token', [[1, 1]], 8, 1],
  ['one sequence', [[1, 17]], 24, 2],
  [
    'crops of ViT-S/16, heads of 64',
    [
      [2, 197],
      [3, 37],
    ],
    384,
    6,
  ],
  [
    'many short ones, heads of 4',
    [
      [2, 10],
      [11, 5],
    ],
    12,
    3,
  ],
  ['a head of 128', [[2, 33]], 128, 1],
] as const)('attention: %s', (_, sizes, channels, numHeads) => {
  let firstRow = 0;
  const segments = sizes.map(([sequences, tokens]) => {
    const segment = { firstRow, sequences, tokens };
    firstRow += sequences * tokens;
    return segment;
  });

  test('forward', async () => {
    const qkv = randomTensor<tf.Rank.R2>([firstRow, 3 * channels], 1);
    await check(
      [qkv],
      () => fusedStepLayers.attention(qkv, segments, numHeads),
      () => plainStepLayers.attention(qkv, segments, numHeads),
    );
    expect.hasAssertions();
  });

  test('gradient', async () => {
    const qkv = randomTensor<tf.Rank.R2>([firstRow, 3 * channels], 1);
    const above = randomTensor<tf.Rank.R2>([firstRow, channels], 2);
    await check(
      [qkv, above],
      () => fusedStepLayers.attentionGradient(qkv, segments, numHeads, above),
      () => plainStepLayers.attentionGradient(qkv, segments, numHeads, above),
    );
    expect.hasAssertions();
  });
});

test('column sums of more columns than one dimension of a dispatch takes, as ViT-B/8 has them above 416 px', async () => {
  const x = randomTensor<tf.Rank.R2>([1, 65_535 * 32 + 36], 1);
  await check(
    [x],
    () => scoped(() => fusedStepLayers.columnSums(x)),
    // Of one row; tfjs's own sum refuses so many.
    () => tf.reshape(tf.mul(x, 1), [-1]),
  );
  expect.hasAssertions();
});

describe.each([
  [1, 4],
  [3, 24],
  [197, 36],
  [533, 384],
  [70, 1028],
])('%i rows of %i columns', (rows, columns) => {
  test.each([true, false])('gradient of LayerNorm’s input, with a residual: %s', async (hasResidual) => {
    const x = randomTensor<tf.Rank.R2>([rows, columns], 1, 5);
    const above = randomTensor<tf.Rank.R2>([rows, columns], 2);
    const gain = randomTensor<tf.Rank.R1>([columns], 3);
    const bias = randomTensor<tf.Rank.R1>([columns], 4);
    const residual = randomTensor<tf.Rank.R2>([rows, columns], 5);
    for (const part of ['x', 'gain', 'bias'] as const) {
      const pick = (layers: typeof plainStepLayers) => (): tf.Tensor =>
        layers.layerNormGradients(x, { gain, bias }, 1e-6, above, hasResidual ? residual : null)[part];
      await check([], () => scoped(pick(fusedStepLayers)), pick(plainStepLayers));
    }
    for (const tensor of [x, above, gain, bias, residual]) tensor.dispose();
    expect.hasAssertions();
  });

  test('GELU, its gradient, column sums', async () => {
    const x = randomTensor<tf.Rank.R2>([rows, columns], 1);
    const above = randomTensor<tf.Rank.R2>([rows, columns], 2);
    await check(
      [],
      () => fusedStepLayers.gelu(x),
      () => plainStepLayers.gelu(x),
    );
    await check(
      [],
      () => fusedStepLayers.geluGradient(x, above),
      () => plainStepLayers.geluGradient(x, above),
    );
    await check(
      [x, above],
      () => scoped(() => fusedStepLayers.columnSums(x)),
      () => plainStepLayers.columnSums(x),
    );
    expect.hasAssertions();
  });
});
