/** Backbone and head for batches of crops, by plain differentiable ops: the reference that the fast step is tested against. */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import { gelu, gridOf, layerNorm, linear } from '../vit/layers.ts';
import type { BlockParameters } from '../vit/parameters.ts';
import type { Network } from './network.ts';

/** A pass over crops of one size. */
export interface CropPass {
  /** Normalised RGB, shape [S, side, side, 3]. */
  readonly images: tf.Tensor4D;
  /** Position embeddings as a product with the trained ones, shape [T, 1 + trained rows × trained columns]; null where the grid is the trained one. */
  readonly positionMatrix: tf.Tensor2D | null;
  /** Drop path: [block][branch] → shape [S, 1]; null where nothing is dropped. */
  readonly dropScales: readonly (readonly [tf.Tensor2D, tf.Tensor2D])[] | null;
}

/** Each patch as a row. @param images shape [S, height, width, 3] @returns shape [S × rows × columns, P × P × 3] */
function patchRows(images: tf.Tensor4D, patchSize: number): tf.Tensor2D {
  const [sequences, height, width] = images.shape;
  const { rows, columns } = gridOf({ height, width }, patchSize);
  // Rank 5 and no higher: gradients and kernels are sure up to there, and patches need no gradient.
  const split = tf.reshape(images, [sequences * rows, patchSize, columns, patchSize * 3]);
  return tf.reshape(tf.transpose(split, [0, 2, 1, 3]), [
    sequences * rows * columns,
    patchSize * patchSize * 3,
  ]);
}

/** softmax(QKᵀ/√D) · V. @param qkv shape [S × T, 3C] @returns shape [S × T, C] */
function selfAttention(qkv: tf.Tensor2D, sequences: number, numHeads: number): tf.Tensor2D {
  const [rows, width] = qkv.shape;
  const tokens = rows / sequences;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  // unstack, and not slices: the gradient of a slice of rank 5 is wrong on WebGPU without an error.
  const [q, k, v] = tf.unstack(
    tf.transpose(tf.reshape(qkv, [sequences, tokens, 3, numHeads, headWidth]), [2, 0, 3, 1, 4]),
  ) as [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D];
  const attention = tf.softmax(tf.mul(tf.matMul(q, k, false, true), headWidth ** -0.5));
  return tf.reshape(tf.transpose(tf.matMul(attention, v), [0, 2, 1, 3]), [rows, channels]);
}

/** @param x shape [S × T, C]: linear layers take two dimensions, since the gradient of a batch times a matrix fails */
function runBlock(
  x: tf.Tensor2D,
  block: BlockParameters,
  { numHeads, layerNormEps, embedDim }: VitArchitecture,
  sequences: number,
  drop: readonly [tf.Tensor2D, tf.Tensor2D] | null,
): tf.Tensor2D {
  const dropped = (branch: tf.Tensor2D, scales: tf.Tensor2D | undefined): tf.Tensor2D =>
    scales === undefined
      ? branch
      : tf.reshape(tf.mul(tf.reshape(branch, [sequences, -1]), scales), [-1, embedDim]);
  const attention = selfAttention(
    linear(layerNorm(x, block.norm1, layerNormEps), block.qkv),
    sequences,
    numHeads,
  );
  const attended = tf.add<tf.Tensor2D>(x, dropped(linear(attention, block.projection), drop?.[0]));
  const hidden = gelu(linear(layerNorm(attended, block.norm2, layerNormEps), block.fc1));
  return tf.add(attended, dropped(linear(hidden, block.fc2), drop?.[1]));
}

/** @returns the CLS token of every crop after the final norm, shape [S, C] */
export function backboneFeatures(
  network: Network,
  { images, positionMatrix, dropScales }: CropPass,
): tf.Tensor2D {
  const { architecture } = network;
  const { embedDim, patchSize, layerNormEps } = architecture;
  const [sequences] = images.shape;
  const patches = tf.reshape(linear(patchRows(images, patchSize), network.patchEmbedding), [
    sequences,
    -1,
    embedDim,
  ]);
  const cls = tf.tile(tf.reshape(network.clsToken, [1, 1, embedDim]), [sequences, 1, 1]);
  const positions =
    positionMatrix === null ? network.positions : tf.matMul(positionMatrix, network.positions);
  const tokens = tf.add<tf.Tensor3D>(tf.concat([cls, patches], 1), tf.expandDims(positions, 0));
  let x = tf.reshape<tf.Rank.R2>(tokens, [-1, embedDim]);
  for (const [index, block] of network.blocks.entries())
    x = runBlock(x, block, architecture, sequences, dropScales?.[index] ?? null);
  // The final norm is token by token, and only CLS goes on.
  const clsRows = tf.slice(tf.reshape(x, [sequences, -1, embedDim]), [0, 0, 0], [-1, 1, -1]);
  return layerNorm(tf.reshape<tf.Rank.R2>(clsRows, [sequences, embedDim]), network.norm, layerNormEps);
}

/** Each vector at length 1. @param axis along which a vector lies; `smallest` bounds the length that is divided by */
export function l2Normalise(x: tf.Tensor2D, axis: number, smallest: number): tf.Tensor2D {
  const squares = tf.sum(tf.square(x), axis, true);
  return tf.mul(x, tf.rsqrt(tf.maximum(squares, smallest * smallest)));
}

/** PyTorch's `normalize` divides by no less than this. Weight normalisation has no such bound. */
export const normaliseEps = 1e-12;

/** @param features shape [S, C] @returns shape [S, K], before any softmax */
export function headOutputs({ mlp, lastLayer }: Network, features: tf.Tensor2D): tf.Tensor2D {
  const [first, second, third] = mlp;
  const bottleneck = linear(gelu(linear(gelu(linear(features, first)), second)), third);
  return tf.matMul(l2Normalise(bottleneck, 1, normaliseEps), l2Normalise(lastLayer, 0, 0));
}
