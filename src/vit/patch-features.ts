/** Features of a pass's patches, on the device. */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount } from '../core/architecture.ts';
import type { Tapped } from './tapped.ts';
import type { Facet } from './taps.ts';

/** As in torch.nn.functional.normalize: a shorter feature is divided by this, so that a feature of 0 stays 0. */
export const leastLength = 1e-12;

/**
 * L2 norms, as tf.norm gives them; that raises to a power, which takes ten times as long on wasm.
 * @param features shape [n, C] @returns shape [n, 1], at least 1e-12
 */
export const lengthsOf = (features: tf.Tensor2D): tf.Tensor2D =>
  tf.tidy(() => tf.maximum(tf.sqrt(tf.sum(tf.square(features), 1, true)), leastLength));

/** @param features shape [n, C] @returns the same directions with length 1 */
export const normalised = (features: tf.Tensor2D): tf.Tensor2D =>
  tf.tidy(() => tf.div(features, lengthsOf(features)));

/**
 * @param tapped keeps this facet of this block; borrowed
 * @returns shape [n, C], the caller disposes
 */
export const patchFeatures = (tapped: Tapped, block: number, facet: Facet): tf.Tensor2D =>
  tf.tidy(() => {
    const special = specialTokenCount(tapped.parameters.architecture);
    return tf.slice2d(tapped.facet(block, facet), [special, 0], [-1, -1]);
  });

/**
 * Features of patches as a layer's weights, so that the layer multiplies each of its input's rows with each of them.
 * @param features shape [n, C]
 * @param columns the number of columns is a multiple of it, filled with 0: what the device's layers compute at least is 4
 * @returns shape [C, ≥ n], the caller disposes
 */
export const asWeight = (features: tf.Tensor2D, columns: number): tf.Tensor2D =>
  tf.tidy(() => {
    const [patches] = features.shape;
    const missing = Math.ceil(patches / columns) * columns - patches;
    return tf.transpose(
      tf.pad2d(features, [
        [0, missing],
        [0, 0],
      ]),
    );
  });
