/** The fast step's layers by our kernels, of one or two dispatches each. */
import * as tf from '@tensorflow/tfjs-core';
import { columnSumsKernel } from '../gpu/kernels/column-sums.ts';
import { geluKernel } from '../gpu/kernels/gelu.ts';
import { layerNormGradientKernel, rowStatisticsKernel } from '../gpu/kernels/layer-norm-gradient.ts';
import {
  packedAttentionGradient,
  packedAttentionKernel,
  type PackedAttributes,
} from '../gpu/kernels/packed-attention.ts';
import { fusedBlockLayers } from '../vit/fused-block-layers.ts';
import type { Segment } from './packed-batch.ts';
import type { StepLayers } from './step-layers.ts';

function packed(segments: readonly Segment[], numHeads: number): PackedAttributes {
  const [long, short] = segments;
  if (long === undefined || segments.length > 2) throw new Error('one or two sizes of crops');
  return {
    numHeads,
    longRows: long.sequences * long.tokens,
    longTokens: long.tokens,
    shortTokens: short?.tokens ?? 1,
  };
}

const asVector = (row: tf.Tensor2D): tf.Tensor1D => tf.reshape<tf.Rank.R1>(row, [-1]);

const { layerNorm, linear, linearGelu, linearResidual } = fusedBlockLayers;

export const fusedStepLayers: StepLayers = {
  // Dispatches are cheaper here than memory.
  keptBytes: 0,
  layerNorm,
  layerNormGradients: (x, { gain }, eps, above, residual) => {
    const statistics = rowStatisticsKernel.run({ x }, { eps });
    const inputs = { x, gain, above, statistics };
    return {
      x: layerNormGradientKernel.run(residual === null ? inputs : { ...inputs, residual }, {}),
      gain: asVector(columnSumsKernel.run({ x: above, other: x, statistics }, {})),
      bias: asVector(columnSumsKernel.run({ x: above }, {})),
    };
  },
  linear,
  linearGelu,
  linearResidual,
  gelu: (x) => geluKernel.run({ x }, {}),
  geluGradient: (x, above) => geluKernel.run({ x, above }, {}),
  attention: (qkv, segments, numHeads) => packedAttentionKernel.run({ qkv }, packed(segments, numHeads)),
  attentionGradient: (qkv, segments, numHeads, above) =>
    packedAttentionGradient(qkv, above, packed(segments, numHeads)),
  product: (a, b, transposed) => tf.matMul(a, b, transposed === 'a', transposed === 'b'),
  weightGradients: (x, above) => ({
    weight: tf.matMul(x, above, true),
    bias: asVector(columnSumsKernel.run({ x: above }, {})),
  }),
  columnSums: (x) => asVector(columnSumsKernel.run({ x }, {})),
};
