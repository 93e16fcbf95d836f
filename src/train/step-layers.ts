/** The layers of the fast step and their gradients, by our kernels or by tfjs's plain ops. */
import type * as tf from '@tensorflow/tfjs-core';
import type { StepKernels } from '../core/training.ts';
import { fusedKernelsSupport, hasTrainingKernels } from '../gpu/kernels/fused-kernels.ts';
import { hasSimdTraining } from '../gpu/simd/simd-training-kernels.ts';
import { simdStepLayers } from './simd-step-layers.ts';
import type { BlockLayers } from '../vit/block-layers.ts';
import type { LayerNormParameters, LinearParameters } from '../vit/parameters.ts';
import type { Network } from './network.ts';
import { fusedStepLayers } from './fused-step-layers.ts';
import { plainStepLayers } from './plain-step-layers.ts';
import { rowsOf, type Segment } from './packed-batch.ts';

/** Gradients of a layer's result are called `above`. Every function runs inside the caller's tidy and borrows its inputs. */
export interface StepLayers {
  /** How much of what blocks compute inside may be kept from the way forward to the way back. The rest is computed again. */
  readonly keptBytes: number;
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
  /** The linear layer's result and GELU of it. */
  linearAndGelu(x: tf.Tensor2D, parameters: LinearParameters): { hidden: tf.Tensor2D; active: tf.Tensor2D };
  linearResidual(x: tf.Tensor2D, parameters: LinearParameters, residual: tf.Tensor2D): tf.Tensor2D;
  /** The same, and its LayerNorm. */
  linearResidualNorm: BlockLayers['linearResidualNorm'];
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
  /** Of a linear layer whose width is a multiple of 4. @param x what went in, shape [rows, in] @param above shape [rows, out] */
  weightGradients(x: tf.Tensor2D, above: tf.Tensor2D): { weight: tf.Tensor2D; bias: tf.Tensor1D };
  /** Each vector at length 1, or divided by `smallest` if it is shorter. @param axis along which a vector lies */
  normalise(x: tf.Tensor2D, axis: 0 | 1, smallest: number): tf.Tensor2D;
  /** @param direction of `normalise` @param above its gradient */
  normaliseGradient(
    x: tf.Tensor2D,
    direction: tf.Tensor2D,
    above: tf.Tensor2D,
    axis: 0 | 1,
    smallest: number,
  ): tf.Tensor2D;
  /** The sum over the rows, shape [columns]. */
  columnSums(x: tf.Tensor2D): tf.Tensor1D;
}

/** What a step holds in memory on the current back end, beside what follows from its sizes. */
export interface StepMemory {
  /** How attention's way back holds its weights: some rows at a time by our kernels, whole by tfjs's ops. */
  readonly attention: 'streamed' | 'square';
  readonly keptBytes: number;
}

export function stepMemoryHere(kernels: StepKernels = 'ours'): StepMemory {
  if (kernels === 'ours' && hasSimdTraining())
    return { attention: 'streamed', keptBytes: simdStepLayers.keptBytes };
  const isStreamed = kernels === 'ours' && hasTrainingKernels();
  return isStreamed
    ? { attention: 'streamed', keptBytes: fusedStepLayers.keptBytes }
    : { attention: 'square', keptBytes: plainStepLayers.keptBytes };
}

/** Whether our kernels can take the network's widths. @param rows tokens of all sequences, which WebGPU bounds and wasm does not */
function kernelsFit({ architecture, mlp }: Network, rows: number): boolean {
  const headWidths = mlp.flatMap(({ weight }) => weight.shape);
  return fusedKernelsSupport(architecture, rows) && headWidths.every((width) => width % 4 === 0);
}

/** Whether a run of this network is by our kernels on wasm, all of it: layers and updates, see `moveParameter`. */
export const trainsBySimd = (network: Network, kernels: StepKernels): boolean =>
  kernels === 'ours' && hasSimdTraining() && kernelsFit(network, 0);

/** @returns where ours are asked for, those that the current back end has and that can take the network's widths */
export function stepLayersFor(
  network: Network,
  segments: readonly Segment[],
  kernels: StepKernels,
): StepLayers {
  if (trainsBySimd(network, kernels)) return simdStepLayers;
  const isFused = kernels === 'ours' && hasTrainingKernels() && kernelsFit(network, rowsOf(segments));
  return isFused ? fusedStepLayers : plainStepLayers;
}
