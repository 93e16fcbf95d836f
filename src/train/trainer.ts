/**
 * A training run: photographs in, two networks that learn. It knows neither page nor thread; the worker and the command line use it.
 *
 *     const created = Trainer.create({ configuration, photographs, model, faults });
 *     for await (const report of created.value.run({ reportEvery: 1, signal })) …
 *
 * Leaving the loop pauses the run; `run` again continues it. One call at a time: a caller that wants a checkpoint or attention maps
 * leaves the loop, or asks between two reports.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import { failureOf, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { PooledFeatures } from '../core/recognition.ts';
import type { StepKernels, StepReport, TrainingConfiguration, TrainingSwitches } from '../core/training.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import type { PixelGrid } from '../media/resample.ts';
import { attendSpecial, type SpecialAttention } from '../vit/attend.ts';
import { runForward, type ForwardOptions } from '../vit/forward.ts';
import type { VitParameters } from '../vit/parameters.ts';
import { pooledTap, poolTokens } from '../vit/pool-tokens.ts';
import { fastLossAndGradients } from './fast-step.ts';
import { initialValues } from './initial-values.ts';
import { batchOf, makeCropPictures, type CropPicture } from './make-crops.ts';
import { parameterSpecs } from './parameter-specs.ts';
import { fingerprintOf, shrinkPhotograph } from './photographs.ts';
import { ratesAt } from './schedules.ts';
import { openUpdater, type StepScalars, type Updater } from './step-update.ts';
import { readTrainingCheckpoint, writeBackbone, writeTrainingCheckpoint } from './training-checkpoint.ts';
import { findMisfits, type TrainingModel } from './training-model.ts';
import {
  downloadNetwork,
  downloadState,
  uploadState,
  type StoredState,
  type TrainingState,
} from './training-state.ts';

export type NetworkRole = 'student' | 'teacher';

export interface TrainerOptions {
  readonly configuration: TrainingConfiguration;
  /** Upright, at least one; kept (smaller ones as they are) as long as the trainer lives. */
  readonly photographs: readonly PixelGrid[];
  readonly model: TrainingModel;
  readonly faults: FaultWatch;
  /** 'plain' where `checkStepKernels` has found ours wrong; ours otherwise. */
  readonly kernels?: StepKernels;
}

export interface RunOptions {
  /** Steps from one report to the next. Scalars are read back only then, so that a GPU never waits in between. */
  readonly reportEvery: number;
  /** Ends the run between two steps: a pause as well as a cancel. */
  readonly signal: AbortSignal;
  /** Runs a step when it has the device for itself. Where nothing else computes on the device, a step needs not wait. */
  readonly enqueue?: <T>(step: () => Promise<T>) => Promise<T>;
  /** Called right before a step, within its turn in the queue. */
  readonly beforeStep?: () => void;
  /** After every step, reported or not; the next one waits for it. */
  readonly afterStep?: (step: number) => Promise<void>;
}

export class Trainer {
  readonly architecture: VitArchitecture;
  private currentConfiguration: TrainingConfiguration;
  private readonly photographs: readonly PixelGrid[];
  private readonly state: TrainingState;
  private readonly updater: Updater;
  private readonly faults: FaultWatch;
  private readonly kernels: StepKernels;
  private pictures: readonly CropPicture[] = [];
  /** Since the last report. */
  private unreported = { steps: 0, ms: 0 };

  private constructor(options: TrainerOptions, stored: StoredState) {
    const { configuration, photographs, model, faults, kernels = 'ours' } = options;
    this.architecture = model.architecture;
    this.currentConfiguration = configuration;
    this.photographs = photographs.map((photo) => shrinkPhotograph(photo, configuration.globalCropPx));
    this.faults = faults;
    this.kernels = kernels;
    const specs = parameterSpecs(model.architecture, configuration);
    this.state = uploadState(model.architecture, specs, stored, configuration.outputDim);
    this.updater = openUpdater(this.state, kernels);
  }

  /** A new run on the current back end; student and teacher begin equal. */
  static create(options: TrainerOptions): Result<Trainer, Failure> {
    const { configuration, model, photographs } = options;
    const problems = findMisfits(configuration, model, photographs);
    if (problems.length > 0) return fail({ code: 'training-impossible', problems });
    const specs = parameterSpecs(model.architecture, configuration);
    const student = initialValues(specs, model.parameters, configuration.seed);
    const stored = {
      student,
      teacher: student,
      firstMoments: null,
      secondMoments: null,
      centre: null,
      step: 0,
    };
    return succeed(new Trainer(options, stored));
  }

  /**
   * Goes on from `saveCheckpoint`'s file: with the same photographs in the same order, as if it had never stopped.
   * @returns with the trainer, whether these are the photographs that the run began with
   */
  static async resume(
    file: Blob,
    photographs: readonly PixelGrid[],
    faults: FaultWatch,
    kernels: StepKernels = 'ours',
  ): Promise<Result<{ trainer: Trainer; samePhotographs: boolean }, Failure>> {
    const checkpoint = await readTrainingCheckpoint(file);
    if (!checkpoint.ok) return checkpoint;
    const { architecture, configuration, state } = checkpoint.value;
    const model = { architecture, parameters: null };
    const problems = findMisfits(configuration, model, photographs);
    if (problems.length > 0) return fail({ code: 'training-impossible', problems });
    const trainer = new Trainer({ configuration, photographs, model, faults, kernels }, state);
    return succeed({
      trainer,
      samePhotographs: fingerprintOf(trainer.photographs) === checkpoint.value.photographs,
    });
  }

  get configuration(): TrainingConfiguration {
    return this.currentConfiguration;
  }

  /** Steps taken so far. Where steps wait for their report, some of them may still turn out to have failed. */
  get stepsTaken(): number {
    return this.state.step;
  }

  /** The crops of the last step, view by view; none before the first. */
  get crops(): readonly CropPicture[] {
    return this.pictures;
  }

  /** Works from the next step on. */
  setSwitches(switches: Partial<TrainingSwitches>): void {
    this.currentConfiguration = { ...this.currentConfiguration, ...switches };
  }

  /**
   * One step.
   * @param isReported whether to read the scalars back; null is returned otherwise
   * @returns 'training-diverged' where the loss or a gradient was not finite: the networks are as they were before that step
   */
  async step(isReported = true): Promise<Result<StepReport | null, Failure>> {
    try {
      return await this.takeStep(isReported);
    } catch (error) {
      const failure = failureOf(error);
      if (failure === null) throw error;
      return fail(failure);
    }
  }

  /** Takes steps until the configured length, a failure, or an abort; the first failure is the last report. */
  async *run({
    reportEvery,
    signal,
    enqueue = (step) => step(),
    beforeStep,
    afterStep,
  }: RunOptions): AsyncGenerator<Result<StepReport, Failure>> {
    const { steps } = this.currentConfiguration;
    while (this.state.step < steps && !signal.aborted) {
      const report = await enqueue(() => {
        beforeStep?.();
        const next = this.state.step + 1;
        return this.step(next % reportEvery === 0 || next === steps);
      });
      if (!report.ok) {
        yield report;
        return;
      }
      if (report.value !== null) yield succeed(report.value);
      await afterStep?.(this.state.step);
    }
  }

  private async takeStep(isReported: boolean): Promise<Result<StepReport | null, Failure>> {
    const start = performance.now();
    const configuration = this.currentConfiguration;
    const step = this.state.step + 1;
    this.pictures = makeCropPictures(this.photographs, configuration, step);
    const rates = ratesAt(configuration, step);
    const found = fastLossAndGradients(
      this.state,
      configuration,
      batchOf(this.pictures, configuration),
      rates,
      this.kernels,
    );
    const scalars = await this.updater.update(configuration, rates, found);
    this.faults.check();
    // Where the updater knows already that the step failed, it has not counted it.
    if (!isReported && this.state.step === step) {
      tf.dispose(Object.values(scalars));
      this.unreported = {
        steps: this.unreported.steps + 1,
        ms: this.unreported.ms + performance.now() - start,
      };
      return succeed(null);
    }
    const { loss, teacherEntropy, centreNorm, gradientNorm, failedStep } = await this.readScalars(scalars);
    if (failedStep > 0) {
      this.state.step = failedStep - 1;
      return fail({ code: 'training-diverged', step: failedStep });
    }
    const { steps, ms } = this.unreported;
    this.unreported = { steps: 0, ms: 0 };
    return succeed({
      step,
      loss,
      teacherEntropy,
      kl: loss - teacherEntropy,
      centreNorm,
      gradientNorm,
      ...rates,
      stepMs: (ms + performance.now() - start) / (steps + 1),
    });
  }

  private async readScalars(scalars: StepScalars): Promise<Record<keyof StepScalars, number>> {
    const names = Object.keys(scalars) as (keyof StepScalars)[];
    const packed = tf.tidy(() => tf.stack(names.map((name) => scalars[name])));
    tf.dispose(Object.values(scalars));
    try {
      const values = await this.faults.race(packed.data());
      return Object.fromEntries(names.map((name, i) => [name, values[i] ?? NaN])) as Record<
        keyof StepScalars,
        number
      >;
    } finally {
      packed.dispose();
    }
  }

  /**
   * What CLS looks at in the last block, by the run's own tensors: no parameter is copied.
   * @param input normalised RGB, shape [size.height, size.width, 3], sides whole patches
   */
  async attend(
    role: NetworkRole,
    input: Float32Array,
    size: { readonly height: number; readonly width: number },
  ): Promise<Result<SpecialAttention, Failure>> {
    return this.look(role, (parameters, options) => attendSpecial(parameters, input, size, options));
  }

  /**
   * One vector for a whole photograph: CLS after the final norm, by the run's own tensors.
   * @param input as for `attend` @returns shape [C]
   */
  async embed(
    role: NetworkRole,
    input: Float32Array,
    size: { readonly height: number; readonly width: number },
  ): Promise<Result<Float32Array<ArrayBuffer>, Failure>> {
    const last = this.architecture.depth - 1;
    return this.look(role, async (parameters, options) => {
      const tapped = await runForward(parameters, input, size, [pooledTap(last)], options);
      try {
        const { features } = await poolTokens(tapped, [last]);
        return (features[0] as PooledFeatures).cls;
      } finally {
        tapped.dispose();
      }
    });
  }

  /** A pass through a network as it is now. */
  private async look<T>(
    role: NetworkRole,
    pass: (parameters: VitParameters, options: ForwardOptions) => Promise<T>,
  ): Promise<Result<T, Failure>> {
    const network = role === 'student' ? this.state.studentNetwork : this.state.teacherNetwork;
    try {
      const positionEmbedding = (await this.faults.race(network.positions.data())) as Float32Array;
      const parameters = {
        ...network,
        specialTokens: network.clsToken,
        positionEmbedding,
        dispose: () => {},
      };
      const options = { faults: this.faults, afterBlock: () => Promise.resolve() };
      return succeed(await pass(parameters, options));
    } catch (error) {
      const failure = failureOf(error);
      if (failure === null) throw error;
      return fail(failure);
    }
  }

  /**
   * The whole run as safetensors; `Trainer.resume` and any reader of DINO's names take it. After a step that failed it holds
   * the state before that step.
   */
  async saveCheckpoint(): Promise<Blob> {
    const failedStep = await this.faults.race(this.updater.readFailedStep());
    if (failedStep > 0) this.state.step = failedStep - 1;
    return writeTrainingCheckpoint({
      architecture: this.architecture,
      configuration: this.currentConfiguration,
      state: await this.readBack(downloadState(this.state)),
      photographs: fingerprintOf(this.photographs),
    });
  }

  /** One backbone by the official names, as safetensors. */
  async exportBackbone(role: NetworkRole): Promise<Blob> {
    const network = await this.readBack(downloadNetwork(this.state, role));
    return writeBackbone(this.architecture, this.state.specs, network);
  }

  /** A faulty device may send back old values or zeros, which must not overwrite what is kept. */
  private async readBack<T>(work: Promise<T>): Promise<T> {
    const result = await this.faults.race(work);
    await this.faults.settle();
    return result;
  }

  /** Frees every tensor. */
  dispose(): void {
    this.updater.dispose();
    this.state.dispose();
  }
}
