/**
 * How many dispatches tfjs submits to the device at once. tfjs reuses a buffer only after the commands that use it are
 * submitted. A large pass in one submit would therefore hold all its intermediate results at the same time, while fifteen
 * dispatches (tfjs's default) hold few. If the intermediate results of a pass are small in total, one submit saves the
 * driver the work of the others.
 */
import * as tf from '@tensorflow/tfjs-core';

/** Limit for the intermediate results of one pass: the size of WebGPU's default binding. */
const mostBytes = 128 * 1024 * 1024;

/**
 * Runs `work` with one submit at its end, if its intermediate results are small enough.
 * @param bytes total size of all intermediate results
 * @param work its last step must wait for the device and thereby submit
 */
export async function submitTogether<T>(bytes: number, work: () => Promise<T>): Promise<T> {
  // Other back ends do not have this flag.
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
