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

/** What a block's attention is made of before somebody asks: all keys, and what queries are made from. */
export interface AttentionInputs {
  /** The block's input after its first norm, shape [T, C]. */
  readonly normed: tf.Tensor2D;
  /** shape [T, C] */
  readonly keys: tf.Tensor2D;
}

/** @param x the block's input, shape [T, C], borrowed @returns tensors that the caller disposes */
export function attentionInputs(
  x: tf.Tensor2D,
  block: BlockParameters,
  { embedDim, layerNormEps }: VitArchitecture,
  layers: BlockLayers,
): AttentionInputs {
  return tf.tidy(() => {
    const normed = layers.layerNorm(x, block.norm1, layerNormEps);
    const keys = layers.linearPart(normed, block.qkv, x.shape[0], { begin: embedDim, count: embedDim });
    return { normed, keys };
  });
}

/**
 * The attention of the first tokens in a block, and no more work than that takes: keys of all tokens, queries of these.
 * @param inputs borrowed
 * @param queryCount Q; 1 is CLS alone
 * @returns shape [H × Q, T], a head's queries one after the other
 */
export function firstRows(
  { normed, keys }: AttentionInputs,
  block: BlockParameters,
  { numHeads, embedDim }: VitArchitecture,
  layers: BlockLayers,
  queryCount: number,
): tf.Tensor2D {
  return tf.tidy(() => {
    const queries = layers.linearPart(normed, block.qkv, queryCount, { begin: 0, count: embedDim });
    return layers.queryRows(queries, keys, numHeads);
  });
}

/**
 * The attention of any tokens in a block.
 * @param inputs borrowed
 * @param tokens Q of them, 0 for CLS
 * @returns shape [H × Q, T], a head's queries one after the other
 */
export function rowsOfTokens(
  { normed, keys }: AttentionInputs,
  block: BlockParameters,
  architecture: VitArchitecture,
  layers: BlockLayers,
  tokens: readonly number[],
): tf.Tensor2D {
  return tf.tidy(() => {
    const asked = tf.gather(normed, tf.tensor1d([...tokens], 'int32'));
    return firstRows({ normed: asked, keys }, block, architecture, layers, tokens.length);
  });
}
