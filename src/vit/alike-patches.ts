/** Which patches are alike, by the products of their features: on the device, for there are n² of them. */
import * as tf from '@tensorflow/tfjs-core';
import { checkFeatures } from './check-features.ts';
import { throwIfAborted } from './forward.ts';
import { asWeight, normalised, patchFeatures } from './patch-features.ts';
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

/**
 * @param tapped keeps this facet of this block; borrowed
 * @returns 1 where the product of two patches' features is above the threshold, else 0; shape [n, n]
 * @throws FailureError on a fault of the device, where a feature is not finite, or 'cancelled'
 */
export async function readAlikePatches(
  tapped: Tapped,
  block: number,
  facet: Facet,
  { isCosine, threshold, signal }: AlikeOptions,
): Promise<Uint8Array> {
  const patches = tapped.rows * tapped.columns;
  const alike = new Uint8Array(patches * patches);
  const features = tf.tidy(() => {
    const own = patchFeatures(tapped, block, facet);
    return isCosine ? normalised(own) : own;
  });
  const weight = asWeight(features, columnsAtOnce);
  const most = Math.max(1, Math.floor(maxBytes / (4 * patches * columnsAtOnce))) * columnsAtOnce;
  try {
    // Of a product that is no number a comparison would make one; their sum is no number either.
    checkFeatures((await readValues(tf.sum(features), tapped.faults)).values);
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
