/** The layers of a pass, by our fused kernels where the current back end has them, otherwise by tfjs's ops. */
import type * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import type { Overlap } from '../core/overlap.ts';
import type { Fusion } from '../core/rollout-options.ts';
import { fusedKernelsSupport, hasFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import { fusedBlockLayers } from './fused-block-layers.ts';
import type { LayerNormParameters, LinearParameters, VitParameters } from './parameters.ts';
import { plainBlockLayers } from './plain-block-layers.ts';

/** Columns [begin, begin + count) of a linear layer. */
export interface ColumnRange {
  readonly begin: number;
  readonly count: number;
}

/** A residual sum and its LayerNorm, both of shape [T, C]. A type and not an interface, so that tidy finds the tensors. */
export type NormedSum = { sum: tf.Tensor2D; normed: tf.Tensor2D };

/** Every function runs inside the caller's tidy and borrows its inputs. */
export interface BlockLayers {
  /** @param image shape [height, width, 3], normalised, sides whole patches @returns tokens, shape [T, C] */
  embed(parameters: VitParameters, image: tf.Tensor3D, overlap: Overlap): tf.Tensor2D;
  /** @param x shape [T, C] @returns shape [T, C] */
  layerNorm(x: tf.Tensor2D, parameters: LayerNormParameters, eps: number): tf.Tensor2D;
  /** @param x shape [T, in] @returns shape [T, out] */
  linear(x: tf.Tensor2D, parameters: LinearParameters): tf.Tensor2D;
  /** A part of a linear layer: the first `rows` of x, some columns. @returns shape [rows, columns.count] */
  linearPart(x: tf.Tensor2D, parameters: LinearParameters, rows: number, columns: ColumnRange): tf.Tensor2D;
  /** Linear, then exact GELU. */
  linearGelu(x: tf.Tensor2D, parameters: LinearParameters): tf.Tensor2D;
  /** Linear, then added to `residual`, shape [T, out]. */
  linearResidual(x: tf.Tensor2D, parameters: LinearParameters, residual: tf.Tensor2D): tf.Tensor2D;
  /** The same, and its LayerNorm beside it. */
  linearResidualNorm(
    x: tf.Tensor2D,
    parameters: LinearParameters,
    residual: tf.Tensor2D,
    norm: LayerNormParameters,
    eps: number,
  ): NormedSum;
  /** softmax(QKᵀ/√D) · V of every head. @param qkv shape [T, 3C] @returns shape [T, C] */
  selfAttention(qkv: tf.Tensor2D, numHeads: number): tf.Tensor2D;
  /**
   * softmax(QKᵀ/√D) for a few queries.
   * @param queries shape [Q, C] @param keys shape [T, C] @returns shape [H × Q, T], a head's queries one after the other
   */
  queryRows(queries: tf.Tensor2D, keys: tf.Tensor2D, numHeads: number): tf.Tensor2D;
  /** @param rows shape [H × Q, T], a head's queries one after the other @returns shape [Q, T] */
  fuseHeads(rows: tf.Tensor2D, numHeads: number, fusion: Fusion): tf.Tensor2D;
  /**
   * A row vector times the attention of all tokens, mean over heads, without computing the attention's rows one by
   * one.
   * @param weights shape [1, T]
   * @param queries shape [T, C]
   * @param keys shape [T, C]
   * @returns shape [1, T]; null where computing the rows is as fast
   */
  weighMeanRows(
    weights: tf.Tensor2D,
    queries: tf.Tensor2D,
    keys: tf.Tensor2D,
    numHeads: number,
  ): tf.Tensor2D | null;
}

/** @param maxScoresBytes plain ops: no intermediate of the attention is larger; the kernels hold none */
export function layersFor(
  architecture: VitArchitecture,
  tokens: number,
  maxScoresBytes: number,
): BlockLayers {
  return hasFusedKernels() && fusedKernelsSupport(architecture, tokens)
    ? fusedBlockLayers
    : plainBlockLayers(maxScoresBytes);
}
