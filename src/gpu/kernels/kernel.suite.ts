/** Compares our kernels with tfjs's plain ops, for tests beside the kernels. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect } from 'vitest';
import type { OpenBackend } from '../open-backend.ts';
import { maxAbsDifference } from '../../core/max-abs-difference.ts';
import { openWebGpu } from '../../testing/open-webgpu.ts';

/** Normally distributed values, the same in every run. Caller disposes. */
export const randomTensor = <R extends tf.Rank>(
  shape: tf.ShapeMap[R],
  seed: number,
  mean = 0,
): tf.Tensor<R> => tf.randomNormal<R>(shape, mean, 1, 'float32', seed);

/**
 * Opens a back end for a test file.
 * @returns a check for its tests; the check disposes the inputs
 */
export function openForKernels(
  open: () => Promise<OpenBackend> = openWebGpu,
): (inputs: tf.Tensor[], ours: () => tf.Tensor, plain: () => tf.Tensor) => Promise<void> {
  let backend: OpenBackend;
  beforeAll(async () => {
    backend = await open();
  });
  return async (inputs, ours, plain) => {
    const before = tf.memory();
    const expected = tf.tidy(plain);
    const actual = tf.tidy(ours);
    expect(actual.shape).toEqual(expected.shape);
    expect(tf.memory().numTensors).toBe(before.numTensors + 2);
    const expectedValues = (await backend.faults.race(expected.data())) as Float32Array;
    const largest = expectedValues.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(largest).toBeGreaterThan(0);
    expect(maxAbsDifference(await backend.faults.race(actual.data()), expectedValues) / largest).toBeLessThan(
      1e-5,
    );
    tf.dispose([expected, actual]);
    expect(tf.memory().numTensors).toBe(before.numTensors);
    expect(tf.memory().numBytes).toBe(before.numBytes);
    tf.dispose(inputs);
    await backend.finish(); // an uncaptured error fails the test here
  };
}
