import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeFloat16, encodeFloat16 } from '../../core/float16.ts';
import { openForKernels, randomTensor } from './kernel.suite.ts';
import { gelu, linear } from '../../vit/layers.ts';
import { halfWeight } from './half-weights.ts';
import { variantName } from './linear-code.ts';
import { linearKernel } from './linear.ts';
import { linearVariants, runsOn } from './variants.ts';
import { setTuning, untuned } from './tuning.ts';

const check = openForKernels();
const device = (): GPUDevice => (tf.backend() as unknown as { readonly device: GPUDevice }).device;

interface Layer {
  readonly x: tf.Tensor2D;
  readonly weight: tf.Tensor2D;
  readonly bias: tf.Tensor1D;
  readonly residual: tf.Tensor2D;
}

function randomLayer(rows: number, depth: number, columns: number): Layer {
  return {
    x: randomTensor<tf.Rank.R2>([rows, depth], 1),
    weight: tf.tidy(() => tf.div(randomTensor<tf.Rank.R2>([depth, columns], 2), Math.sqrt(depth))),
    bias: randomTensor<tf.Rank.R1>([columns], 3),
    residual: randomTensor<tf.Rank.R2>([rows, columns], 4),
  };
}

describe.each([
  [1, 24, 72],
  [2, 36, 36],
  [7, 4, 4],
  [197, 36, 144],
  [197, 384, 128],
  [532, 192, 128],
  [533, 128, 512],
  [533, 512, 128],
  [533, 24, 12],
  [5, 147, 36],
  [533, 75, 384],
])('%i rows, %i → %i', (rows, depth, columns) => {
  const whole = { rows, firstColumn: 0, columns, activation: 'none' } as const;

  test.each([true, false])('bias: %s', async (hasBias) => {
    const { x, weight, bias, residual } = randomLayer(rows, depth, columns);
    await check(
      [x, weight, bias, residual],
      () => linearKernel.run(hasBias ? { x, weight, bias } : { x, weight }, whole),
      () => linear(x, { weight, bias: hasBias ? bias : null }),
    );
    expect.hasAssertions();
  });

  test.each([true, false])('GELU, bias: %s', async (hasBias) => {
    const { x, weight, bias, residual } = randomLayer(rows, depth, columns);
    await check(
      [x, weight, bias, residual],
      () => linearKernel.run(hasBias ? { x, weight, bias } : { x, weight }, { ...whole, activation: 'gelu' }),
      () => gelu(linear(x, { weight, bias: hasBias ? bias : null })),
    );
    expect.hasAssertions();
  });

  test.each([true, false])('residual, bias: %s', async (hasBias) => {
    const { x, weight, bias, residual } = randomLayer(rows, depth, columns);
    await check(
      [x, weight, bias, residual],
      () => linearKernel.run({ x, weight, residual, ...(hasBias ? { bias } : {}) }, whole),
      () => tf.add(residual, linear(x, { weight, bias: hasBias ? bias : null })),
    );
    expect.hasAssertions();
  });
});

test.each([
  [533, 128, 1, 0, 128],
  [533, 128, 533, 128, 128],
  [197, 36, 3, 36, 72],
  [2, 24, 1, 48, 4],
])(
  'a part: of %i × %i the first %i rows, from column %i on %i columns of three times the width',
  async (tokens, width, rows, firstColumn, columns) => {
    const { x, weight, bias, residual } = randomLayer(tokens, width, 3 * width);
    await check(
      [x, weight, bias, residual],
      () => linearKernel.run({ x, weight, bias }, { rows, firstColumn, columns, activation: 'none' }),
      () => tf.slice(linear(x, { weight, bias }), [0, firstColumn], [rows, columns]),
    );
    expect.hasAssertions();
  },
);

describe.each(linearVariants)('the variant %o', (variant) => {
  beforeAll(() => setTuning(tf.backend(), { ...untuned, linear: () => variant }));
  afterAll(() => setTuning(tf.backend(), untuned));

  // Tiles that extend beyond the rows, columns and depth; and only a part of the columns.
  describe.each([
    [1, 4, 4, 0],
    [70, 36, 68, 0],
    [130, 64, 132, 0],
    [65, 20, 12, 8],
  ])('%i rows, %i → %i, from column %i on', (rows, depth, columns, firstColumn) => {
    test.for(['float32', 'float16'] as const)('%s weights', async (storage, context) => {
      if (!runsOn(device(), variant)) {
        console.warn(`${variantName(variant)} is not checked: this adapter has no subgroups`);
        context.skip();
      }
      const { x, weight, bias, residual: wide } = randomLayer(rows, depth, firstColumn + columns);
      wide.dispose();
      const residual = randomTensor<tf.Rank.R2>([rows, columns], 4);
      const values = decodeFloat16(encodeFloat16((await weight.data()) as Float32Array));
      weight.dispose();
      const shape: [number, number] = [depth, firstColumn + columns];
      const full = tf.tensor2d(values, shape);
      const half = halfWeight(values, shape);
      expect(half?.dtype).toBe('int32');
      const used = storage === 'float16' ? (half as tf.Tensor2D) : full;
      const attributes = { rows, firstColumn, columns, activation: 'gelu' } as const;
      await check(
        [x, full, half as tf.Tensor2D, bias, residual],
        () => linearKernel.run({ x, weight: used, bias, residual }, attributes),
        () =>
          tf.add(
            residual,
            gelu(tf.slice2d(linear(x, { weight: full, bias }), [0, firstColumn], [rows, columns])),
          ),
      );
    });
  });
});
