/** Defaults and limits of a training run. Official values: facebookresearch/dino, main_dino.py, and the paper's tables. */
import type { TrainingConfiguration, TrainingNumber } from './training.ts';

export interface HyperParameter {
  /** The official script's option, or null where it has none. */
  readonly officialName: string | null;
  readonly official: number;
  readonly min: number;
  readonly max: number;
  readonly isWhole: boolean;
  /** Beyond this value runs are known to fail. It is allowed, since the failure is worth seeing. */
  readonly warnAbove?: { readonly value: number; readonly sentence: string };
  readonly warnBelow?: { readonly value: number; readonly sentence: string };
}

const whole = (officialName: string | null, official: number, min: number, max: number): HyperParameter => ({
  officialName,
  official,
  min,
  max,
  isWhole: true,
});
const real = (officialName: string | null, official: number, min: number, max: number): HyperParameter => ({
  ...whole(officialName, official, min, max),
  isWhole: false,
});

/** Official schedules count epochs of ImageNet (1251 steps of 1024); here they count steps, for a run of 100 epochs. */
const epoch = 1251;

export const hyperParameters: Readonly<Record<TrainingNumber, HyperParameter>> = {
  seed: whole('seed', 0, 0, 2 ** 31 - 1),
  steps: whole('epochs', 100 * epoch, 1, 10_000_000),
  batchSize: whole('batch_size_per_gpu', 64, 1, 1024),
  globalCropPx: whole(null, 224, 8, 512),
  localCropPx: whole(null, 96, 8, 512),
  localCrops: whole('local_crops_number', 8, 0, 16),
  globalScaleMin: real('global_crops_scale', 0.4, 0.01, 1),
  globalScaleMax: real('global_crops_scale', 1, 0.01, 1),
  localScaleMin: real('local_crops_scale', 0.05, 0.01, 1),
  localScaleMax: real('local_crops_scale', 0.4, 0.01, 1),
  hiddenDim: whole(null, 2048, 4, 8192),
  bottleneckDim: whole(null, 256, 4, 4096),
  outputDim: whole('out_dim', 65_536, 4, 65_536),
  studentTemperature: {
    ...real(null, 0.1, 0.01, 1),
    warnAbove: {
      value: 0.4,
      sentence: 'So warm a student cannot follow a sharp teacher, and learns slowly.',
    },
  },
  teacherTemperature: {
    ...real('teacher_temp', 0.04, 0.005, 1),
    warnAbove: {
      value: 0.07,
      sentence: 'Above 0.07 the paper saw the outputs become uniform (entropy ln K): the run collapses.',
    },
  },
  teacherTemperatureStart: {
    ...real('warmup_teacher_temp', 0.04, 0.005, 1),
    warnAbove: { value: 0.06, sentence: 'A run that begins so warm may never leave the uniform output.' },
  },
  teacherTemperatureWarmupSteps: whole('warmup_teacher_temp_epochs', 0, 0, 10_000_000),
  centreMomentum: {
    ...real(null, 0.9, 0, 0.9999),
    warnAbove: {
      value: 0.99,
      sentence: 'A centre this slow does not follow the teacher; the paper saw collapse at 0.999.',
    },
  },
  teacherMomentum: {
    ...real('momentum_teacher', 0.996, 0, 1),
    warnBelow: { value: 0.9, sentence: 'A teacher this quick runs after its student; the run may collapse.' },
  },
  learningRate: real('lr', 0.0005, 0, 1),
  learningRateEnd: real('min_lr', 1e-6, 0, 1),
  warmupSteps: whole('warmup_epochs', 10 * epoch, 0, 10_000_000),
  weightDecay: real('weight_decay', 0.04, 0, 1),
  weightDecayEnd: real('weight_decay_end', 0.4, 0, 1),
  gradientClip: real('clip_grad', 3, 0, 100),
  freezeLastLayerSteps: whole('freeze_last_layer', epoch, 0, 10_000_000),
  dropPath: real('drop_path_rate', 0.1, 0, 0.9),
  frozenBlocks: whole(null, 0, 0, 256),
};

/** The official script's defaults. */
export const officialConfiguration: TrainingConfiguration = {
  ...(Object.fromEntries(
    Object.entries(hyperParameters).map(([name, { official }]) => [name, official]),
  ) as Record<TrainingNumber, number>),
  centring: true,
  sharpening: true,
};

/** Of the learning rate, after it is scaled to the batch. */
const largestPeak = 0.005;

export interface ConfigurationProblem {
  readonly name: keyof TrainingConfiguration;
  readonly sentence: string;
}

const pairs: readonly (readonly [TrainingNumber, TrainingNumber])[] = [
  ['globalScaleMin', 'globalScaleMax'],
  ['localScaleMin', 'localScaleMax'],
];

/** @returns what makes a run impossible; none where it can start */
export function findProblems(configuration: TrainingConfiguration): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  for (const name of Object.keys(hyperParameters) as TrainingNumber[]) {
    const { min, max, isWhole } = hyperParameters[name];
    const value = configuration[name];
    if (!(value >= min && value <= max) || (isWhole && !Number.isInteger(value)))
      problems.push({
        name,
        sentence: `${name} is ${Number.isNaN(value) ? 'not given' : value}; it must be a ${isWhole ? 'whole ' : ''}number from ${min} to ${max}`,
      });
  }
  for (const [low, high] of pairs)
    if (configuration[low] > configuration[high])
      problems.push({
        name: low,
        sentence: `${low} ${configuration[low]} is more than ${high} ${configuration[high]}`,
      });
  return problems;
}

/** @returns values that are allowed but known to fail, to be shown before and during the run */
export function findWarnings(configuration: TrainingConfiguration): ConfigurationProblem[] {
  const warnings: ConfigurationProblem[] = [];
  for (const name of Object.keys(hyperParameters) as TrainingNumber[]) {
    const { warnAbove, warnBelow } = hyperParameters[name];
    const value = configuration[name];
    if (warnAbove !== undefined && value > warnAbove.value)
      warnings.push({ name, sentence: warnAbove.sentence });
    if (warnBelow !== undefined && value < warnBelow.value)
      warnings.push({ name, sentence: warnBelow.sentence });
  }
  const { learningRate, batchSize } = configuration;
  if ((learningRate * batchSize) / 256 > largestPeak)
    warnings.push({
      name: 'learningRate',
      sentence: `At this batch size its peak is above ${largestPeak}: transformers seldom survive that.`,
    });
  if (!configuration.centring)
    warnings.push({
      name: 'centring',
      sentence: 'Without centring one output comes to dominate: the teacher’s entropy falls to 0.',
    });
  if (!configuration.sharpening)
    warnings.push({
      name: 'sharpening',
      sentence: 'Without sharpening the outputs become uniform: the teacher’s entropy rises to ln K.',
    });
  return warnings;
}
