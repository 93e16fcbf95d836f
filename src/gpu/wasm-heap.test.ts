import * as tf from '@tensorflow/tfjs-core';
import { afterEach, expect, test, vi } from 'vitest';
import { failureOf } from '../core/failure.ts';
import { openBackend } from './open-backend.ts';

afterEach(() => void vi.restoreAllMocks());

test('a heap that cannot grow is memory that ran out, at the first tensor that has no room', async () => {
  const opened = await openBackend('wasm', null);
  expect(opened).toMatchObject({ ok: true });
  vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(() => {
    throw new RangeError('WebAssembly.Memory.grow(): Maximum memory size exceeded');
  });
  const made: tf.Tensor[] = [];
  let thrown: unknown = null;
  try {
    for (let value = 1; value < 200; value++) {
      made.push(tf.fill([1024, 1024], value));
      // Existing tensors must never be overwritten.
      for (const [i, tensor] of made.entries()) expect((await tensor.data())[0]).toBe(i + 1);
    }
  } catch (error) {
    thrown = error;
  }
  expect(failureOf(thrown)).toEqual({ code: 'out-of-memory', tokens: null });
  const { length } = made;
  tf.dispose(made);
  vi.restoreAllMocks();
  expect(length).toBeGreaterThan(0);
  // The heap is still valid: it works again once there is room.
  const sum = tf.tidy(() => tf.add(tf.ones([1024, 1024]), 1));
  expect((await sum.data())[5]).toBe(2);
  sum.dispose();
});
