/**
 * A tiny training run for tests that need another one than PyTorch's: state, configuration and crops are made from a
 * seed.
 */
import type { VitArchitecture } from '../core/architecture.ts';
import { officialConfiguration } from '../core/hyper-parameters.ts';
import { randomStream } from '../core/random.ts';
import type { TrainingConfiguration } from '../core/training.ts';
import type { PixelGrid } from '../media/resample.ts';
import { initialValues } from '../train/initial-values.ts';
import { parameterSpecs } from '../train/parameter-specs.ts';
import { uploadState, type TrainingState } from '../train/training-state.ts';

export const tinyArchitecture: VitArchitecture = {
  family: 'dino',
  embedDim: 16,
  depth: 2,
  numHeads: 2,
  patchSize: 4,
  gridSize: 4,
  mlpRatio: 2,
  qkvBias: true,
  layerNormEps: 1e-6,
  numRegisters: 0,
  layerScale: false,
};

export const tinyConfiguration: TrainingConfiguration = {
  ...officialConfiguration,
  seed: 3,
  steps: 100,
  batchSize: 2,
  globalCropPx: 16,
  localCropPx: 8,
  localCrops: 2,
  hiddenDim: 16,
  bottleneckDim: 8,
  outputDim: 16,
  learningRate: 0.1,
  warmupSteps: 0,
  freezeLastLayerSteps: 0,
  dropPath: 0,
};

/** Caller disposes. */
export function openTinyState(
  configuration: TrainingConfiguration,
  architecture: VitArchitecture = tinyArchitecture,
): TrainingState {
  const specs = parameterSpecs(architecture, configuration);
  const student = initialValues(specs, null, configuration.seed);
  const start = { student, teacher: student, firstMoments: null, secondMoments: null, centre: null, step: 0 };
  return uploadState(architecture, specs, start, configuration.outputDim);
}

/** Images that differ: random coloured stripes over noise. */
export function randomPhotographs(count: number, sidePx = 24, seed = 1): PixelGrid[] {
  return Array.from({ length: count }, (_, index) => {
    const random = randomStream(seed, index);
    const waves = Array.from({ length: 3 }, () => [
      random.uniform(-1, 1),
      random.uniform(-1, 1),
      random.uniform(0, 6),
    ]);
    const values = Uint8ClampedArray.from({ length: sidePx * sidePx * 3 }, (_value, i) => {
      const pixel = Math.floor(i / 3);
      const [across = 0, down = 0, phase = 0] = waves[i % 3] ?? [];
      const angle = across * (pixel % sidePx) + down * Math.floor(pixel / sidePx) + phase;
      return 128 + 90 * Math.sin(angle) + random.uniform(-20, 20);
    });
    return { height: sidePx, width: sidePx, channels: 3, values };
  });
}
