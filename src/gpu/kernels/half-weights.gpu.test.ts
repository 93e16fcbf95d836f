import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { decodeFloat16 } from '../../core/float16.ts';
import { openForKernels } from './kernel.suite.ts';
import { floatWeight, halfWeight, storageOf, weightColumns } from './half-weights.ts';

const check = openForKernels();

/** Every finite bit pattern of binary16, including two zeros, subnormals and the largest number. */
const finite = decodeFloat16(
  new Uint8Array(Uint16Array.from({ length: 65_536 }, (_, pattern) => pattern).buffer),
).filter((value) => Number.isFinite(value));

test('every value of a float16 comes back as it was', async () => {
  const shape: [number, number] = [finite.length / 8, 8];
  const half = halfWeight(finite, shape);
  if (half === null) throw new Error('all of these are float16s');
  expect(half.shape).toEqual([shape[0], 4]);
  expect(weightColumns(half)).toBe(8);
  expect(storageOf(half)).toBe('float16');
  const full = tf.tensor2d(finite, shape);
  const subnormal = 2 ** -14; // a device may treat smaller numbers as zero
  const flushed = tf.tidy(() => tf.where(tf.less(tf.abs(full), subnormal), tf.zerosLike(full), full));
  await check(
    [half, full, flushed],
    () => {
      const values = floatWeight(half);
      return tf.where(tf.less(tf.abs(values), subnormal), tf.zerosLike(values), values);
    },
    () => tf.clone(flushed),
  );
});

test('a value that is no float16 leaves the weight as it is', () => {
  const values = Float32Array.of(1, 0.5, 0.1, 2);
  expect(halfWeight(values, [2, 2])).toBeNull();
  expect(halfWeight(Float32Array.of(1, 65_536), [1, 2])).toBeNull();
  expect(halfWeight(Float32Array.of(NaN, 1), [1, 2])).toBeNull();
});

test('a float32 weight is used as it lies', () => {
  const weight = tf.tensor2d([1, 2], [1, 2]);
  expect(floatWeight(weight)).toBe(weight);
  weight.dispose();
});
