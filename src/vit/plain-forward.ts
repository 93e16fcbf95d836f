/**
 * The forward pass as the paper has it, every attention matrix whole: the reference that the fast pass is tested against.
 * Needs H × T² floats a block, so it is for small inputs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { embedTokens, gelu, layerNorm, linear } from './layers.ts';
import type { BlockParameters, VitParameters } from './parameters.ts';

export interface PlainForward {
  /** Each block's softmax(QKᵀ/√d), shape [H, T, T]; caller disposes. */
  readonly attentions: tf.Tensor3D[];
  /** The CLS token after the final norm, shape [C]; caller disposes. */
  readonly feature: tf.Tensor1D;
}

function attend(
  x: tf.Tensor2D,
  block: BlockParameters,
  numHeads: number,
): { attention: tf.Tensor3D; out: tf.Tensor2D } {
  const [tokens, channels] = x.shape;
  const headWidth = channels / numHeads;
  const qkv = tf.transpose(tf.reshape(linear(x, block.qkv), [tokens, 3, numHeads, headWidth]), [1, 2, 0, 3]);
  const [q, k, v] = tf.unstack(qkv) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const attention = tf.softmax<tf.Tensor3D>(tf.mul(tf.matMul(q, k, false, true), headWidth ** -0.5));
  const mixed = tf.reshape<tf.Rank.R2>(tf.transpose(tf.matMul(attention, v), [1, 0, 2]), [tokens, channels]);
  return { attention, out: linear(mixed, block.projection) };
}

/** @param image shape [height, width, 3], normalised, sides whole patches; borrowed */
export function forwardPlain(parameters: VitParameters, image: tf.Tensor3D): PlainForward {
  const { numHeads, layerNormEps } = parameters.architecture;
  const attentions: tf.Tensor3D[] = [];
  const feature = tf.tidy(() => {
    let x = embedTokens(parameters, image);
    for (const block of parameters.blocks) {
      const { attention, out } = attend(layerNorm(x, block.norm1, layerNormEps), block, numHeads);
      attentions.push(tf.keep(attention));
      x = tf.add(x, out);
      x = tf.add(x, linear(gelu(linear(layerNorm(x, block.norm2, layerNormEps), block.fc1)), block.fc2));
    }
    return tf.reshape<tf.Rank.R1>(
      layerNorm(tf.slice(x, [0, 0], [1, -1]), parameters.norm, layerNormEps),
      [-1],
    );
  });
  return { attentions, feature };
}
