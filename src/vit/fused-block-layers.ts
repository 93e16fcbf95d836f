/** Layers by our own kernels (gpu/kernels), one dispatch each. */
import * as tf from '@tensorflow/tfjs-core';
import type { Overlap } from '../core/overlap.ts';
import { attentionKernel } from '../gpu/kernels/attention.ts';
import { embedPatchesKernel } from '../gpu/kernels/embed-patches.ts';
import { fuseHeadsKernel } from '../gpu/kernels/fuse-heads.ts';
import { hasEmbedKernel, hasLinearNormKernel, hasRolloutKernels } from '../gpu/kernels/fused-kernels.ts';
import { weightColumns } from '../gpu/kernels/half-weights.ts';
import { queryRowsKernel } from '../gpu/kernels/query-rows.ts';
import { layerNormKernel } from '../gpu/kernels/layer-norm.ts';
import { weighMeanRows } from '../gpu/kernels/weigh-rows.ts';
import { linearNormKernel, linearNormVariant } from '../gpu/kernels/linear-norm.ts';
import { linearKernel, type LinearAttributes } from '../gpu/kernels/linear.ts';
import type { BlockLayers, NormedSum } from './block-layers.ts';
import { embedTokens, gridOf, positionsFor } from './layers.ts';
import { fuseHeads } from './plain-block-layers.ts';
import type { LayerNormParameters, LinearParameters, VitParameters } from './parameters.ts';

function linear(
  x: tf.Tensor2D,
  { weight, bias }: LinearParameters,
  attributes: Partial<LinearAttributes>,
  residual?: tf.Tensor2D,
): tf.Tensor2D {
  const inputs = {
    x,
    weight,
    ...(bias === null ? {} : { bias }),
    ...(residual === undefined ? {} : { residual }),
  };
  const whole = {
    rows: x.shape[0],
    firstColumn: 0,
    columns: weightColumns(weight),
    activation: 'none',
  } as const;
  return linearKernel.run(inputs, { ...whole, ...attributes });
}

/** On wasm only its linear layer is ours; there is no kernel for all of it. */
function embed(parameters: VitParameters, image: tf.Tensor3D, overlap: Overlap): tf.Tensor2D {
  const { architecture, patchEmbedding, specialTokens } = parameters;
  const { weight, bias } = patchEmbedding;
  if (bias === null || !hasEmbedKernel())
    return embedTokens(parameters, image, overlap, (x, layer) => linear(x, layer, {}));
  const { patchSize, embedDim } = architecture;
  const [height, width] = image.shape;
  const positions = positionsFor(parameters, gridOf({ height, width }, patchSize, overlap));
  const inputs = {
    image,
    weight,
    bias,
    special: specialTokens,
    positions: tf.tensor2d(positions, [positions.length / embedDim, embedDim]),
  };
  return embedPatchesKernel.run(inputs, { patchSize, stride: patchSize / overlap });
}

const layerNorm = (x: tf.Tensor2D, parameters: LayerNormParameters, eps: number): tf.Tensor2D =>
  layerNormKernel.run({ x, ...parameters }, { eps });

/** One dispatch where the back end has the kernel and it is not slower there, else two. */
function linearResidualNorm(
  x: tf.Tensor2D,
  parameters: LinearParameters,
  residual: tf.Tensor2D,
  norm: LayerNormParameters,
  eps: number,
): NormedSum {
  const { weight, bias } = parameters;
  if (!hasLinearNormKernel() || linearNormVariant(tf.backend(), { x, residual, weight }) === null) {
    const sum = linear(x, parameters, {}, residual);
    return { sum, normed: layerNorm(sum, norm, eps) };
  }
  const [sum, normed] = linearNormKernel.run(
    { x, weight, ...(bias === null ? {} : { bias }), residual, gain: norm.gain, shift: norm.bias },
    { eps },
  );
  return { sum, normed };
}

export const fusedBlockLayers: BlockLayers = {
  embed,
  layerNorm,
  linear: (x, parameters) => linear(x, parameters, {}),
  linearPart: (x, parameters, rows, { begin, count }) =>
    linear(x, parameters, { rows, firstColumn: begin, columns: count }),
  linearGelu: (x, parameters) => linear(x, parameters, { activation: 'gelu' }),
  linearResidual: (x, parameters, residual) => linear(x, parameters, {}, residual),
  linearResidualNorm,
  selfAttention: (qkv, numHeads) => attentionKernel.run({ qkv }, { numHeads }),
  queryRows: (queries, keys, numHeads) => queryRowsKernel.run({ queries, keys }, { numHeads }),
  // Of rollout's layers wasm has none of its own.
  fuseHeads: (rows, numHeads, fusion) =>
    hasRolloutKernels()
      ? fuseHeadsKernel.run({ rows }, { numHeads, fusion })
      : fuseHeads(rows, numHeads, fusion),
  weighMeanRows: (weights, queries, keys, numHeads) =>
    hasRolloutKernels() ? weighMeanRows(weights, queries, keys, numHeads) : null,
};
