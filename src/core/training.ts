/**
 * What a training run is told and what it tells: types that the page, the worker, the command line and `train/` share.
 * Names follow the paper; the official script's own stand in `hyper-parameters.ts`.
 */

/** Every number is one that `hyper-parameters.ts` has a default and limits for. A run is fixed by this and its photographs. */
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
  /** Each parameter's gradient is scaled down to this L2 norm; 0 leaves it alone. */
  readonly gradientClip: number;
  /** The head's last layer stands still for so many steps. */
  readonly freezeLastLayerSteps: number;
  /** Of the last block; it grows from 0 over the blocks. */
  readonly dropPath: number;
  /** The patch embedding, the tokens and so many blocks stand still for the whole run; 0 trains everything. */
  readonly frozenBlocks: number;
  /** Whether the centre is taken from the teacher's outputs. May be switched while the run goes on. */
  readonly centring: boolean;
  /** Whether the teacher has its own low temperature; without it the student's. May be switched while the run goes on. */
  readonly sharpening: boolean;
}

export type TrainingNumber = {
  [Name in keyof TrainingConfiguration]: TrainingConfiguration[Name] extends number ? Name : never;
}[keyof TrainingConfiguration];

/** What the person may switch while a run goes on. */
export type TrainingSwitches = Pick<TrainingConfiguration, 'centring' | 'sharpening'>;

/** What computes a run's steps: our kernels wherever they fit, or tfjs's ops alone. */
export type StepKernels = 'ours' | 'plain';

/** Ours compared with tfjs's ops on the device that a run is to use. */
export interface KernelCheck {
  /** 'plain' where ours are not to be trusted. */
  readonly kernels: StepKernels;
  /**
   * Of any gradient or parameter after an update, relative to each tensor's largest value; 0 where there are none of ours, Infinity where
   * the device refuses them.
   */
  readonly maxRelativeDifference: number;
}

/** The schedules' values at a step. */
export interface ScheduledRates {
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Of the teacher: it keeps so much of itself. */
  readonly teacherMomentum: number;
  readonly teacherTemperature: number;
}

/** Measured at one step, before the step's update. Cross-entropy (the loss) = teacher entropy + KL. Natural logarithms. */
export interface StepReport extends ScheduledRates {
  /** From 1 on: how many steps have been taken, this one included. */
  readonly step: number;
  readonly loss: number;
  /** Of the teacher's centred and sharpened outputs, mean over its crops: 0 is one output for all, ln K is none. */
  readonly teacherEntropy: number;
  /** Divergence of the student from the teacher: what there is to learn. Both collapses send it to 0. */
  readonly kl: number;
  /** L2 norm of the centre, after this step. */
  readonly centreNorm: number;
  /** L2 norm of all gradients together, before clipping. */
  readonly gradientNorm: number;
  /** Wall-clock time of the step, cropping included. Where reports are rarer than steps, the mean since the last. */
  readonly stepMs: number;
}
