/** How alike the patches of one or several photographs are to some tokens of one of them: cosines, computed on the device. */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount } from '../core/architecture.ts';
import { asWeight, lengthsOf, normalised } from './patch-features.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';
import type { Facet, TokenIndex } from './taps.ts';

/** Columns that the device's layers compute at least. */
const columnsAtOnce = 4;

/**
 * The direction that tokens have in common: the mean of their features, each with length 1 before.
 * @param tapped keeps this facet of this block; borrowed
 * @param tokens at least one
 * @returns with length 1, or 0 where they cancel out; shape [1, C]; the caller disposes
 */
export function directionOf(
  tapped: Tapped,
  block: number,
  facet: Facet,
  tokens: readonly TokenIndex[],
): tf.Tensor2D {
  return tf.tidy(() => {
    const asked = tf.gather(tapped.facet(block, facet), tf.tensor1d([...tokens], 'int32'));
    return normalised(tf.mean<tf.Tensor2D>(normalised(asked), 0, true));
  });
}

/** @param weight the direction's, shape [C, ≥ 1] @returns each patch's cosine with it, shape [n, 1] */
function cosinesWith(weight: tf.Tensor2D, tapped: Tapped, block: number, facet: Facet): tf.Tensor2D {
  const features = tapped.facet(block, facet);
  const products = tapped.layers.linear(features, { weight, bias: null });
  const first = specialTokenCount(tapped.parameters.architecture);
  // All tokens are multiplied, and the patches taken from the products: to take them from the features would copy these.
  return tf.div(
    tf.slice2d(products, [first, 0], [-1, 1]),
    tf.slice2d(lengthsOf(features), [first, 0], [-1, 1]),
  );
}

/**
 * One read-back for all photographs: each takes milliseconds.
 * @param all keep this facet of this block; on one device; at least one; borrowed
 * @param direction shape [1, C], see `directionOf`; borrowed
 * @returns for each photograph each patch's cosine with the direction, shape [rows, columns]; 0 where the feature is 0
 * @throws FailureError on a fault of the device
 */
export async function readSimilarities(
  all: readonly Tapped[],
  block: number,
  facet: Facet,
  direction: tf.Tensor2D,
): Promise<Float32Array<ArrayBuffer>[]> {
  const [first] = all;
  if (first === undefined) throw new Error('similarities need a photograph');
  const cosines = tf.tidy(() => {
    const weight = asWeight(direction, columnsAtOnce);
    return tf.concat2d(
      all.map((each) => tf.tidy(() => cosinesWith(weight, each, block, facet))),
      0,
    );
  });
  const { values } = await readValues(cosines, first.faults);
  let begin = 0;
  return all.map(({ rows, columns }) => {
    const end = begin + rows * columns;
    const map = values.slice(begin, end);
    begin = end;
    return map;
  });
}
