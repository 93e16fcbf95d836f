import { mlpHiddenDim, type VitArchitecture } from '../core/architecture.ts';
import type { TrainingConfiguration } from '../core/training.ts';
import { globalViews } from './crop-batch.ts';
import { insideBytesOf } from './backpropagate.ts';
import { parameterCountOf, parameterSpecs } from './parameter-specs.ts';
import type { StepMemory } from './step-layers.ts';

export interface MemoryEstimate {
  /** Student, teacher, two moments and the gradient of every parameter. */
  readonly parameterBytes: number;
  /** What a step's forward and backward pass hold at once. */
  readonly activationBytes: number;
  readonly totalBytes: number;
}

const bytesPerValue = 4;

/** T × T matrices of every head that attention's way back by tfjs's ops holds at once: weights, scores, and their gradients. */
const squareMatrices = 8;

/**
 * What a run will hold on the device, worked out from its sizes: what goes into each block, the inside of one block, and the
 * head. Measured peaks lie near it (docs/adr/0009); tfjs keeps freed buffers for the next step, which is part of the estimate.
 */
export function estimateTrainingMemory(
  architecture: VitArchitecture,
  configuration: TrainingConfiguration,
  { attention, keptBytes }: StepMemory,
): MemoryEstimate {
  const { embedDim, depth, patchSize } = architecture;
  const { batchSize, globalCropPx, localCropPx, localCrops, hiddenDim, bottleneckDim, outputDim } =
    configuration;
  const parameterBytes = 5 * bytesPerValue * parameterCountOf(parameterSpecs(architecture, configuration));
  const tokensOf = (sidePx: number): number => 1 + (sidePx / patchSize) ** 2;
  const sequences = batchSize * (globalViews + localCrops);
  const rows =
    batchSize *
    (globalViews * tokensOf(globalCropPx) + (localCrops === 0 ? 0 : localCrops * tokensOf(localCropPx)));
  // And each after the norm that reads it.
  const betweenBlocks = 2 * rows * embedDim * (depth + 1);
  // Two norms, qkv and its gradient, mixed values, sums and their gradients; hidden values before and after GELU and theirs.
  const withinBlock = rows * (15 * embedDim + 4 * mlpHiddenDim(architecture));
  const kept = Math.min(keptBytes, depth * insideBytesOf(architecture, rows)) / bytesPerValue;
  const patches = 2 * rows * patchSize * patchSize * 3;
  const head =
    4 * sequences * (2 * hiddenDim + bottleneckDim + 2 * outputDim) + 4 * bottleneckDim * outputDim;
  // Crops of one size after the other.
  const squares = Math.max(
    globalViews * tokensOf(globalCropPx) ** 2,
    localCrops === 0 ? 0 : localCrops * tokensOf(localCropPx) ** 2,
  );
  const square = attention === 'streamed' ? 0 : squareMatrices * batchSize * architecture.numHeads * squares;
  const activationBytes = bytesPerValue * (betweenBlocks + withinBlock + kept + patches + head + square);
  return { parameterBytes, activationBytes, totalBytes: parameterBytes + activationBytes };
}
