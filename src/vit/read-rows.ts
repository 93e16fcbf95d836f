import type * as tf from '@tensorflow/tfjs-core';
import { afterReadBack, type FaultWatch } from '../gpu/fault-watch.ts';
import { checkRows, type RowsShape } from './softmax-rows.ts';

/**
 * Attention from the device, believed only once it is checked.
 * @param rows shape [H × Q, T]; disposed of
 * @param nameOf see `checkRows`
 * @throws FailureError on a fault of the device, or where a row does not sum to 1
 */
export async function readRows(
  rows: tf.Tensor2D,
  shape: RowsShape,
  faults: FaultWatch,
  nameOf?: (query: number) => string | null,
): Promise<{ readonly values: Float32Array; readonly readAt: number }> {
  try {
    const values = (await faults.race(rows.data())) as Float32Array;
    const readAt = performance.now();
    await afterReadBack();
    faults.check();
    checkRows(values, shape, nameOf);
    return { values, readAt };
  } finally {
    rows.dispose();
  }
}
