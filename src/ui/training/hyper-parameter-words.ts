/** The labels and groups of a run's hyper-parameter fields. */
import type { TrainingNumber } from '../../core/training.ts';

interface FieldGroup {
  readonly title: string;
  readonly names: readonly TrainingNumber[];
}

export const fieldGroups: readonly FieldGroup[] = [
  { title: 'Run', names: ['steps', 'batchSize', 'seed'] },
  {
    title: 'Crops',
    names: [
      'localCrops',
      'globalCropPx',
      'localCropPx',
      'globalScaleMin',
      'globalScaleMax',
      'localScaleMin',
      'localScaleMax',
    ],
  },
  {
    title: 'Temperatures and centre',
    names: [
      'studentTemperature',
      'teacherTemperature',
      'teacherTemperatureStart',
      'teacherTemperatureWarmupSteps',
      'centreMomentum',
    ],
  },
  {
    title: 'Learning',
    names: [
      'learningRate',
      'learningRateEnd',
      'warmupSteps',
      'teacherMomentum',
      'weightDecay',
      'weightDecayEnd',
      'gradientClip',
      'freezeLastLayerSteps',
      'dropPath',
      'frozenBlocks',
    ],
  },
  { title: 'Projection head', names: ['outputDim', 'hiddenDim', 'bottleneckDim'] },
];

export const fieldLabels: Readonly<Record<TrainingNumber, string>> = {
  seed: 'Seed',
  steps: 'Steps',
  batchSize: 'Photographs a step',
  globalCropPx: 'Global crops, px',
  localCropPx: 'Local crops, px',
  localCrops: 'Local crops a photograph',
  globalScaleMin: 'Global crops, least area',
  globalScaleMax: 'Global crops, largest area',
  localScaleMin: 'Local crops, least area',
  localScaleMax: 'Local crops, largest area',
  hiddenDim: 'Hidden width',
  bottleneckDim: 'Bottleneck',
  outputDim: 'Outputs K',
  studentTemperature: 'Student temperature',
  teacherTemperature: 'Teacher temperature',
  teacherTemperatureStart: 'Teacher temperature at first',
  teacherTemperatureWarmupSteps: 'Teacher warm-up, steps',
  centreMomentum: 'Centre momentum',
  teacherMomentum: 'Teacher momentum',
  learningRate: 'Learning rate × 256 ⁄ batch',
  learningRateEnd: 'Learning rate at the end',
  warmupSteps: 'Warm-up, steps',
  weightDecay: 'Weight decay',
  weightDecayEnd: 'Weight decay at the end',
  gradientClip: 'Gradient clip (0: none)',
  freezeLastLayerSteps: 'Last layer frozen, steps',
  dropPath: 'Drop path',
  frozenBlocks: 'Frozen blocks',
};

/** False for schedules: they are in steps here and in epochs officially, so the official numbers do not compare. */
export const officialIsComparable = (name: TrainingNumber): boolean =>
  !/steps$/i.test(name) && name !== 'seed';
