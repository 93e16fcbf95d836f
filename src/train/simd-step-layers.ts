/** The fast step's layers on wasm, by SIMD kernels. */
import { fusedBlockLayers } from '../vit/fused-block-layers.ts';
import {
  columnSums,
  gelu,
  geluGradient,
  layerNormGradients,
  productWithTransposed,
  sequenceAttention,
  sequenceAttentionGradient,
  transposedProduct,
} from '../gpu/simd/simd-training-kernels.ts';
import { plainStepLayers } from './plain-step-layers.ts';
import type { StepLayers } from './step-layers.ts';

const { layerNorm, linear, linearGelu, linearResidual, linearResidualNorm } = fusedBlockLayers;

export const simdStepLayers: StepLayers = {
  // All of a small network, most of ViT-S/16's preset: a sixth of a step's arithmetic.
  keptBytes: 256 * 2 ** 20,
  layerNorm,
  layerNormGradients: (x, { gain }, eps, above, residual) =>
    layerNormGradients(x, gain, eps, above, residual),
  linear,
  linearGelu,
  linearAndGelu: (x, parameters) => {
    const hidden = linear(x, parameters);
    return { hidden, active: gelu(hidden) };
  },
  linearResidual,
  linearResidualNorm,
  gelu,
  geluGradient,
  attention: (qkv, segments, numHeads) => sequenceAttention(qkv, numHeads, segments),
  attentionGradient: (qkv, segments, numHeads, above) =>
    sequenceAttentionGradient(qkv, above, numHeads, segments),
  // Kernels store whole vectors of four columns, and K need not be a multiple of four.
  product: (a, b, transposed) => {
    const columns = transposed === 'a' ? b.shape[1] : b.shape[0];
    const isWhole = columns % 4 === 0 && (transposed === 'a' || a.shape[1] % 4 === 0);
    if (!isWhole) return plainStepLayers.product(a, b, transposed);
    if (transposed === 'b') return productWithTransposed(a, b);
    const { product, columnSums: sums } = transposedProduct(a, b);
    sums.dispose();
    return product;
  },
  weightGradients: (x, above) => {
    const { product, columnSums: sums } = transposedProduct(x, above);
    return { weight: product, bias: sums };
  },
  // Of the head's few vectors.
  normalise: plainStepLayers.normalise,
  normaliseGradient: plainStepLayers.normaliseGradient,
  columnSums,
};
