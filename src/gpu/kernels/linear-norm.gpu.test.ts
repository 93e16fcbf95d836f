import * as tf from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import { decodeFloat16, encodeFloat16 } from '../../core/float16.ts';
import { layerNorm, linear } from '../../vit/layers.ts';
import { halfWeight } from './half-weights.ts';
import { openForKernels, randomTensor } from './kernel.suite.ts';
import { variantName, type LinearVariant } from './linear-code.ts';
import { fitsRow } from './linear-norm-code.ts';
import { linearNormKernel, linearNormVariant } from './linear-norm.ts';
import { setTuning, untuned } from './tuning.ts';
import { linearVariants, runsOn } from './variants.ts';

const check = openForKernels();
const device = (): GPUDevice => (tf.backend() as unknown as { readonly device: GPUDevice }).device;
afterEach(() => setTuning(tf.backend(), untuned));

const eps = 1e-6;

/** Both results as one tensor: the sum, then what LayerNorm makes of it. */
async function expectBoth(
  rows: number,
  depth: number,
  columns: number,
  { storage = 'float32', hasBias = true, mean = 0 }: { storage?: string; hasBias?: boolean; mean?: number },
): Promise<void> {
  const x = randomTensor<tf.Rank.R2>([rows, depth], 1);
  const random = tf.tidy(() => tf.div(randomTensor<tf.Rank.R2>([depth, columns], 2), Math.sqrt(depth)));
  const values = decodeFloat16(encodeFloat16((await random.data()) as Float32Array));
  random.dispose();
  const weight = tf.tensor2d(values, [depth, columns]);
  const used =
    storage === 'float16' ? (halfWeight(values, [depth, columns]) as tf.Tensor2D) : tf.clone(weight);
  const bias = randomTensor<tf.Rank.R1>([columns], 3);
  const residual = randomTensor<tf.Rank.R2>([rows, columns], 4, mean);
  const gain = randomTensor<tf.Rank.R1>([columns], 5);
  const shift = randomTensor<tf.Rank.R1>([columns], 6);
  const inputs = { x, weight: used, ...(hasBias ? { bias } : {}), residual, gain, shift };
  await check(
    [x, weight, used, bias, residual, gain, shift],
    () => tf.concat2d(linearNormKernel.run(inputs, { eps }), 0),
    () => {
      const sum = tf.add<tf.Tensor2D>(residual, linear(x, { weight, bias: hasBias ? bias : null }));
      return tf.concat2d([sum, layerNorm(sum, { gain, bias: shift }, eps)], 0);
    },
  );
}

test.each([
  [1, 4, 4, {}],
  [7, 24, 12, {}],
  [9, 36, 100, { hasBias: false }],
  [197, 128, 384, { storage: 'float16' }],
  // A sum of squares would lose its digits here.
  [70, 32, 36, { mean: 300 }],
] as const)('%i rows, %i → %i: %o', async (rows, depth, columns, options) => {
  await expectBoth(rows, depth, columns, options);
  expect.hasAssertions();
});

describe.each(linearVariants.filter((variant) => variant.kind !== 'shared'))('the variant %o', (variant) => {
  test.for(['float32', 'float16'])('%s weights', async (storage, context) => {
    if (!runsOn(device(), variant)) {
      console.warn(`${variantName(variant)} is not checked: this adapter has no subgroups`);
      context.skip();
    }
    setTuning(tf.backend(), { ...untuned, linearNorm: () => variant });
    // A width that is no whole number of wide tiles, fewer lanes than partial sums, rows beyond the last.
    for (const [rows, depth, columns] of [
      [70, 36, 68],
      [13, 20, 8],
    ] as const)
      await expectBoth(rows, depth, columns, { storage });
    expect.hasAssertions();
  });
});

test('rows that do not fit into a workgroup, odd depths, and what is faster apart take two dispatches', () => {
  const wide = 4 * 2 * device().limits.maxComputeInvocationsPerWorkgroup + 4;
  const given = (depth: number, columns: number): Parameters<typeof linearNormVariant>[1] => ({
    x: { dataId: {}, shape: [64, depth], dtype: 'float32' },
    weight: { dataId: {}, shape: [depth, columns], dtype: 'float32' },
    residual: { dataId: {}, shape: [64, columns], dtype: 'float32' },
  });
  const usual = linearNormVariant(tf.backend(), given(8, 8));
  expect(usual).not.toBeNull();
  expect(linearNormVariant(tf.backend(), given(8, wide))).toBeNull();
  expect(linearNormVariant(tf.backend(), given(8, wide - 4))).toMatchObject({ vectors: 2 });
  expect(linearNormVariant(tf.backend(), given(6, 8))).toBeNull();
  const timed = { kind: 'registers', rows: 8, vectors: 2 } satisfies LinearVariant;
  setTuning(tf.backend(), { ...untuned, linearNorm: () => timed });
  expect(linearNormVariant(tf.backend(), given(8, 8))).toBe(timed);
  expect(fitsRow(timed, wide, device().limits)).toBe(false);
  setTuning(tf.backend(), { ...untuned, linearNorm: () => 'apart' });
  expect(linearNormVariant(tf.backend(), given(8, 8))).toBeNull();
});
