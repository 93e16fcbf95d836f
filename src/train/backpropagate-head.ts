/** The final norm and the head forward, and backward by hand; the blocks are in `backpropagate`. */
import * as tf from '@tensorflow/tfjs-core';
import type { LinearParameters } from '../vit/parameters.ts';
import { linearGradients, type Gradients } from './backpropagate.ts';
import type { Network } from './network.ts';
import { l2Normalise, normaliseEps } from './plain-forward.ts';
import type { StepLayers } from './step-layers.ts';

/** What a head's pass leaves for its way back. A type and not an interface, so that tidy finds the tensors. */
export type HeadPass = {
  features: tf.Tensor2D;
  hidden: [tf.Tensor2D, tf.Tensor2D];
  active: [tf.Tensor2D, tf.Tensor2D];
  bottleneck: tf.Tensor2D;
  /** Bottleneck and last layer at length 1. */
  direction: tf.Tensor2D;
  weights: tf.Tensor2D;
  /** shape [S, K] */
  outputs: tf.Tensor2D;
};

/** Final norm and head. @param cls the last block's result, shape [S, C] @returns tensors that the caller disposes */
export function runHead(
  { architecture, norm, mlp, lastLayer }: Network,
  cls: tf.Tensor2D,
  layers: StepLayers,
): HeadPass {
  return tf.tidy(() => {
    const features = layers.layerNorm(cls, norm, architecture.layerNormEps);
    const hidden0 = layers.linear(features, mlp[0]);
    const active0 = layers.gelu(hidden0);
    const hidden1 = layers.linear(active0, mlp[1]);
    const active1 = layers.gelu(hidden1);
    const bottleneck = layers.linear(active1, mlp[2]);
    const direction = l2Normalise(bottleneck, 1, normaliseEps);
    const weights = l2Normalise(lastLayer, 0, 0);
    const outputs = tf.matMul<tf.Tensor2D>(direction, weights);
    return {
      features,
      hidden: [hidden0, hidden1],
      active: [active0, active1],
      bottleneck,
      direction,
      weights,
      outputs,
    };
  });
}

/** The gradient through x / |x|: what lies along the direction is gone, the rest is divided by the length. */
function normaliseGradient(
  x: tf.Tensor2D,
  direction: tf.Tensor2D,
  above: tf.Tensor2D,
  axis: 0 | 1,
  smallest: number,
): tf.Tensor2D {
  const along = tf.mul(direction, tf.sum(tf.mul(direction, above), axis, true));
  const perLength = tf.rsqrt(tf.maximum(tf.sum(tf.square(x), axis, true), smallest * smallest));
  return tf.mul(tf.sub(above, along), perLength);
}

/**
 * @param cls the last block's result, shape [S, C] @param above gradient of the outputs
 * @returns the gradient of cls, and the head's; caller disposes
 */
export function headGradients(
  { architecture, norm, mlp, lastLayer }: Network,
  cls: tf.Tensor2D,
  pass: HeadPass,
  layers: StepLayers,
  above: tf.Tensor2D,
): { x: tf.Tensor2D; gradients: Gradients } {
  return tf.tidy(() => {
    const { features, hidden, active, bottleneck, direction, weights } = pass;
    const gradients: Gradients = {};
    const ofWeights = layers.product(direction, above, 'a');
    gradients['head.last_layer.weight_v'] = normaliseGradient(lastLayer, weights, ofWeights, 0, 0);
    const ofDirection = layers.product(above, weights, 'b');
    const ofBottleneck = normaliseGradient(bottleneck, direction, ofDirection, 1, normaliseEps);
    const linearOf = (
      x: tf.Tensor2D,
      parameters: LinearParameters,
      from: tf.Tensor2D,
      name: string,
    ): tf.Tensor2D => linearGradients(x, parameters, from, layers, name, gradients);
    const ofActive1 = linearOf(active[1], mlp[2], ofBottleneck, 'head.mlp.4');
    const ofActive0 = linearOf(active[0], mlp[1], layers.geluGradient(hidden[1], ofActive1), 'head.mlp.2');
    const ofFeatures = linearOf(features, mlp[0], layers.geluGradient(hidden[0], ofActive0), 'head.mlp.0');
    const ofNorm = layers.layerNormGradients(cls, norm, architecture.layerNormEps, ofFeatures, null);
    gradients['backbone.norm.weight'] = ofNorm.gain;
    gradients['backbone.norm.bias'] = ofNorm.bias;
    return { x: ofNorm.x, gradients };
  });
}
