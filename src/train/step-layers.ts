/** What the fast step is made of: layers and their gradients, by our kernels or by tfjs's plain ops. */
import type * as tf from '@tensorflow/tfjs-core';
import type { StepKernels } from '../core/training.ts';
import { fusedKernelsSupport, hasFusedKernels, hasTrainingKernels } from '../gpu/kernels/fused-kernels.ts';
import { simdStepLayers } from './simd-step-layers.ts';
import type { LayerNormParameters, LinearParameters } from '../vit/parameters.ts';
import type { Network } from './network.ts';
import { fusedStepLayers } from './fused-step-layers.ts';
import { plainStepLayers } from './plain-step-layers.ts';
import { rowsOf, type Segment } from './packed-batch.ts';

/** Gradients of a layer's result are called `above`. Every function runs inside the caller's tidy and borrows its inputs. */
export interface StepLayers {
  /** @param x shape [rows, C] */
  layerNorm(x: tf.Tensor2D, parameters: LayerNormParameters, eps: number): tf.Tensor2D;
  /** @param residual added to the gradient of x, shape [rows, C] */
  layerNormGradients(
    x: tf.Tensor2D,
    parameters: LayerNormParameters,
    eps: number,
    above: tf.Tensor2D,
    residual: tf.Tensor2D | null,
  ): { x: tf.Tensor2D; gain: tf.Tensor1D; bias: tf.Tensor1D };
  /** @param x shape [rows, in] @returns shape [rows, out] */
  linear(x: tf.Tensor2D, parameters: LinearParameters): tf.Tensor2D;
  linearGelu(x: tf.Tensor2D, parameters: LinearParameters): tf.Tensor2D;
  linearResidual(x: tf.Tensor2D, parameters: LinearParameters, residual: tf.Tensor2D): tf.Tensor2D;
  gelu(x: tf.Tensor2D): tf.Tensor2D;
  /** @param x what went into the GELU */
  geluGradient(x: tf.Tensor2D, above: tf.Tensor2D): tf.Tensor2D;
  /** softmax(QKᵀ/√D) · V within each sequence. @param qkv shape [rows, 3C] @returns shape [rows, C] */
  attention(qkv: tf.Tensor2D, segments: readonly Segment[], numHeads: number): tf.Tensor2D;
  /** @param above shape [rows, C] @returns shape [rows, 3C] */
  attentionGradient(
    qkv: tf.Tensor2D,
    segments: readonly Segment[],
    numHeads: number,
    above: tf.Tensor2D,
  ): tf.Tensor2D;
  /** aᵀ · b or a · bᵀ. */
  product(a: tf.Tensor2D, b: tf.Tensor2D, transposed: 'a' | 'b'): tf.Tensor2D;
  /** The sum over the rows, shape [columns]. */
  columnSums(x: tf.Tensor2D): tf.Tensor1D;
}

/** How attention's way back holds its weights on the current back end: a row at a time by our kernels, whole by tfjs's ops. */
export const attentionHere = (kernels: StepKernels = 'ours'): 'streamed' | 'square' =>
  kernels === 'ours' && hasTrainingKernels() ? 'streamed' : 'square';

/** @returns where ours are asked for, those that the current back end has and that can take the network's widths */
export function stepLayersFor(
  { architecture, mlp }: Network,
  segments: readonly Segment[],
  kernels: StepKernels,
): StepLayers {
  const headWidths = mlp.flatMap(({ weight }) => weight.shape);
  const fits =
    fusedKernelsSupport(architecture, rowsOf(segments)) && headWidths.every((width) => width % 4 === 0);
  if (kernels === 'plain' || !fits) return plainStepLayers;
  if (hasTrainingKernels()) return fusedStepLayers;
  return hasFusedKernels() ? simdStepLayers : plainStepLayers;
}
