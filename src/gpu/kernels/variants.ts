/** The catalogue: which variants our WebGPU kernels have, which of them a device and a model can take, and the layers that they are for. */
import * as tf from '@tensorflow/tfjs-core';
import { mlpHiddenDim, type VitArchitecture } from '../../core/architecture.ts';
import { fusedKernelsSupport, hasFusedKernels } from './fused-kernels.ts';
import type { WeightStorage } from './half-weights.ts';
import { variantName, type LinearVariant } from './linear-code.ts';

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
export const storages: readonly WeightStorage[] = ['float32', 'float16'];
export const attentionVariants = [4, 8, 2, 1] as const;
/** Two of them in registers are 64 vectors; more spill on a GPU, so they are timed last. On software they may still win. */
const registerVectors = 32;
/** Beyond that the code alone takes a driver long. */
const mostAttentionVectors = 128;

/** @param vectors of four in a head */
export const spills = (queries: number, vectors: number): boolean => queries * vectors > registerVectors;

/** Those that a head of so many vectors of four allows, the usual one first. */
export const attentionVariantsFor = (vectors: number): (typeof attentionVariants)[number][] =>
  attentionVariants
    .filter((queries) => queries * vectors <= mostAttentionVectors)
    .sort((a, b) => Number(spills(a, vectors)) - Number(spills(b, vectors)));

export const variantNamed = (name: string | null): LinearVariant | undefined =>
  linearVariants.find((each) => variantName(each) === name);

export const linearVariantsHere = (): readonly LinearVariant[] =>
  linearVariants.filter((variant) => runsOn(currentDevice(), variant));

export const currentDevice = (): GPUDevice =>
  (tf.backend() as unknown as { readonly device: GPUDevice }).device;

/** Enough rows that a GPU's launch does not hide the work; on a slow adapter few are enough, and many take long. */
export const manyTokens = 577;
export const fewTokens = 96;
export const tokenCounts = [fewTokens, manyTokens];

type Shape = readonly [depth: number, columns: number];

/** Of a block's linear layers; the last one's output is as wide as its input. */
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

/** Whether there is anything to choose for a model on the current back end. */
export const hasVariants = (architecture: VitArchitecture): boolean =>
  hasFusedKernels() && fusedKernelsSupport(architecture, manyTokens);
