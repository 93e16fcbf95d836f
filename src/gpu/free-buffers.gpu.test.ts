import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { countBuffers } from '../testing/count-buffers.ts';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { dropFreeBuffers } from './free-buffers.ts';

afterEach(() => void vi.restoreAllMocks());

/** [1, n] times [n, 1] is the sum of squares. Its buffers have a size that no other n has. */
async function sumOfSquares(n: number): Promise<number> {
  const values = Float32Array.from({ length: n }, (_, i) => (i % 3) - 1);
  const product = tf.tidy(() => {
    const row = tf.tensor2d(values, [1, n]);
    return tf.matMul(tf.add(row, 0), tf.transpose(tf.mul(row, 1)));
  });
  const [sum = NaN] = await product.data();
  product.dispose();
  return sum;
}

test('buffers of fifty sizes do not pile up, and what comes after is right', async () => {
  const backend = await openWebGpu();
  const count = countBuffers();
  const limit = 200_000;
  let largest = 0;
  for (let size = 1; size <= 50; size++) {
    const n = size * 300;
    // The values repeat −1, 0, 1. Two of three squares are 1, and n is a multiple of three.
    expect(await sumOfSquares(n)).toBeCloseTo((2 * n) / 3, 3);
    largest = Math.max(largest, count.bytes);
    await dropFreeBuffers(backend, limit);
    expect(
      count.bytes - (tf.memory() as unknown as { numBytesInGPU: number }).numBytesInGPU,
    ).toBeLessThanOrEqual(limit);
  }
  // One step takes a few hundred kB; all steps together would take five megabytes.
  expect(largest).toBeLessThan(1_500_000);
  await backend.finish();
});
