/** Which patches are alike, by the products of their features: on the device, for there are n² of them. */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount } from '../core/architecture.ts';
import { throwIfAborted } from './forward.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';
import type { Facet } from './taps.ts';

/** Products that come back at once take no more, or are of so many patches. */
const maxBytes = 16 * 1024 * 1024;

/** What the device's layers can do: whole vectors, and whole tiles of the kernels that are timed. */
const columnsAtOnce = 64;

interface AlikeOptions {
  /** Products of features of length 1: cosines. */
  readonly isCosine: boolean;
  /** What a product must exceed. */
  readonly threshold: number;
  readonly signal: AbortSignal;
}

/** Features of a block's patches as a layer's weights, with columns of 0 to whole tiles. @returns shape [C, ≥ n] */
function asWeight(features: tf.Tensor2D): tf.Tensor2D {
  const [patches] = features.shape;
  const missing = Math.ceil(patches / columnsAtOnce) * columnsAtOnce - patches;
  return tf.transpose(
    tf.pad2d(features, [
      [0, missing],
      [0, 0],
    ]),
  );
}

/** @returns shape [n, C] */
function patchFeatures(tapped: Tapped, block: number, facet: Facet, isCosine: boolean): tf.Tensor2D {
  return tf.tidy(() => {
    const special = specialTokenCount(tapped.parameters.architecture);
    const features = tf.slice2d(tapped.facet(block, facet), [special, 0], [-1, -1]);
    if (!isCosine) return features;
    // As torch.nn.functional.normalize: a feature of 0 stays 0.
    return tf.div<tf.Tensor2D>(features, tf.maximum(tf.norm(features, 'euclidean', 1, true), 1e-12));
  });
}

/**
 * @param tapped keeps this facet of this block; borrowed
 * @returns 1 where the product of two patches' features is above the threshold, else 0; shape [n, n]
 * @throws FailureError on a fault of the device, or 'cancelled'
 */
export async function readAlikePatches(
  tapped: Tapped,
  block: number,
  facet: Facet,
  { isCosine, threshold, signal }: AlikeOptions,
): Promise<Uint8Array> {
  const patches = tapped.rows * tapped.columns;
  const alike = new Uint8Array(patches * patches);
  const features = patchFeatures(tapped, block, facet, isCosine);
  const weight = tf.tidy(() => asWeight(features));
  const most = Math.max(1, Math.floor(maxBytes / (4 * patches * columnsAtOnce))) * columnsAtOnce;
  try {
    for (let begin = 0; begin < patches; begin += most) {
      const columns = { begin, count: Math.min(most, weight.shape[1] - begin) };
      const isAbove = tf.tidy(() => {
        const products = tapped.layers.linearPart(features, { weight, bias: null }, patches, columns);
        return tf.greater(products, threshold);
      });
      const { values } = await readValues(isAbove, tapped.faults);
      const count = Math.min(columns.count, patches - begin);
      for (let row = 0; row < patches; row++) {
        const from = row * columns.count;
        alike.set(values.subarray(from, from + count), row * patches + begin);
      }
      throwIfAborted(signal);
    }
    return alike;
  } finally {
    tf.dispose([features, weight]);
  }
}
