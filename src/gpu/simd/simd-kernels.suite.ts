/**
 * Compares our wasm kernels with tfjs's plain ops. The suite runs in Node and in a browser, which may have relaxed SIMD.
 */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { attentionKernel } from '../kernels/attention.ts';
import { layerNormKernel } from '../kernels/layer-norm.ts';
import { linearKernel } from '../kernels/linear.ts';
import { queryRowsKernel } from '../kernels/query-rows.ts';
import { openBackend } from '../open-backend.ts';
import type { WasmAssets } from '../open-wasm.ts';
import { gelu, layerNorm, linear } from '../../vit/layers.ts';
import { plainBlockLayers } from '../../vit/plain-block-layers.ts';
import { randomTensor } from '../kernels/kernel.suite.ts';
import { maxAbsDifference } from '../../core/max-abs-difference.ts';

const plain = plainBlockLayers(2 ** 25);

/** As a share of the largest expected value. Sums in another order differ by about 1e-6. */
const tolerance = 1e-5;

/** @returns the largest difference, as a share of the largest expected value */
function relativeDifference(ours: () => tf.Tensor, expected: () => tf.Tensor): number {
  const before = tf.memory();
  const [actual, wanted] = [ours(), tf.tidy(expected)];
  expect(tf.memory().numTensors).toBe(before.numTensors + 2);
  expect(actual.shape).toEqual(wanted.shape);
  const values = wanted.dataSync<'float32'>();
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(largest).toBeGreaterThan(0);
  const difference = maxAbsDifference(actual.dataSync(), values) / largest;
  tf.dispose([actual, wanted]);
  expect(tf.memory().numBytes).toBe(before.numBytes);
  return difference;
}

/**
 * @param device how the opened back end describes itself
 * @param assets null in Node
 */
export function checkSimd(device: RegExp, assets: WasmAssets | null = null): void {
  beforeAll(async () => {
    const opened = await openBackend('wasm', assets);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect(opened.value.device).toMatch(device);
  });

  // Rows that leave every remainder of a tile of 5 or 6, columns that fill all or half of their last panel, and an odd
  // depth.
  describe.each([
    [1, 24, 72],
    [2, 36, 36],
    [3, 147, 4],
    [4, 4, 12],
    [5, 75, 8],
    [11, 64, 20],
    [197, 128, 384],
    [533, 512, 128],
  ])('a linear layer of %i rows, %i → %i', (rows, depth, columns) => {
    const whole = { rows, firstColumn: 0, columns, activation: 'none' } as const;
    const open = (): { x: tf.Tensor2D; weight: tf.Tensor2D; bias: tf.Tensor1D; residual: tf.Tensor2D } => ({
      x: randomTensor<tf.Rank.R2>([rows, depth], 1),
      weight: tf.tidy(() => tf.div(randomTensor<tf.Rank.R2>([depth, columns], 2), Math.sqrt(depth))),
      bias: randomTensor<tf.Rank.R1>([columns], 3),
      residual: randomTensor<tf.Rank.R2>([rows, columns], 4),
    });

    test('with a bias, with GELU, with a residual, and with nothing', () => {
      const { x, weight, bias, residual } = open();
      const biased = (): tf.Tensor2D => linear(x, { weight, bias });
      expect(relativeDifference(() => linearKernel.run({ x, weight, bias }, whole), biased)).toBeLessThan(
        tolerance,
      );
      expect(
        relativeDifference(
          () => linearKernel.run({ x, weight, bias }, { ...whole, activation: 'gelu' }),
          () => gelu(biased()),
        ),
      ).toBeLessThan(tolerance);
      expect(
        relativeDifference(
          () => linearKernel.run({ x, weight, bias, residual }, whole),
          () => tf.add(residual, biased()),
        ),
      ).toBeLessThan(tolerance);
      expect(
        relativeDifference(
          () => linearKernel.run({ x, weight }, whole),
          () => linear(x, { weight, bias: null }),
        ),
      ).toBeLessThan(tolerance);
      tf.dispose([x, weight, bias, residual]);
    });

    test('of which a part is asked for', () => {
      const { x, weight, bias, residual } = open();
      const part = {
        rows: Math.min(rows, 3),
        firstColumn: columns > 4 ? 4 : 0,
        columns: columns > 4 ? columns - 4 : 4,
      };
      expect(
        relativeDifference(
          () => linearKernel.run({ x, weight, bias }, { ...part, activation: 'none' }),
          () => tf.slice(linear(x, { weight, bias }), [0, part.firstColumn], [part.rows, part.columns]),
        ),
      ).toBeLessThan(tolerance);
      tf.dispose([x, weight, bias, residual]);
    });
  });

  test.each([
    [1, 4],
    [2, 36],
    [197, 384],
  ])('LayerNorm of %i tokens of %i channels, far from 0', (tokens, width) => {
    const x = randomTensor<tf.Rank.R2>([tokens, width], 1, 5);
    const gain = randomTensor<tf.Rank.R1>([width], 2);
    const bias = randomTensor<tf.Rank.R1>([width], 3);
    expect(
      relativeDifference(
        () => layerNormKernel.run({ x, gain, bias }, { eps: 1e-6 }),
        () => layerNorm(x, { gain, bias }, 1e-6),
      ),
    ).toBeLessThan(tolerance);
    tf.dispose([x, gain, bias]);
  });

  // Tokens that fill whole panels and parts of them, in one group of queries and in several; heads of whole and half
  // panels.
  describe.each([
    [1, 4, 1],
    [7, 36, 3],
    [8, 48, 4],
    [65, 40, 2],
    [197, 128, 2],
    [1201, 64, 1],
  ])('%i tokens of %i channels in %i heads', (tokens, channels, numHeads) => {
    // Attention far from uniform: scores reach ±30.
    const sharp = (columns: number, seed: number): tf.Tensor2D =>
      tf.tidy(() => tf.mul(randomTensor<tf.Rank.R2>([tokens, columns], seed), 3));

    test('attention', () => {
      const qkv = sharp(3 * channels, 1);
      expect(
        relativeDifference(
          () => attentionKernel.run({ qkv }, { numHeads }),
          () => plain.selfAttention(qkv, numHeads),
        ),
      ).toBeLessThan(tolerance);
      qkv.dispose();
    });

    test.each([1, 4, 5, 31, 67])('rows of %i queries', (count) => {
      const keys = sharp(channels, 2);
      const queries = randomTensor<tf.Rank.R2>([count, channels], 3);
      expect(
        relativeDifference(
          () => queryRowsKernel.run({ queries, keys }, { numHeads }),
          () => plain.queryRows(queries, keys, numHeads),
        ),
      ).toBeLessThan(tolerance);
      tf.dispose([keys, queries]);
    });
  });

  test('scores so low that e to their power is no number still make attention', () => {
    const qkv = tf.tidy(() => tf.fill<tf.Rank.R2>([9, 24], -20));
    expect(
      relativeDifference(
        () => attentionKernel.run({ qkv }, { numHeads: 1 }),
        () => plain.selfAttention(qkv, 1),
      ),
    ).toBeLessThan(tolerance);
    qkv.dispose();
  });
}
