/**
 * The forward pass as in the paper, with whole attention matrices: the reference for tests of the fast pass. Needs H
 * × T² floats a block, and keeps every block's tokens, so it is for small inputs.
 */
import * as tf from '@tensorflow/tfjs-core';
import { embedTokens, gelu, layerNorm, linear } from './layers.ts';
import type { Overlap } from '../core/overlap.ts';
import type { BlockParameters, VitParameters } from './parameters.ts';
import type { Facet } from './taps.ts';

export interface PlainForward {
  /** Each block's softmax(QKᵀ/√d), shape [H, T, T]; caller disposes. */
  readonly attentions: tf.Tensor3D[];
  /** Each block's tokens, shape [T, C] each; caller disposes. */
  readonly tokens: Record<Facet, tf.Tensor2D>[];
  /** The CLS token after the final norm, shape [C]; caller disposes. */
  readonly feature: tf.Tensor1D;
}

function attend(
  x: tf.Tensor2D,
  block: BlockParameters,
  numHeads: number,
): Record<'query' | 'key' | 'value' | 'out', tf.Tensor2D> & { attention: tf.Tensor3D } {
  const [tokens, channels] = x.shape;
  const headWidth = channels / numHeads;
  const [query, key, value] = tf.split(linear(x, block.qkv), 3, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const byHead = (of: tf.Tensor2D): tf.Tensor3D =>
    tf.transpose(tf.reshape(of, [tokens, numHeads, headWidth]), [1, 0, 2]);
  const [q, k, v] = [byHead(query), byHead(key), byHead(value)];
  const attention = tf.softmax<tf.Tensor3D>(tf.mul(tf.matMul(q, k, false, true), headWidth ** -0.5));
  const weighted = tf.reshape<tf.Rank.R2>(tf.transpose(tf.matMul(attention, v), [1, 0, 2]), [
    tokens,
    channels,
  ]);
  return { query, key, value, attention, out: linear(weighted, block.projection) };
}

/** @param image shape [height, width, 3], normalised, sides whole patches; borrowed */
export function forwardPlain(
  parameters: VitParameters,
  image: tf.Tensor3D,
  overlap: Overlap = 1,
): PlainForward {
  const { numHeads, layerNormEps } = parameters.architecture;
  const attentions: tf.Tensor3D[] = [];
  const tokens: Record<Facet, tf.Tensor2D>[] = [];
  const feature = tf.tidy(() => {
    let x = embedTokens(parameters, image, overlap);
    for (const [index, block] of parameters.blocks.entries()) {
      const { query, key, value, attention, out } = attend(
        layerNorm(x, block.norm1, layerNormEps),
        block,
        numHeads,
      );
      x = tf.add(x, out);
      x = tf.add(x, linear(gelu(linear(layerNorm(x, block.norm2, layerNormEps), block.fc1)), block.fc2));
      attentions.push(tf.keep(attention));
      const isLast = index === parameters.blocks.length - 1;
      const after = isLast ? layerNorm(x, parameters.norm, layerNormEps) : tf.clone(x);
      const kept = { query, key, value, residual: x, out: after };
      for (const tensor of Object.values(kept)) tf.keep(tensor);
      tokens.push(kept);
    }
    const last = tokens.at(-1)?.out ?? x;
    return tf.reshape<tf.Rank.R1>(tf.slice(last, [0, 0], [1, -1]), [-1]);
  });
  return { attentions, tokens, feature };
}
