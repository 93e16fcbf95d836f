/** Our kernels as a set: on or off for a back end, and the shapes that they can take. */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, type VitArchitecture } from '../../core/architecture.ts';
import { attentionKernel } from './attention.ts';
import { columnSumsKernel } from './column-sums.ts';
import { embedPatchesKernel } from './embed-patches.ts';
import { fuseHeadsKernel } from './fuse-heads.ts';
import { geluKernel } from './gelu.ts';
import { floatWeightKernel } from './half-weights.ts';
import { layerNormGradientKernel, rowStatisticsKernel } from './layer-norm-gradient.ts';
import { layerNormKernel } from './layer-norm.ts';
import { linearKernel } from './linear.ts';
import { packedAttentionConfigs } from './packed-attention.ts';
import { queryRowsKernel } from './query-rows.ts';
import { weighRowsConfigs } from './weigh-rows.ts';

const configs = [
  layerNormKernel.config,
  linearKernel.config,
  attentionKernel.config,
  queryRowsKernel.config,
] as const;

/** WebGPU alone has these; wasm has those above too. */
const embedConfigs = [embedPatchesKernel.config, floatWeightKernel.config] as const;

const rolloutConfigs = [fuseHeadsKernel.config, ...weighRowsConfigs] as const;

const trainingConfigs = [
  columnSumsKernel.config,
  geluKernel.config,
  layerNormGradientKernel.config,
  rowStatisticsKernel.config,
  ...packedAttentionConfigs,
] as const;

/** Two of them in registers are 64 vectors; beyond that every device would spill. */
const maxHeadWidth = 128;
/** Workgroups a dimension that every WebGPU device has; no kernel takes more than one a token. */
const maxTokens = 65_535;

/** tfjs's own registry is the switch: nothing else has to be told. Registered once; asked again, it does nothing. */
export function switchKernels(of: readonly tf.KernelConfig[], wanted: boolean): void {
  for (const config of of) {
    const isThere = tf.getKernel(config.kernelName, config.backendName) !== undefined;
    if (wanted && !isThere) tf.registerKernel(config);
    if (!wanted && isThere) tf.unregisterKernel(config.kernelName, config.backendName);
  }
}

export const switchFusedKernels = (wanted: boolean): void =>
  switchKernels([...configs, ...embedConfigs, ...rolloutConfigs, ...trainingConfigs], wanted);

const hasAll = (of: readonly tf.KernelConfig[]): boolean =>
  of.every(({ kernelName }) => tf.getKernel(kernelName, tf.getBackend()) !== undefined);

/** Whether the current back end has those of the forward pass. */
export const hasFusedKernels = (): boolean => hasAll(configs);

/** Whether the current back end makes tokens of a photograph in one dispatch. */
export const hasEmbedKernel = (): boolean => hasAll(embedConfigs);

/** Whether the current back end has those of rollout. */
export const hasRolloutKernels = (): boolean => hasAll(rolloutConfigs);

/** Whether the current back end has those of the forward pass and of training. */
export const hasTrainingKernels = (): boolean => hasAll(configs) && hasAll(trainingConfigs);

/** Kernels read vectors of four: every width must be whole ones, a head's too. Plain ops take the rest. */
export function fusedKernelsSupport(architecture: VitArchitecture, tokens: number): boolean {
  const { embedDim, numHeads } = architecture;
  const headWidth = embedDim / numHeads;
  const isWhole = headWidth % 4 === 0 && mlpHiddenDim(architecture) % 4 === 0;
  return isWhole && headWidth <= maxHeadWidth && tokens <= maxTokens;
}
