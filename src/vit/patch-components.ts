/** Principal components of patches' features: sums over patches on the device, C × C numbers back. */
import * as tf from '@tensorflow/tfjs-core';
import { checkFeatures } from './check-features.ts';
import { patchFeatures } from './patch-features.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';
import type { Facet } from './taps.ts';

/** Columns that the device's layers compute at least. */
const columnsAtOnce = 4;

async function readFinite(tensor: tf.Tensor, { faults }: Tapped): Promise<Float32Array<ArrayBuffer>> {
  const { values } = await readValues(tensor, faults);
  checkFeatures(values);
  return values.slice();
}

/**
 * @param kept 1 for patches that count, else 0, at least one 1; shape [n]
 * @returns the sum of their features, shape [C]
 * @throws FailureError on a fault of the device, or where a value is not finite
 */
export async function readPatchSum(
  tapped: Tapped,
  block: number,
  facet: Facet,
  kept: Float32Array,
): Promise<Float32Array> {
  const sum = tf.tidy(() =>
    tf.sum(tf.mul(patchFeatures(tapped, block, facet), tf.tensor2d(kept, [kept.length, 1])), 0),
  );
  return readFinite(sum, tapped);
}

/**
 * @param mean shape [C]
 * @returns the sum of (x − mean)(x − mean)ᵀ over the patches that count, shape [C, C]
 * @throws FailureError on a fault of the device, or where a value is not finite
 */
export async function readPatchScatter(
  tapped: Tapped,
  block: number,
  facet: Facet,
  kept: Float32Array,
  mean: Float32Array,
): Promise<Float32Array> {
  const scatter = tf.tidy(() => {
    const features = patchFeatures(tapped, block, facet);
    const counted = tf.mul<tf.Tensor2D>(
      tf.sub(features, tf.tensor1d(mean)),
      tf.tensor2d(kept, [kept.length, 1]),
    );
    return tapped.layers.linear(tf.transpose(counted), { weight: counted, bias: null });
  });
  return readFinite(scatter, tapped);
}

/**
 * @param axes shape [K, C]
 * @returns each patch's (x − mean) along each axis, shape [K, n]
 * @throws FailureError on a fault of the device, or where a value is not finite
 */
export async function readPatchProjections(
  tapped: Tapped,
  block: number,
  facet: Facet,
  mean: Float32Array,
  axes: readonly Float32Array[],
): Promise<Float32Array<ArrayBuffer>> {
  const channels = mean.length;
  const columns = Math.ceil(axes.length / columnsAtOnce) * columnsAtOnce;
  const weight = new Float32Array(channels * columns);
  for (const [column, axis] of axes.entries())
    for (let channel = 0; channel < channels; channel++)
      weight[channel * columns + column] = axis[channel] as number;
  const projected = tf.tidy(() => {
    const centred = tf.sub<tf.Tensor2D>(patchFeatures(tapped, block, facet), tf.tensor1d(mean));
    const along = tapped.layers.linear(centred, {
      weight: tf.tensor2d(weight, [channels, columns]),
      bias: null,
    });
    return tf.transpose(tf.slice2d(along, [0, 0], [-1, axes.length]));
  });
  return readFinite(projected, tapped);
}
