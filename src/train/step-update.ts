/** What comes between a step's gradients and the next step: by plain ops, or in place by one kernel a parameter. */
import type * as tf from '@tensorflow/tfjs-core';
import type { ScheduledRates, TrainingConfiguration } from '../core/training.ts';
import { plainUpdate } from './plain-update.ts';
import type { TrainingState } from './training-state.ts';

/** What a step measures, as scalars on the device; the caller disposes them. */
export type StepScalars = {
  readonly loss: tf.Scalar;
  readonly teacherEntropy: tf.Scalar;
  readonly centreNorm: tf.Scalar;
  readonly gradientNorm: tf.Scalar;
  /** The first step whose loss or gradients were not finite, and since which nothing has changed; 0 where all is well. */
  readonly failedStep: tf.Scalar;
};

/** A type and not an interface, so that tfjs's tidy finds the tensors in it. */
export type LossAndGradients = {
  loss: tf.Scalar;
  entropy: tf.Scalar;
  /** shape [2B, K] */
  teacherOutputs: tf.Tensor2D;
  /** Of the student's parameters that are not frozen, by their names. */
  gradients: Record<string, tf.Tensor>;
};

export interface Updater {
  /** Changes the state, and counts the step, unless a number is not finite. @param found disposed, but for its scalars */
  update(
    configuration: TrainingConfiguration,
    rates: ScheduledRates,
    found: LossAndGradients,
  ): Promise<StepScalars>;
  dispose(): void;
}

export const openUpdater = (state: TrainingState): Updater => ({
  update: (configuration, rates, found) => plainUpdate(state, configuration, rates, found),
  dispose: () => {},
});
