/** One block of the fast pass, and a look at its attention: what every pass but the plain one is made of. */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import type { BlockLayers } from './block-layers.ts';
import type { BlockParameters } from './parameters.ts';

/** @param x shape [T, C], borrowed @returns shape [T, C] */
export function runBlock(
  x: tf.Tensor2D,
  block: BlockParameters,
  { numHeads, layerNormEps }: VitArchitecture,
  layers: BlockLayers,
): tf.Tensor2D {
  return tf.tidy(() => {
    const qkv = layers.linear(layers.layerNorm(x, block.norm1, layerNormEps), block.qkv);
    const attended = layers.linearResidual(layers.mixValues(qkv, numHeads), block.projection, x);
    const hidden = layers.linearGelu(layers.layerNorm(attended, block.norm2, layerNormEps), block.fc1);
    return layers.linearResidual(hidden, block.fc2, attended);
  });
}

/**
 * The attention of the first tokens in a block, and no more work than that takes: keys of all tokens, queries of these.
 * @param x the block's input, shape [T, C], borrowed
 * @param queryCount Q; 1 is CLS alone
 * @returns shape [H × Q, T], a head's queries one after the other
 */
export function attentionRows(
  x: tf.Tensor2D,
  block: BlockParameters,
  { numHeads, embedDim, layerNormEps }: VitArchitecture,
  layers: BlockLayers,
  queryCount: number,
): tf.Tensor2D {
  return tf.tidy(() => {
    const normed = layers.layerNorm(x, block.norm1, layerNormEps);
    const queries = layers.linearPart(normed, block.qkv, queryCount, { begin: 0, count: embedDim });
    const keys = layers.linearPart(normed, block.qkv, x.shape[0], { begin: embedDim, count: embedDim });
    return layers.queryRows(queries, keys, numHeads);
  });
}
