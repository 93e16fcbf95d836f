/**
 * The list of variants: which variants our WebGPU kernels have, which of them a device and a model support, and the
 * layers that they are for.
 */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, type VitArchitecture } from '../../core/architecture.ts';
import { attentionName, type AttentionVariant } from './attention-code.ts';
import { fusedKernelsSupport, hasFusedKernels } from './fused-kernels.ts';
import type { WeightStorage } from './half-weights.ts';
import { variantName, type LinearVariant, type RegisterVariant } from './linear-code.ts';
import { fitsRow } from './linear-norm-code.ts';

export const linearVariants: readonly LinearVariant[] = [
  { kind: 'registers', rows: 4, vectors: 1 },
  { kind: 'registers', rows: 8, vectors: 1 },
  { kind: 'registers', rows: 4, vectors: 2 },
  { kind: 'registers', rows: 8, vectors: 2 },
  { kind: 'shared', rows: 4, side: 8 },
  { kind: 'shared', rows: 4, side: 16 },
  { kind: 'shared', rows: 8, side: 16 },
  { kind: 'subgroup', rows: 4, vectors: 1 },
  { kind: 'subgroup', rows: 8, vectors: 1 },
  { kind: 'subgroup', rows: 8, vectors: 2 },
];
export const runsOn = (device: GPUDevice, { kind }: LinearVariant): boolean =>
  kind !== 'subgroup' || device.features.has('subgroups');
export const attendsOn = (device: GPUDevice, { keys }: AttentionVariant): boolean =>
  keys === 'read' || device.features.has('subgroups');
export const storages: readonly WeightStorage[] = ['float32', 'float16'];
export const attentionVariants: readonly AttentionVariant[] = [
  ...([4, 8, 2, 1] as const).map((queries) => ({ queries, keys: 'read' }) as const),
  ...([4, 2] as const).map((queries) => ({ queries, keys: 'passed' }) as const),
];
/**
 * Limit of queries × vectors. Two arrays of this size in registers are 64 vectors. With more, registers spill on a GPU,
 * so those variants are timed last; with software rendering they may still be fastest.
 */
const registerVectors = 32;
/** Above this, compiling the code alone takes a driver a long time. */
const mostAttentionVectors = 128;

/** @param vectors vectors of four in a head */
export const spills = ({ queries }: AttentionVariant, vectors: number): boolean =>
  queries * vectors > registerVectors;

/** The variants of this kind that a head with this number of vectors of four allows, those that fit into registers first. */
export const attentionVariantsFor = (
  vectors: number,
  keys: AttentionVariant['keys'],
): readonly AttentionVariant[] =>
  attentionVariants
    .filter((variant) => variant.keys === keys && variant.queries * vectors <= mostAttentionVectors)
    .sort((a, b) => Number(spills(a, vectors)) - Number(spills(b, vectors)));

/** @returns undefined if there is none of this name, or no name */
export const attentionNamed = (name: string | null): AttentionVariant | undefined =>
  attentionVariants.find((each) => attentionName(each) === name);

export const variantNamed = (name: string | null): LinearVariant | undefined =>
  linearVariants.find((each) => variantName(each) === name);

export const linearVariantsHere = (): readonly LinearVariant[] =>
  linearVariants.filter((variant) => runsOn(currentDevice(), variant));

export const currentDevice = (): GPUDevice =>
  (tf.backend() as unknown as { readonly device: GPUDevice }).device;

/**
 * Enough rows that the launch overhead of a GPU does not dominate. On a slow adapter few rows are enough, and many take
 * long.
 */
export const manyTokens = 577;
export const fewTokens = 96;
export const tokenCounts = [fewTokens, manyTokens];

export type Shape = readonly [depth: number, columns: number];

/** Shapes of a block's linear layers. The last layer's output is as wide as its input. */
export function linearShapes(architecture: VitArchitecture): readonly [Shape, Shape, Shape, Shape] {
  const { embedDim } = architecture;
  const hiddenDim = mlpHiddenDim(architecture);
  return [
    [embedDim, hiddenDim],
    [hiddenDim, embedDim],
    [embedDim, 3 * embedDim],
    [embedDim, embedDim],
  ];
}

/** Shapes of those that end half a block: their result is added to the residual sum and normalised. */
export const normShapes = (architecture: VitArchitecture): readonly Shape[] => {
  const [, fromHidden, , projection] = linearShapes(architecture);
  return [fromHidden, projection];
};

/** The variants of those for rows of this width, and as two dispatches, which always runs. */
export const normVariantsHere = (columns: number): readonly (RegisterVariant | 'apart')[] => {
  const { limits } = currentDevice();
  return [...linearVariantsHere().filter((variant) => fitsRow(variant, columns, limits)), 'apart'];
};

/** Whether there are variants to choose from for a model on the current back end. */
export const hasVariants = (architecture: VitArchitecture): boolean =>
  hasFusedKernels() && fusedKernelsSupport(architecture, manyTokens);
