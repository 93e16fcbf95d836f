/** Runs that are known to work, to start from. */
import type { VitArchitecture } from './architecture.ts';
import { officialConfiguration } from './hyper-parameters.ts';
import type { TrainingConfiguration } from './training.ts';

export type TrainingPresetId = 'collapse-in-a-minute' | 'adapt-embedded' | 'adapt-vit-s16';

export interface TrainingPreset {
  readonly id: TrainingPresetId;
  readonly title: string;
  readonly description: string;
  /** The network to train from scratch; null where a trained model is adapted. */
  readonly scratch: VitArchitecture | null;
  /** Whether it adapts a network that does not come with the page. */
  readonly needsCheckpoint?: true;
  readonly configuration: TrainingConfiguration;
  /** In steps: how often the run is saved, and how often its maps are taken. */
  readonly intervals: { readonly saveEvery: number; readonly mapsEvery: number };
}

/** Small enough to see a collapse within a minute on a laptop. */
const tinyArchitecture: VitArchitecture = {
  family: 'dino',
  embedDim: 64,
  depth: 3,
  numHeads: 2,
  patchSize: 8,
  gridSize: 6,
  mlpRatio: 4,
  qkvBias: true,
  layerNormEps: 1e-6,
  numRegisters: 0,
  layerScale: false,
};

/**
 * Settings that the small runs share. They have few photographs and steps, so the teacher moves faster and the
 * warm-up is short.
 */
const shortRun: TrainingConfiguration = {
  ...officialConfiguration,
  steps: 300,
  warmupSteps: 10,
  freezeLastLayerSteps: 10,
  weightDecayEnd: 0.04,
  dropPath: 0,
};

export const trainingPresets: readonly TrainingPreset[] = [
  {
    id: 'collapse-in-a-minute',
    title: 'Collapse in a minute',
    description: 'A tiny network from scratch. Switch centring or sharpening off and watch it collapse.',
    scratch: tinyArchitecture,
    intervals: { saveEvery: 25, mapsEvery: 5 },
    // Measured over seeds and photographs: docs/adr/0021-collapse-preset.md.
    configuration: {
      ...shortRun,
      steps: 600,
      batchSize: 4,
      globalCropPx: 32,
      localCropPx: 16,
      localCrops: 2,
      hiddenDim: 128,
      bottleneckDim: 32,
      outputDim: 64,
      learningRate: 0.005,
      // The same as at first: a second experiment in the same run has the same rate.
      learningRateEnd: 0.005,
      teacherTemperature: 0.03,
      teacherTemperatureStart: 0.03,
      teacherMomentum: 0.98,
    },
  },
  {
    id: 'adapt-embedded',
    title: 'Adapt the embedded model',
    description: 'The model that comes with the page learns from your photographs.',
    scratch: null,
    intervals: { saveEvery: 25, mapsEvery: 5 },
    configuration: {
      ...shortRun,
      batchSize: 4,
      globalCropPx: 96,
      localCropPx: 48,
      localCrops: 4,
      hiddenDim: 512,
      bottleneckDim: 128,
      outputDim: 1024,
      learningRate: 0.005,
      freezeLastLayerSteps: 30,
      warmupSteps: 30,
      teacherMomentum: 0.99,
    },
  },
  {
    id: 'adapt-vit-s16',
    title: 'Adapt ViT-S/16',
    description: 'A published ViT-S/16, with the official crops. It wants a graphics card.',
    scratch: null,
    needsCheckpoint: true,
    intervals: { saveEvery: 50, mapsEvery: 10 },
    configuration: {
      ...shortRun,
      batchSize: 2,
      localCrops: 6,
      hiddenDim: 2048,
      bottleneckDim: 256,
      outputDim: 4096,
      learningRate: 0.002,
      dropPath: 0.1,
      freezeLastLayerSteps: 30,
      warmupSteps: 30,
      teacherMomentum: 0.996,
    },
  },
];

export function presetOf(id: TrainingPresetId): TrainingPreset {
  const preset = trainingPresets.find((each) => each.id === id);
  if (preset === undefined) throw new Error(`no preset ${id}`);
  return preset;
}
