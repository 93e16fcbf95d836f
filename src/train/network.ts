/**
 * A backbone with its projection head as tensors, ordered as a forward pass reads them.  Dimension legend for this
 * folder: B photographs, V views of each, S sequences (crops) in one pass, T tokens of a crop, C channels, H heads, D
 * head width, K outputs.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import type { BlockParameters, LayerNormParameters, LinearParameters } from '../vit/parameters.ts';
import { lastLayerName } from './parameter-specs.ts';

/** By the names of `parameterSpecs`. */
export type NamedTensors = ReadonlyMap<string, tf.Tensor>;

export interface Network {
  readonly architecture: VitArchitecture;
  readonly patchEmbedding: LinearParameters;
  /** shape [1, C] */
  readonly clsToken: tf.Tensor2D;
  /** shape [1 + trained rows × trained columns, C] */
  readonly positions: tf.Tensor2D;
  readonly blocks: readonly BlockParameters[];
  readonly norm: LayerNormParameters;
  /** GELU after the first two. */
  readonly mlp: readonly [LinearParameters, LinearParameters, LinearParameters];
  /** shape [bottleneck, K]; its columns count by their direction only. */
  readonly lastLayer: tf.Tensor2D;
}

/** @returns the tensors of `named` in their places; it owns nothing */
export function networkOf(architecture: VitArchitecture, named: NamedTensors): Network {
  const tensor = <T extends tf.Tensor>(name: string): T => {
    const found = named.get(name);
    if (found === undefined) throw new Error(`parameter ${name} is missing`);
    return found as T;
  };
  const linear = (name: string): LinearParameters => ({
    weight: tensor<tf.Tensor2D>(`${name}.weight`),
    bias: named.has(`${name}.bias`) ? tensor<tf.Tensor1D>(`${name}.bias`) : null,
  });
  const layerNorm = (name: string): LayerNormParameters => ({
    gain: tensor<tf.Tensor1D>(`${name}.weight`),
    bias: tensor<tf.Tensor1D>(`${name}.bias`),
  });
  return {
    architecture,
    patchEmbedding: linear('backbone.patch_embed.proj'),
    clsToken: tensor('backbone.cls_token'),
    positions: tensor('backbone.pos_embed'),
    blocks: Array.from({ length: architecture.depth }, (_, index): BlockParameters => {
      const name = `backbone.blocks.${index}`;
      return {
        norm1: layerNorm(`${name}.norm1`),
        qkv: linear(`${name}.attn.qkv`),
        projection: linear(`${name}.attn.proj`),
        norm2: layerNorm(`${name}.norm2`),
        fc1: linear(`${name}.mlp.fc1`),
        fc2: linear(`${name}.mlp.fc2`),
      };
    }),
    norm: layerNorm('backbone.norm'),
    mlp: [linear('head.mlp.0'), linear('head.mlp.2'), linear('head.mlp.4')],
    lastLayer: tensor(lastLayerName),
  };
}
