/**
 * A training run's configuration and reports, as types that the page, the worker, the command line and `train/`
 * share. Names follow the paper; `hyper-parameters.ts` has the official script's names.
 */

/** `hyper-parameters.ts` has a default and limits for every number. These and the photographs determine a run. */
export interface TrainingConfiguration {
  readonly seed: number;
  /** Length of the run: every schedule ends there. */
  readonly steps: number;
  /** Photographs a step; each gives two global and `localCrops` local crops. */
  readonly batchSize: number;
  readonly globalCropPx: number;
  readonly localCropPx: number;
  readonly localCrops: number;
  /** Share of a photograph's area that a crop takes. */
  readonly globalScaleMin: number;
  readonly globalScaleMax: number;
  readonly localScaleMin: number;
  readonly localScaleMax: number;
  /** The projection head: two hidden layers, a bottleneck, K outputs. */
  readonly hiddenDim: number;
  readonly bottleneckDim: number;
  readonly outputDim: number;
  readonly studentTemperature: number;
  /** The teacher's temperature goes from `teacherTemperatureStart` to `teacherTemperature` in a straight line. */
  readonly teacherTemperature: number;
  readonly teacherTemperatureStart: number;
  readonly teacherTemperatureWarmupSteps: number;
  readonly centreMomentum: number;
  /** At the first step; it goes to 1 by a cosine. */
  readonly teacherMomentum: number;
  /** Peak for a batch of 256; a batch of B takes B / 256 of it, as the official script does. */
  readonly learningRate: number;
  readonly learningRateEnd: number;
  readonly warmupSteps: number;
  /** By a cosine from the first to the second; none on biases and other parameters of one dimension. */
  readonly weightDecay: number;
  readonly weightDecayEnd: number;
  /** Each parameter's gradient is scaled down to this L2 norm; 0 does not scale. */
  readonly gradientClip: number;
  /** The head's last layer is not changed in the first steps, this many. */
  readonly freezeLastLayerSteps: number;
  /** Of the last block; it grows from 0 over the blocks. */
  readonly dropPath: number;
  /** The patch embedding, the tokens and this many blocks are never changed; 0 trains everything. */
  readonly frozenBlocks: number;
  /** Whether the centre is subtracted from the teacher's outputs. May be switched while the run goes on. */
  readonly centring: boolean;
  /** Whether the teacher has its own low temperature; without it the student's. May be switched while the run goes on. */
  readonly sharpening: boolean;
}

export type TrainingNumber = {
  [Name in keyof TrainingConfiguration]: TrainingConfiguration[Name] extends number ? Name : never;
}[keyof TrainingConfiguration];

/** In place of a model's title, of a run that began with values drawn by its seed. */
export const scratchTitle = 'from scratch';

/** What the person may switch while a run goes on. */
export type TrainingSwitches = Pick<TrainingConfiguration, 'centring' | 'sharpening'>;

/** Where a switch stood from this step on; the first entry is how the run began. */
export interface SwitchMark extends TrainingSwitches {
  readonly step: number;
}

/** What computes the steps: our kernels where they apply, or tfjs's ops only. */
export type StepKernels = 'ours' | 'plain';

/** Our kernels compared with tfjs's ops, on the device that the run uses. */
export interface KernelCheck {
  /** 'plain' where our kernels gave other numbers. */
  readonly kernels: StepKernels;
  /**
   * Of any gradient or parameter after an update, relative to each tensor's largest value; 0 where none of our
   * kernels runs, Infinity where the device refuses them.
   */
  readonly maxRelativeDifference: number;
}

/** The schedules' values at a step. */
export interface ScheduledRates {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** The share that the teacher keeps of its own parameters. */
  readonly teacherMomentum: number;
  readonly teacherTemperature: number;
}

/** Measured at one step, before the step's update. Cross-entropy (the loss) = teacher entropy + KL. Natural logarithms. */
export interface StepReport extends ScheduledRates {
  /** From 1 on: how many steps have been taken, this one included. */
  readonly step: number;
  readonly loss: number;
  /**
   * Of the teacher's centred and sharpened outputs, mean over its crops: 0: one output takes everything; ln K: all
   * outputs are equal.
   */
  readonly teacherEntropy: number;
  /** KL divergence of the student from the teacher. It goes to 0 in both kinds of collapse. */
  readonly kl: number;
  /** L2 norm of the centre, after this step. */
  readonly centreNorm: number;
  /** L2 norm of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** Wall-clock time of the step, cropping included. Where reports are rarer than steps, the mean since the last. */
  readonly stepMs: number;
}
