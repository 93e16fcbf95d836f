/**
 * Layers by tfjs's own ops, for every back end. Attention goes over the queries in chunks, so that no T × T matrix is
 * ever held (at 3601 tokens it exceeds WebGPU's binding limit, and the result is wrong without an error).
 */
import * as tf from '@tensorflow/tfjs-core';
import type { Fusion } from '../core/rollout-options.ts';
import { floatWeight } from '../gpu/kernels/half-weights.ts';
import type { BlockLayers, ColumnRange } from './block-layers.ts';
import { embedTokens, gelu, layerNorm, linear } from './layers.ts';
import type { LinearParameters } from './parameters.ts';

/** The columns of q, k or v (part 0, 1, 2) of one head or of all: shape [rows, width]. */
function qkvColumns(
  qkv: tf.Tensor2D,
  firstColumn: number,
  width: number,
  firstRow = 0,
  rows = -1,
): tf.Tensor2D {
  return tf.slice2d(qkv, [firstRow, firstColumn], [rows, width]);
}

/** Row ranges [begin, count] of at most `most` rows that cover `rows`. */
function chunks(rows: number, most: number): [begin: number, count: number][] {
  const size = Math.max(1, Math.min(rows, most));
  return Array.from({ length: Math.ceil(rows / size) }, (_, i) => [
    i * size,
    Math.min(size, rows - i * size),
  ]);
}

/** One head after the other in two dimensions: tfjs's wasm matMul is six times faster there than on a batch. */
function selfAttentionHeadByHead(qkv: tf.Tensor2D, numHeads: number, maxScoresBytes: number): tf.Tensor2D {
  const [tokens, width] = qkv.shape;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  const heads = Array.from({ length: numHeads }, (_, head) =>
    tf.tidy(() => {
      const keys = tf.transpose(qkvColumns(qkv, channels + head * headWidth, headWidth));
      const values = qkvColumns(qkv, 2 * channels + head * headWidth, headWidth);
      const parts = chunks(tokens, Math.floor(maxScoresBytes / (4 * tokens))).map(([begin, count]) =>
        tf.tidy(() => {
          const queries = tf.mul(
            qkvColumns(qkv, head * headWidth, headWidth, begin, count),
            headWidth ** -0.5,
          );
          return tf.matMul<tf.Tensor2D>(tf.softmax(tf.matMul(queries, keys)), values);
        }),
      );
      return parts.length === 1 ? (parts[0] as tf.Tensor2D) : tf.concat(parts, 0);
    }),
  );
  return tf.concat(heads, 1);
}

/** All heads in one batch: fewer and larger dispatches, what a GPU wants. */
function selfAttentionBatched(qkv: tf.Tensor2D, numHeads: number, maxScoresBytes: number): tf.Tensor2D {
  const [tokens, width] = qkv.shape;
  const channels = width / 3;
  const headWidth = channels / numHeads;
  const [queries, keys, values] = tf.unstack(
    tf.transpose(tf.reshape(qkv, [tokens, 3, numHeads, headWidth]), [1, 2, 0, 3]),
  ) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const scaled = tf.mul<tf.Tensor3D>(queries, headWidth ** -0.5);
  const parts = chunks(tokens, Math.floor(maxScoresBytes / (4 * tokens * numHeads))).map(([begin, count]) =>
    tf.tidy(() => {
      const part = tf.slice3d(scaled, [0, begin, 0], [-1, count, -1]);
      return tf.matMul<tf.Tensor3D>(tf.softmax(tf.matMul(part, keys, false, true)), values);
    }),
  );
  const weighted = parts.length === 1 ? (parts[0] as tf.Tensor3D) : tf.concat(parts, 1);
  return tf.reshape<tf.Rank.R2>(tf.transpose(weighted, [1, 0, 2]), [tokens, channels]);
}

/** Columns of a linear layer, as a linear layer. */
function linearColumns({ weight, bias }: LinearParameters, { begin, count }: ColumnRange): LinearParameters {
  return {
    weight: tf.slice2d(floatWeight(weight), [0, begin], [-1, count]),
    bias: bias === null ? null : tf.slice1d(bias, begin, count),
  };
}

function queryRows(queries: tf.Tensor2D, keys: tf.Tensor2D, numHeads: number): tf.Tensor2D {
  const [tokens, channels] = keys.shape;
  const [count] = queries.shape;
  const headWidth = channels / numHeads;
  const rows = (x: tf.Tensor2D): tf.Tensor3D =>
    tf.transpose(tf.reshape(x, [x.shape[0], numHeads, headWidth]), [1, 0, 2]);
  const scores = tf.matMul<tf.Tensor3D>(tf.mul(rows(queries), headWidth ** -0.5), rows(keys), false, true);
  return tf.softmax(tf.reshape<tf.Rank.R2>(scores, [numHeads * count, tokens]));
}

const fuse = { mean: tf.mean, max: tf.max, min: tf.min } as const;

/** @param rows shape [H × Q, T] @returns shape [Q, T] */
export function fuseHeads(rows: tf.Tensor2D, numHeads: number, fusion: Fusion): tf.Tensor2D {
  const [count, tokens] = rows.shape;
  return fuse[fusion](tf.reshape(rows, [numHeads, count / numHeads, tokens]), 0);
}

/** @param maxScoresBytes no intermediate of the attention is larger */
export function plainBlockLayers(maxScoresBytes: number): BlockLayers {
  const selfAttention = tf.getBackend() === 'wasm' ? selfAttentionHeadByHead : selfAttentionBatched;
  return {
    embed: (parameters, image, overlap) => embedTokens(parameters, image, overlap),
    layerNorm,
    linear,
    linearPart: (x, parameters, rows, columns) =>
      linear(rows === x.shape[0] ? x : tf.slice2d(x, [0, 0], [rows, -1]), linearColumns(parameters, columns)),
    linearGelu: (x, parameters) => gelu(linear(x, parameters)),
    linearResidual: (x, parameters, residual) => tf.add(residual, linear(x, parameters)),
    linearResidualNorm: (x, parameters, residual, norm, eps) => {
      const sum = tf.add<tf.Tensor2D>(residual, linear(x, parameters));
      return { sum, normed: layerNorm(sum, norm, eps) };
    },
    selfAttention: (qkv, numHeads) => selfAttention(qkv, numHeads, maxScoresBytes),
    queryRows,
    fuseHeads,
    weighMeanRows: () => null,
  };
}
