/** What comes between a step's gradients and the next step: by plain ops, or in place by our own kernels on WebGPU and wasm. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import type { ScheduledRates, StepKernels, TrainingConfiguration } from '../core/training.ts';
import { hasTrainingKernels } from '../gpu/kernels/fused-kernels.ts';
import { InPlaceOptimizer } from '../gpu/kernels/in-place-optimizer.ts';
import { moveParameter, squareSum } from '../gpu/simd/simd-optimizer.ts';
import { lastLayerName } from './parameter-specs.ts';
import { adam, clipEps, plainUpdate, updateByHost, type UpdateArithmetic } from './plain-update.ts';
import { trainsBySimd } from './step-layers.ts';
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
  /** What `failedStep` would be now: for whoever is about to save a state whose last steps were not reported. */
  readFailedStep(): Promise<number>;
  dispose(): void;
}

const plainUpdater = (state: TrainingState): Updater => ({
  update: (configuration, rates, found) => plainUpdate(state, configuration, rates, found),
  readFailedStep: () => Promise.resolve(0),
  dispose: () => {},
});

/** AdamW and the teacher's moving average as one SIMD loop over a parameter. */
function simdArithmetic({ student, teacher, firstMoments, secondMoments }: TrainingState): UpdateArithmetic {
  const backend = tf.backend() as BackendWasm;
  const { firstDecay, secondDecay, eps } = adam;
  return {
    squareSums: (gradients) => Promise.resolve(gradients.map((gradient) => squareSum(backend, gradient))),
    move: ({ spec: { name, decays }, gradient, gradientScale, updates }, rates) => {
      const { learningRate, weightDecay, teacherMomentum } = rates;
      const tensors = {
        student: student.get(name) as tf.Tensor,
        teacher: teacher.get(name) as tf.Tensor,
        firstMoment: firstMoments.get(name) as tf.Tensor,
        secondMoment: secondMoments.get(name) as tf.Tensor,
      };
      moveParameter(backend, tensors, gradient, {
        gradientScale,
        firstDecay,
        firstRest: 1 - firstDecay,
        secondDecay,
        secondRest: 1 - secondDecay,
        rate: learningRate / (1 - firstDecay ** updates),
        secondCorrection: 1 / (1 - secondDecay ** updates),
        eps,
        kept: decays ? 1 - learningRate * weightDecay : 1,
        teacherMomentum,
        teacherRest: 1 - teacherMomentum,
      });
    },
  };
}

const simdUpdater = (state: TrainingState): Updater => {
  const arithmetic = simdArithmetic(state);
  return {
    update: (configuration, rates, found) => updateByHost(state, configuration, rates, found, arithmetic),
    readFailedStep: () => Promise.resolve(0),
    dispose: () => {},
  };
};

/** Counts every step: whether one failed is known on the device alone until somebody reads it. */
function inPlaceUpdater(state: TrainingState): Updater {
  const { student, teacher, firstMoments, secondMoments, specs } = state;
  const verdict = tf.zeros([2]);
  const tensor = (variables: typeof student, name: string): tf.Tensor => variables.get(name) as tf.Tensor;
  const parameters = specs.map(({ name, decays }) => ({
    student: tensor(student, name),
    teacher: tensor(teacher, name),
    firstMoment: tensor(firstMoments, name),
    secondMoment: tensor(secondMoments, name),
    decays,
  }));
  const optimizer = new InPlaceOptimizer(tf.backend() as WebGPUBackend, parameters, state.centre, verdict);
  return {
    update: (configuration, rates, { loss, entropy, teacherOutputs, gradients }) => {
      state.step++;
      const { step } = state;
      const updates = specs.map(({ name }) => ({
        gradient: gradients[name] ?? null,
        updates: Math.max(0, step - (name === lastLayerName ? configuration.freezeLastLayerSteps : 0)),
      }));
      const { centreMomentum, gradientClip } = configuration;
      optimizer.update(
        step,
        { ...rates, ...adam, centreMomentum, gradientClip, clipEps },
        updates,
        loss,
        teacherOutputs,
      );
      tf.dispose([teacherOutputs, gradients]);
      const scalars = tf.tidy(() => ({
        centreNorm: tf.norm(state.centre) as tf.Scalar,
        gradientNorm: tf.reshape<tf.Rank.R0>(tf.slice1d(verdict as tf.Tensor1D, 0, 1), []),
        failedStep: tf.reshape<tf.Rank.R0>(tf.slice1d(verdict as tf.Tensor1D, 1, 1), []),
      }));
      return Promise.resolve({ loss, teacherEntropy: entropy, ...scalars });
    },
    readFailedStep: async () => (await verdict.data())[1] ?? NaN,
    dispose: () => {
      optimizer.dispose();
      verdict.dispose();
    },
  };
}

const fitsInPlace = ({ student }: TrainingState): boolean =>
  InPlaceOptimizer.fits(
    tf.backend() as WebGPUBackend,
    [...student.values()].map(({ size }) => size),
  );

/** @returns an updater of the state on the current back end, which the caller disposes before the state */
export function openUpdater(state: TrainingState, kernels: StepKernels = 'ours'): Updater {
  if (kernels === 'ours' && hasTrainingKernels() && fitsInPlace(state)) return inPlaceUpdater(state);
  return trainsBySimd(state.studentNetwork, kernels) ? simdUpdater(state) : plainUpdater(state);
}
