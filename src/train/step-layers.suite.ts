/** The fast step's layers by our kernels against those by tfjs's plain ops: one suite for WebGPU and wasm, in Node and in a browser. */
import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { randomTensor } from '../gpu/kernels/kernel.suite.ts';
import { plainStepLayers } from './plain-step-layers.ts';
import type { StepLayers } from './step-layers.ts';

/** For what leaves intermediate tensors to its caller's tidy. */
const scoped = (compute: () => tf.Tensor): tf.Tensor => tf.tidy(compute);

/** @param check of the back end that was opened: both compute the same; disposes the inputs */
export function checkStepLayers(
  ours: StepLayers,
  check: (inputs: tf.Tensor[], ours: () => tf.Tensor, plain: () => tf.Tensor) => Promise<void>,
): void {
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
    ['more queries than go at once', [[2, 401]], 16, 2],
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
        () => ours.attention(qkv, segments, numHeads),
        () => plainStepLayers.attention(qkv, segments, numHeads),
      );
      expect.hasAssertions();
    });

    test('gradient', async () => {
      const qkv = randomTensor<tf.Rank.R2>([firstRow, 3 * channels], 1);
      const above = randomTensor<tf.Rank.R2>([firstRow, channels], 2);
      await check(
        [qkv, above],
        () => ours.attentionGradient(qkv, segments, numHeads, above),
        () => plainStepLayers.attentionGradient(qkv, segments, numHeads, above),
      );
      expect.hasAssertions();
    });
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
        await check([], () => scoped(pick(ours)), pick(plainStepLayers));
      }
      for (const tensor of [x, above, gain, bias, residual]) tensor.dispose();
      expect.hasAssertions();
    });

    test.each([0, 1] as const)('vectors at length 1 along axis %i, and the gradient', async (axis) => {
      const x = randomTensor<tf.Rank.R2>([rows, columns], 1);
      const above = randomTensor<tf.Rank.R2>([rows, columns], 2);
      // Any values: where one row is all, a true direction leaves a gradient of 0.
      const direction = randomTensor<tf.Rank.R2>([rows, columns], 3);
      // Longer than some of the vectors.
      for (const smallest of [0, 2]) {
        await check(
          [],
          () => scoped(() => ours.normalise(x, axis, smallest)),
          () => plainStepLayers.normalise(x, axis, smallest),
        );
        await check(
          [],
          () => scoped(() => ours.normaliseGradient(x, direction, above, axis, smallest)),
          () => plainStepLayers.normaliseGradient(x, direction, above, axis, smallest),
        );
      }
      tf.dispose([x, above, direction]);
      expect.hasAssertions();
    });

    test('a linear layer and GELU of it, a residual sum and its LayerNorm', async () => {
      const x = randomTensor<tf.Rank.R2>([rows, columns], 1);
      const weight = tf.tidy(() =>
        tf.div<tf.Tensor2D>(randomTensor<tf.Rank.R2>([columns, 8], 2), Math.sqrt(columns)),
      );
      const [bias, gain] = [randomTensor<tf.Rank.R1>([8], 3), randomTensor<tf.Rank.R1>([8], 4)];
      const residual = randomTensor<tf.Rank.R2>([rows, 8], 5);
      const both = (layers: StepLayers) => (): tf.Tensor => {
        const { hidden, active } = layers.linearAndGelu(x, { weight, bias });
        const { sum, normed } = layers.linearResidualNorm(
          x,
          { weight, bias },
          residual,
          { gain, bias },
          1e-6,
        );
        return tf.concat2d([hidden, active, sum, normed], 0);
      };
      await check([], () => scoped(both(ours)), both(plainStepLayers));
      tf.dispose([x, weight, bias, gain, residual]);
      expect.hasAssertions();
    });

    test('GELU, its gradient, column sums', async () => {
      const x = randomTensor<tf.Rank.R2>([rows, columns], 1);
      const above = randomTensor<tf.Rank.R2>([rows, columns], 2);
      await check(
        [],
        () => ours.gelu(x),
        () => plainStepLayers.gelu(x),
      );
      await check(
        [],
        () => ours.geluGradient(x, above),
        () => plainStepLayers.geluGradient(x, above),
      );
      await check(
        [x, above],
        () => scoped(() => ours.columnSums(x)),
        () => plainStepLayers.columnSums(x),
      );
      expect.hasAssertions();
    });
  });

  // Rows and columns of every remainder of a tile of 5 or 6 and of a panel.
  describe.each([
    [1, 4, 8],
    [7, 12, 36],
    [24, 16, 4],
    [29, 20, 44],
    [456, 192, 128],
  ])('of %i rows, %i → %i', (rows, inputs, outputs) => {
    const open = (): readonly [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D] => [
      randomTensor<tf.Rank.R2>([rows, inputs], 1),
      randomTensor<tf.Rank.R2>([rows, outputs], 2),
      randomTensor<tf.Rank.R2>([inputs, outputs], 3),
    ];

    test('a linear layer’s gradients', async () => {
      const [x, above, weight] = open();
      for (const part of ['weight', 'bias'] as const) {
        const pick = (layers: StepLayers) => (): tf.Tensor => layers.weightGradients(x, above)[part];
        await check([], () => scoped(pick(ours)), pick(plainStepLayers));
      }
      await check(
        [],
        () => scoped(() => ours.product(x, above, 'a')),
        () => plainStepLayers.product(x, above, 'a'),
      );
      await check(
        [x, above, weight],
        () => scoped(() => ours.product(above, weight, 'b')),
        () => plainStepLayers.product(above, weight, 'b'),
      );
      expect.hasAssertions();
    });
  });

  test('products whose widths are no whole vectors', async () => {
    const [a, b] = [randomTensor<tf.Rank.R2>([9, 10], 1), randomTensor<tf.Rank.R2>([9, 7], 2)];
    await check(
      [],
      () => scoped(() => ours.product(a, b, 'a')),
      () => tf.matMul(a, b, true),
    );
    const wide = randomTensor<tf.Rank.R2>([5, 10], 3);
    await check(
      [a, b, wide],
      () => scoped(() => ours.product(a, wide, 'b')),
      () => tf.matMul(a, wide, false, true),
    );
    expect.hasAssertions();
  });
}
