/**
 * A ViT's parameters on the device.
 *
 * Dimension legend for this folder: B batch, T tokens (CLS first, then R
 * registers, then patches row by row), S = 1 + R special tokens, H heads, D head width, C = H × D channels, P patch
 * side in px.
 */
import * as tf from '@tensorflow/tfjs-core';
import {
  mlpHiddenDim,
  specialTokenCount,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { transposed } from '../core/transposed.ts';
import { halfWeight } from '../gpu/kernels/half-weights.ts';
import { tuningOf } from '../gpu/kernels/tuning.ts';

export interface LayerNormParameters {
  /** shape [C] */
  readonly gain: tf.Tensor1D;
  /** shape [C] */
  readonly bias: tf.Tensor1D;
}

export interface LinearParameters {
  /**
   * shape [in, out]: the official layout transposed, so that matMul takes its fast path on every back end. Of a block's layers it may be
   * half as wide and int32, see gpu/kernels/half-weights.
   */
  readonly weight: tf.Tensor2D;
  /** shape [out] */
  readonly bias: tf.Tensor1D | null;
}

export interface BlockParameters {
  readonly norm1: LayerNormParameters;
  /** [C, 3C]: q, k and v beside each other, each with its heads beside each other. */
  readonly qkv: LinearParameters;
  readonly projection: LinearParameters;
  readonly norm2: LayerNormParameters;
  readonly fc1: LinearParameters;
  readonly fc2: LinearParameters;
}

export interface VitParameters {
  readonly architecture: VitArchitecture;
  /** [P × P × 3, C]; the input axis runs over patch rows, columns, colour channels. */
  readonly patchEmbedding: LinearParameters;
  /** shape [S, C]: CLS, then the registers. */
  readonly specialTokens: tf.Tensor2D;
  /**
   * shape [1 + trained rows × trained columns, C]; kept in main memory, since it is resampled for every input size.
   */
  readonly positionEmbedding: Float32Array;
  readonly blocks: readonly BlockParameters[];
  readonly norm: LayerNormParameters;
  /** Frees every tensor. */
  dispose(): void;
}

export function lastBlock({ blocks }: VitParameters): BlockParameters {
  const last = blocks.at(-1);
  if (last === undefined) throw new Error('a network without blocks');
  return last;
}

/** Convolution weight [C, 3, P, P] → matrix [P × P × 3, C]. */
export function patchMatrix(values: Float32Array, embedDim: number, patchSize: number): Float32Array {
  const pixels = patchSize * patchSize;
  const result = new Float32Array(values.length);
  for (let out = 0; out < embedDim; out++)
    for (let colour = 0; colour < 3; colour++)
      for (let pixel = 0; pixel < pixels; pixel++)
        result[(pixel * 3 + colour) * embedDim + out] = values[(out * 3 + colour) * pixels + pixel] as number;
  return result;
}

/** The rows of a linear layer, one for each output (its weight's, its bias's values), each times that output's gain. */
function scaleOutputs(values: Float32Array, gains: Float32Array): Float32Array {
  const inputs = values.length / gains.length;
  return values.map((value, i) => value * (gains[Math.floor(i / inputs)] as number));
}

/**
 * Puts a model on the current back end. LayerScale is folded into the layer before it: (Wx + b) × γ is (γW)x + γb, so
 * it costs nothing, and the forward passes need not know about it.
 * @param named every parameter of the architecture (`checkParameters` has seen them), official names and layouts;
 * each is asked for once
 * @returns parameters that the caller disposes; where it throws, nothing is left on the back end
 */
export function uploadParameters(
  architecture: VitArchitecture,
  named: Pick<ReadonlyMap<string, NamedTensor>, 'get'>,
): VitParameters {
  const owned: tf.Tensor[] = [];
  try {
    return { ...upload(architecture, named, owned), dispose: () => tf.dispose(owned) };
  } catch (error) {
    tf.dispose(owned);
    throw error;
  }
}

/** @param owned gets every tensor as soon as it is made */
function upload(
  architecture: VitArchitecture,
  named: Pick<ReadonlyMap<string, NamedTensor>, 'get'>,
  owned: tf.Tensor[],
): Omit<VitParameters, 'dispose'> {
  const { embedDim, depth, patchSize, qkvBias, numRegisters, layerScale } = architecture;
  const hiddenDim = mlpHiddenDim(architecture);
  const keep = <T extends tf.Tensor>(tensor: T): T => {
    owned.push(tensor);
    return tensor;
  };
  const valuesOf = (name: string): Float32Array => {
    const tensor = named.get(name);
    if (tensor === undefined) throw new Error(`parameter ${name} is missing`);
    return tensor.values;
  };
  const vector = (name: string): tf.Tensor1D => keep(tf.tensor1d(valuesOf(name)));
  const layerNorm = (name: string): LayerNormParameters => ({
    gain: vector(`${name}.weight`),
    bias: vector(`${name}.bias`),
  });
  const matrix = (values: Float32Array, inputs: number, outputs: number): tf.Tensor2D => {
    const isHalved = tuningOf(tf.backend()).storage(inputs, outputs) === 'float16';
    const halved = isHalved ? halfWeight(values, [inputs, outputs]) : null;
    return keep(halved ?? tf.tensor2d(values, [inputs, outputs]));
  };
  const linear = (name: string, inputs: number, outputs: number, hasBias = true): LinearParameters => ({
    weight: matrix(transposed(valuesOf(`${name}.weight`), outputs, inputs), inputs, outputs),
    bias: hasBias ? vector(`${name}.bias`) : null,
  });
  const scaledLinear = (name: string, gamma: string, inputs: number): LinearParameters => {
    if (!layerScale) return linear(name, inputs, embedDim);
    const gains = valuesOf(gamma);
    const weight = scaleOutputs(valuesOf(`${name}.weight`), gains);
    return {
      weight: matrix(transposed(weight, embedDim, inputs), inputs, embedDim),
      bias: keep(tf.tensor1d(scaleOutputs(valuesOf(`${name}.bias`), gains))),
    };
  };
  const specialTokens = new Float32Array(specialTokenCount(architecture) * embedDim);
  specialTokens.set(valuesOf('cls_token'));
  if (numRegisters > 0) specialTokens.set(valuesOf('register_tokens'), embedDim);
  const patchWeight = patchMatrix(valuesOf('patch_embed.proj.weight'), embedDim, patchSize);
  return {
    architecture,
    patchEmbedding: {
      weight: keep(tf.tensor2d(patchWeight, [patchSize * patchSize * 3, embedDim])),
      bias: vector('patch_embed.proj.bias'),
    },
    specialTokens: keep(tf.tensor2d(specialTokens, [specialTokenCount(architecture), embedDim])),
    positionEmbedding: valuesOf('pos_embed'),
    blocks: Array.from({ length: depth }, (_, index): BlockParameters => {
      const name = `blocks.${index}`;
      return {
        norm1: layerNorm(`${name}.norm1`),
        qkv: linear(`${name}.attn.qkv`, embedDim, 3 * embedDim, qkvBias),
        projection: scaledLinear(`${name}.attn.proj`, `${name}.ls1.gamma`, embedDim),
        norm2: layerNorm(`${name}.norm2`),
        fc1: linear(`${name}.mlp.fc1`, embedDim, hiddenDim),
        fc2: scaledLinear(`${name}.mlp.fc2`, `${name}.ls2.gamma`, hiddenDim),
      };
    }),
    norm: layerNorm('norm'),
  };
}
