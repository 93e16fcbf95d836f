/** The fast step's layers by our kernels, of one or two dispatches each. */
import * as tf from '@tensorflow/tfjs-core';
import { columnSumsKernel, standardisedSumsKernel } from '../gpu/kernels/column-sums.ts';
import { geluKernel } from '../gpu/kernels/gelu.ts';
import { layerNormGradientKernel } from '../gpu/kernels/layer-norm-gradient.ts';
import { normaliseKernel } from '../gpu/kernels/normalise.ts';
import {
  packedAttentionGradient,
  packedAttentionKernel,
  type PackedAttributes,
} from '../gpu/kernels/packed-attention.ts';
import { linearPairKernel } from '../gpu/kernels/linear.ts';
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

const { layerNorm, linear, linearGelu, linearResidual, linearResidualNorm } = fusedBlockLayers;

export const fusedStepLayers: StepLayers = {
  // Dispatches are cheaper here than memory.
  keptBytes: 0,
  layerNorm,
  layerNormGradients: (x, { gain }, eps, above, residual) => {
    const inputs = { x, gain, above, ...(residual === null ? {} : { residual }) };
    const [gradient, statistics] = layerNormGradientKernel.run(inputs, { eps });
    const [ofGain, ofBias] = standardisedSumsKernel.run({ x: above, other: x, statistics }, {});
    return { x: gradient, gain: asVector(ofGain), bias: asVector(ofBias) };
  },
  linear,
  linearGelu,
  linearAndGelu: (x, { weight, bias }) => {
    const whole = { rows: x.shape[0], firstColumn: 0, columns: weight.shape[1] };
    const [hidden, active] = linearPairKernel.run({ x, weight, ...(bias === null ? {} : { bias }) }, whole);
    return { hidden, active };
  },
  linearResidual,
  linearResidualNorm,
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
  normalise: (x, axis, smallest) => normaliseKernel.run({ x }, { axis, smallest }),
  normaliseGradient: (x, direction, above, axis, smallest) =>
    normaliseKernel.run({ x, direction, above }, { axis, smallest }),
  columnSums: (x) => asVector(columnSumsKernel.run({ x }, {})),
};
