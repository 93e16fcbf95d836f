/** The large products of recognition, on the device: each in its turn, so that photographs are looked at between two of them. */
import * as tf from '@tensorflow/tfjs-core';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { DotProducts } from '../recognise/dot-products.ts';
import type { FeatureVectors } from '../recognise/feature-vectors.ts';
import { plainProducts, type ProbeProducts } from '../recognise/linear-probe.ts';
import type { Enqueue } from '../rpc/serial-queue.ts';
import { readValues } from '../vit/read-values.ts';

export interface Device {
  enqueue: Enqueue;
  /** Of the back end that runs. */
  faults(): FaultWatch;
}

/**
 * Products of the queries with the bank.
 * @returns `dispose` frees what lies on the device
 */
export async function deviceDots(
  queries: FeatureVectors,
  bank: FeatureVectors,
  { enqueue, faults }: Device,
): Promise<{ readonly dots: DotProducts; dispose(): void }> {
  const { channels } = bank;
  const banked = await enqueue(async () => tf.tensor2d(bank.values, [bank.count, channels]));
  return {
    dots: (first, end) =>
      enqueue(async () => {
        const product = tf.tidy(() => {
          const rows = queries.values.subarray(first * channels, end * channels);
          return tf.matMul(tf.tensor2d(rows, [end - first, channels]), banked, false, true);
        });
        return (await readValues(product, faults())).values;
      }),
    dispose: () => banked.dispose(),
  };
}

/** Below so many numbers a turn on the device takes longer than the plain loops. */
const leastProducts = 2e6;

/**
 * The products of a linear probe's steps. Those of one set of inputs are disposed of when the next set comes.
 * @param classCount K
 */
export function deviceProbeProducts(
  classCount: number,
  { enqueue, faults }: Device,
): { readonly productsOf: (inputs: FeatureVectors) => ProbeProducts; dispose(): void } {
  let held: tf.Tensor2D | null = null;
  const dispose = (): void => {
    held?.dispose();
    held = null;
  };
  const productsOf = (inputs: FeatureVectors): ProbeProducts => {
    dispose();
    const { count, channels, values } = inputs;
    if (count * channels * classCount < leastProducts) return plainProducts(inputs);
    const inTurn = (make: (rows: tf.Tensor2D) => tf.Tensor): Promise<Float32Array> =>
      enqueue(async () => {
        held ??= tf.tensor2d(values, [count, channels]);
        const rows = held;
        return (
          await readValues(
            tf.tidy(() => make(rows)),
            faults(),
          )
        ).values;
      });
    return {
      scores: (weight, classes) =>
        inTurn((rows) => tf.matMul(rows, tf.tensor2d(weight, [classes, channels]), false, true)),
      gradient: (residuals, classes) =>
        inTurn((rows) => tf.matMul(tf.tensor2d(residuals, [count, classes]), rows, true, false)),
    };
  };
  return { productsOf, dispose };
}
