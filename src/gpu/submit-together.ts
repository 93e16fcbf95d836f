/**
 * How many dispatches tfjs gives to the device at once. It takes a buffer again only once what used it was submitted, so that a large pass
 * in one submit would hold all its intermediate results together, and fifteen dispatches, tfjs's own measure, hold few. Where all of
 * them are little memory, one submit spares the device's driver the others.
 */
import * as tf from '@tensorflow/tfjs-core';

/** For what a pass may hold together: WebGPU's default binding. */
const mostBytes = 128 * 1024 * 1024;

/**
 * Runs `work` with one submit at its end, if its results are small enough.
 * @param bytes of all its intermediate results
 * @param work whose last step waits for the device and so submits
 */
export async function submitTogether<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  // Other back ends have no such flag.
  if (bytes > mostBytes || tf.getBackend() !== 'webgpu') return work();
  const flag = 'WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE';
  const before = tf.env().getNumber(flag);
  tf.env().set(flag, Number.MAX_SAFE_INTEGER);
  try {
    return await work();
  } finally {
    tf.env().set(flag, before);
  }
}
