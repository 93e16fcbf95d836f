/** The head forward, and with the final norm backward by hand; the blocks are in `backpropagate`. */
import * as tf from '@tensorflow/tfjs-core';
import type { LinearParameters } from '../vit/parameters.ts';
import { linearGradients, type Gradients } from './backpropagate.ts';
import type { Network } from './network.ts';
import { normaliseEps } from './plain-forward.ts';
import type { StepLayers } from './step-layers.ts';

/** What a head's pass leaves for its way back. A type and not an interface, so that tidy finds the tensors. */
export type HeadPass = {
  hidden: [tf.Tensor2D, tf.Tensor2D];
  active: [tf.Tensor2D, tf.Tensor2D];
  bottleneck: tf.Tensor2D;
  /** Bottleneck and last layer at length 1. */
  direction: tf.Tensor2D;
  weights: tf.Tensor2D;
  /** shape [S, K] */
  outputs: tf.Tensor2D;
};

/** The head. @param features the last block's result after the final norm, shape [S, C] @returns tensors that the caller disposes */
export function runHead({ mlp, lastLayer }: Network, features: tf.Tensor2D, layers: StepLayers): HeadPass {
  return tf.tidy(() => {
    const first = layers.linearAndGelu(features, mlp[0]);
    const second = layers.linearAndGelu(first.active, mlp[1]);
    const bottleneck = layers.linear(second.active, mlp[2]);
    const direction = layers.normalise(bottleneck, 1, normaliseEps);
    const weights = layers.normalise(lastLayer, 0, 0);
    const outputs = tf.matMul<tf.Tensor2D>(direction, weights);
    return {
      hidden: [first.hidden, second.hidden],
      active: [first.active, second.active],
      bottleneck,
      direction,
      weights,
      outputs,
    };
  });
}

/**
 * @param cls the last block's result, shape [S, C] @param features that after the final norm @param above gradient of the outputs
 * @returns the gradient of cls, and the head's; caller disposes
 */
export function headGradients(
  { architecture, norm, mlp, lastLayer }: Network,
  cls: tf.Tensor2D,
  features: tf.Tensor2D,
  pass: HeadPass,
  layers: StepLayers,
  above: tf.Tensor2D,
): { x: tf.Tensor2D; gradients: Gradients } {
  return tf.tidy(() => {
    const { hidden, active, bottleneck, direction, weights } = pass;
    const gradients: Gradients = {};
    const ofWeights = layers.product(direction, above, 'a');
    gradients['head.last_layer.weight_v'] = layers.normaliseGradient(lastLayer, weights, ofWeights, 0, 0);
    const ofDirection = layers.product(above, weights, 'b');
    const ofBottleneck = layers.normaliseGradient(bottleneck, direction, ofDirection, 1, normaliseEps);
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
