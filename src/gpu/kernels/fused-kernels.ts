/** The set of our kernels: turning them on or off for a back end, and the shapes that they support. */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, type VitArchitecture } from '../../core/architecture.ts';
import { attentionKernel } from './attention.ts';
import { columnSumsKernel, standardisedSumsKernel } from './column-sums.ts';
import { embedPatchesKernel } from './embed-patches.ts';
import { fuseHeadsKernel } from './fuse-heads.ts';
import { geluKernel } from './gelu.ts';
import { floatWeightKernel } from './half-weights.ts';
import { layerNormGradientKernel } from './layer-norm-gradient.ts';
import { layerNormKernel } from './layer-norm.ts';
import { linearNormKernel } from './linear-norm.ts';
import { linearKernel, linearPairKernel } from './linear.ts';
import { normaliseKernel } from './normalise.ts';
import { packedAttentionConfigs } from './packed-attention.ts';
import { queryRowsKernel } from './query-rows.ts';
import { weighRowsConfigs } from './weigh-rows.ts';

const configs = [
  layerNormKernel.config,
  linearKernel.config,
  attentionKernel.config,
  queryRowsKernel.config,
] as const;

/** Only WebGPU has these; wasm also has the kernels above. */
const normConfigs = [linearNormKernel.config] as const;
const embedConfigs = [embedPatchesKernel.config, floatWeightKernel.config] as const;

const rolloutConfigs = [fuseHeadsKernel.config, ...weighRowsConfigs] as const;

const trainingConfigs = [
  columnSumsKernel.config,
  geluKernel.config,
  linearPairKernel.config,
  layerNormGradientKernel.config,
  standardisedSumsKernel.config,
  normaliseKernel.config,
  ...packedAttentionConfigs,
] as const;

/** Two arrays of this width in registers are 64 vectors; with more, every device would spill. */
const maxHeadWidth = 128;
/** Workgroups in one dimension that every WebGPU device supports; no kernel uses more than one a token. */
const maxTokens = 65_535;

/**
 * Turns kernels on or off through tfjs's own registry, so no other state is needed. Does nothing if they are already in
 * the wanted state.
 */
export function switchKernels(of: readonly tf.KernelConfig[], wanted: boolean): void {
  for (const config of of) {
    const isThere = tf.getKernel(config.kernelName, config.backendName) !== undefined;
    if (wanted && !isThere) tf.registerKernel(config);
    if (!wanted && isThere) tf.unregisterKernel(config.kernelName, config.backendName);
  }
}

export const switchFusedKernels = (wanted: boolean): void =>
  switchKernels([...configs, ...normConfigs, ...embedConfigs, ...rolloutConfigs, ...trainingConfigs], wanted);

const hasAll = (of: readonly tf.KernelConfig[]): boolean =>
  of.every(({ kernelName }) => tf.getKernel(kernelName, tf.getBackend()) !== undefined);

/** Whether the current back end has the kernels of the forward pass. */
export const hasFusedKernels = (): boolean => hasAll(configs);

/** Whether the current back end has the kernel that ends half a block in one dispatch. */
export const hasLinearNormKernel = (): boolean => hasAll(normConfigs);

/** Whether the current back end has the kernel that makes tokens of a photograph in one dispatch. */
export const hasEmbedKernel = (): boolean => hasAll(embedConfigs);

/** Whether the current back end has the kernels of rollout. */
export const hasRolloutKernels = (): boolean => hasAll(rolloutConfigs);

/** Whether the current back end has the kernels of the forward pass and of training. */
export const hasTrainingKernels = (): boolean => hasAll(configs) && hasAll(trainingConfigs);

/**
 * The kernels read vectors of four, so every width, also that of a head, must be a multiple of 4. Plain ops handle the
 * other networks.
 */
export function fusedKernelsSupport(architecture: VitArchitecture, tokens: number): boolean {
  const { embedDim, numHeads } = architecture;
  const headWidth = embedDim / numHeads;
  const isWhole = headWidth % 4 === 0 && mlpHiddenDim(architecture) % 4 === 0;
  return isWhole && headWidth <= maxHeadWidth && tokens <= maxTokens;
}
