/**
 * A ViT's parameters on the device.
 *
 * Dimension legend for this room: B batch, T tokens (CLS first, then patches row by row), H heads, D head width,
 * C = H × D channels, P patch side in px.
 */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, type NamedTensor, type VitArchitecture } from '../core/architecture.ts';

export interface LayerNormParameters {
  /** shape [C] */
  readonly gain: tf.Tensor1D;
  /** shape [C] */
  readonly bias: tf.Tensor1D;
}

export interface LinearParameters {
  /** shape [in, out]: the official layout transposed, so that matMul takes its fast path on every back end. */
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
  /** shape [1, C] */
  readonly clsToken: tf.Tensor2D;
  /** shape [1 + gridSize², C]; stays in main memory, since every input size resamples it. */
  readonly positionEmbedding: Float32Array;
  readonly blocks: readonly BlockParameters[];
  readonly norm: LayerNormParameters;
  /** Frees every tensor. */
  dispose(): void;
}

/** @param values shape [rows, columns] @returns shape [columns, rows] */
export function transposed(values: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = values[row * columns + column] as number;
  return result;
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

/**
 * Puts a model on the current back end.
 * @param named every parameter of the architecture (`checkParameters` has seen them), official names and layouts
 * @returns parameters that the caller disposes
 */
export function uploadParameters(
  architecture: VitArchitecture,
  named: ReadonlyMap<string, NamedTensor>,
): VitParameters {
  const { embedDim, depth, patchSize, qkvBias } = architecture;
  const hiddenDim = mlpHiddenDim(architecture);
  const owned: tf.Tensor[] = [];
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
  const linear = (name: string, inputs: number, outputs: number, hasBias = true): LinearParameters => ({
    weight: keep(tf.tensor2d(transposed(valuesOf(`${name}.weight`), outputs, inputs), [inputs, outputs])),
    bias: hasBias ? vector(`${name}.bias`) : null,
  });
  const patchWeight = patchMatrix(valuesOf('patch_embed.proj.weight'), embedDim, patchSize);
  return {
    architecture,
    patchEmbedding: {
      weight: keep(tf.tensor2d(patchWeight, [patchSize * patchSize * 3, embedDim])),
      bias: vector('patch_embed.proj.bias'),
    },
    clsToken: keep(tf.tensor2d(valuesOf('cls_token'), [1, embedDim])),
    positionEmbedding: valuesOf('pos_embed'),
    blocks: Array.from({ length: depth }, (_, index): BlockParameters => {
      const name = `blocks.${index}`;
      return {
        norm1: layerNorm(`${name}.norm1`),
        qkv: linear(`${name}.attn.qkv`, embedDim, 3 * embedDim, qkvBias),
        projection: linear(`${name}.attn.proj`, embedDim, embedDim),
        norm2: layerNorm(`${name}.norm2`),
        fc1: linear(`${name}.mlp.fc1`, embedDim, hiddenDim),
        fc2: linear(`${name}.mlp.fc2`, hiddenDim, embedDim),
      };
    }),
    norm: layerNorm('norm'),
    dispose: () => tf.dispose(owned),
  };
}
