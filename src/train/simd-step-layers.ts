/**
 * The fast step's layers on wasm: forward and products by the page's SIMD kernels, which have the names of WebGPU's, and the rest by
 * tfjs's ops. A product's second matrix is a layer's weight as far as the kernel cares; the kernel stores whole vectors of four columns, and
 * K need not be a multiple of four.
 */
import * as tf from '@tensorflow/tfjs-core';
import { attentionKernel } from '../gpu/kernels/attention.ts';
import { fusedBlockLayers } from '../vit/fused-block-layers.ts';
import { plainStepLayers } from './plain-step-layers.ts';
import type { StepLayers } from './step-layers.ts';

const { layerNorm, linear, linearGelu, linearResidual } = fusedBlockLayers;

export const simdStepLayers: StepLayers = {
  ...plainStepLayers,
  layerNorm,
  linear,
  linearGelu,
  linearResidual,
  // Forward one sequence after the other, each by the kernel of a photograph's pass; the way back is tfjs's.
  attention: (qkv, segments, numHeads) =>
    tf.concat(
      segments.flatMap(({ firstRow, sequences, tokens }) =>
        Array.from({ length: sequences }, (_, i) =>
          attentionKernel.run(
            { qkv: tf.slice2d(qkv, [firstRow + i * tokens, 0], [tokens, -1]) },
            { numHeads },
          ),
        ),
      ),
      0,
    ),
  product: (a, b, transposed) => {
    const columns = transposed === 'a' ? b.shape[1] : b.shape[0];
    if (columns % 4 !== 0) return plainStepLayers.product(a, b, transposed);
    return transposed === 'a'
      ? linear(tf.transpose(a), { weight: b, bias: null })
      : linear(a, { weight: tf.transpose(b), bias: null });
  },
};
