/** Runs one variant and compares it with ops that the self-check has checked. */
import * as tf from '@tensorflow/tfjs-core';
import type { AttentionVariant } from './attention-code.ts';
import { halfWeight, type WeightStorage } from './half-weights.ts';
import type { LinearVariant, RegisterVariant } from './linear-code.ts';
import { linearNormKernel } from './linear-norm.ts';
import { layerNormKernel } from './layer-norm.ts';
import { linearKernel } from './linear.ts';
import { tuningOf, untuned, type Tuning } from './tuning.ts';

/** As a share of the largest value. Another order of summation changes sums by about 1e-6. */
const tolerance = 1e-4;

/** A kernel under test, and the same computation by ops that the self-check has checked. */
export interface Trial {
  run(): tf.Tensor;
  expected(): tf.Tensor;
}

/** @returns the largest difference as a share of the largest value, a scalar */
export const difference = ({ run, expected }: Trial): tf.Tensor =>
  tf.tidy(() => {
    const wanted = expected();
    return tf.div(tf.max(tf.abs(tf.sub(run(), wanted))), tf.max(tf.abs(wanted)));
  });

export async function differs(trial: Trial): Promise<boolean> {
  const found = difference(trial);
  const [value = NaN] = await found.data();
  found.dispose();
  return !(value <= tolerance);
}

/**
 * Values between −0.5 and 0.5, the same in every run and all exact float16s. Faster than tfjs's normally distributed
 * numbers.
 */
export const someValues = (length: number): Float32Array =>
  Float32Array.from({ length }, (_, i) => (Math.imul(i + 1, 0x9e3779b1) >>> 21) / 2 ** 11 - 0.5);

/** For trials that compute nothing. */
export const zeros = (length: number): Float32Array => new Float32Array(length);

export function linearTrial(
  tokens: number,
  depth: number,
  columns: number,
  storage: WeightStorage,
  valuesOf = someValues,
): Trial & { dispose(): void } {
  const x = tf.tensor2d(valuesOf(tokens * depth), [tokens, depth]);
  const values = valuesOf(depth * columns);
  const full = tf.tensor2d(values, [depth, columns]);
  const weight = storage === 'float16' ? (halfWeight(values, [depth, columns]) ?? full) : full;
  const whole = { rows: tokens, firstColumn: 0, columns, activation: 'none' } as const;
  return {
    run: () => linearKernel.run({ x, weight }, whole),
    expected: () => tf.matMul(x, full),
    dispose: () => tf.dispose([x, full, weight]),
  };
}

/** LayerNorm's term in trials. */
const eps = 1e-6;

/**
 * A linear layer, a residual sum and LayerNorm: the sum, then what LayerNorm makes of it, as one tensor. In one dispatch or
 * in two, as the tuning says; compared with tfjs's product and our LayerNorm, which the self-check has checked.
 */
export function linearNormTrial(
  tokens: number,
  depth: number,
  columns: number,
  storage: WeightStorage,
  valuesOf = someValues,
): Trial & { dispose(): void } {
  const x = tf.tensor2d(valuesOf(tokens * depth), [tokens, depth]);
  const values = valuesOf(depth * columns);
  const full = tf.tensor2d(values, [depth, columns]);
  const weight = storage === 'float16' ? (halfWeight(values, [depth, columns]) ?? full) : full;
  const residual = tf.tensor2d(valuesOf(tokens * columns), [tokens, columns]);
  const gain = tf.tensor1d(valuesOf(columns));
  const shift = tf.clone(gain);
  const whole = { rows: tokens, firstColumn: 0, columns, activation: 'none' } as const;
  const both = (sum: tf.Tensor2D, normed: tf.Tensor2D): tf.Tensor => tf.concat2d([sum, normed], 0);
  const normed = (sum: tf.Tensor2D): tf.Tensor2D =>
    layerNormKernel.run({ x: sum, gain, bias: shift }, { eps });
  return {
    run: () =>
      tf.tidy(() => {
        if (tuningOf(tf.backend()).linearNorm(tokens, depth, columns, storage) === 'apart') {
          const sum = linearKernel.run({ x, weight, residual }, whole);
          return both(sum, normed(sum));
        }
        return both(...linearNormKernel.run({ x, weight, residual, gain, shift }, { eps }));
      }),
    expected: () =>
      tf.tidy(() => {
        const sum = tf.add<tf.Tensor2D>(tf.matMul(x, full), residual);
        return both(sum, normed(sum));
      }),
    dispose: () => tf.dispose([x, full, weight, residual, gain, shift]),
  };
}

/** @param linear the variant of the linear layer where it runs apart */
export const withLinearNorm =
  (linear: LinearVariant | null) =>
  (variant: RegisterVariant | 'apart'): Tuning => ({
    ...untuned,
    linear: () => linear,
    linearNorm: () => variant,
  });

export const withLinear = (variant: LinearVariant): Tuning => ({ ...untuned, linear: () => variant });
export const withAttention = (attention: AttentionVariant): Tuning => ({ ...untuned, attention });
