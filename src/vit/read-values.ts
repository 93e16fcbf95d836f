import type * as tf from '@tensorflow/tfjs-core';
import type { FaultWatch } from '../gpu/fault-watch.ts';

/**
 * Reads values from the device, and checks that it reported no fault.
 * @param tensor disposed of
 * @throws FailureError on a fault of the device
 */
export async function readValues(
  tensor: tf.Tensor,
  faults: FaultWatch,
): Promise<{ readonly values: Float32Array<ArrayBuffer>; readonly readAt: number }> {
  try {
    const values = (await faults.race(tensor.data())) as Float32Array<ArrayBuffer>;
    const readAt = performance.now();
    await faults.settle();
    return { values, readAt };
  } finally {
    tensor.dispose();
  }
}
