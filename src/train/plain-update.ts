/** What follows the gradients: the centre, clipping and AdamW, the teacher. By plain ops: the reference of the kernels. */
import * as tf from '@tensorflow/tfjs-core';
import type { ScheduledRates, TrainingConfiguration } from '../core/training.ts';
import { isFrozen, lastLayerName, type ParameterSpec } from './parameter-specs.ts';
import type { LossAndGradients, StepScalars } from './step-update.ts';
import type { TrainingState } from './training-state.ts';

export const adam = { firstDecay: 0.9, secondDecay: 0.999, eps: 1e-8 } as const;
/** Added to the norm that a gradient is clipped by, as in the official script. */
export const clipEps = 1e-6;

/** One parameter's way into the next step. */
interface ParameterMove {
  readonly spec: ParameterSpec;
  /** Null where the student stands still and the teacher alone moves. */
  readonly gradient: tf.Tensor | null;
  /** What clipping multiplies the gradient by. */
  readonly gradientScale: number;
  /** How many updates the parameter has had with this one. */
  readonly updates: number;
}

/** How the numbers are worked out. */
export interface UpdateArithmetic {
  squareSums(gradients: readonly tf.Tensor[]): Promise<ArrayLike<number>>;
  move(move: ParameterMove, rates: ScheduledRates): void;
}

/** By tfjs's ops. */
const plainArithmetic = (state: TrainingState): UpdateArithmetic => ({
  squareSums: async (gradients) => {
    const sums = tf.tidy(() => tf.stack(gradients.map((gradient) => tf.sum(tf.square(gradient)))));
    const values = await sums.data();
    sums.dispose();
    return values;
  },
  move: ({ spec: { name, decays }, gradient, gradientScale, updates }, rates) => {
    const { firstDecay, secondDecay, eps } = adam;
    const { learningRate, weightDecay, teacherMomentum } = rates;
    const [student, teacher, first, second] = [
      state.student,
      state.teacher,
      state.firstMoments,
      state.secondMoments,
    ].map((variables) => variables.get(name)) as [tf.Variable, tf.Variable, tf.Variable, tf.Variable];
    tf.tidy(() => {
      if (gradient !== null) {
        const clipped = tf.mul(gradient, gradientScale);
        first.assign(tf.add(tf.mul(first, firstDecay), tf.mul(clipped, 1 - firstDecay)));
        second.assign(tf.add(tf.mul(second, secondDecay), tf.mul(tf.square(clipped), 1 - secondDecay)));
        const deviation = tf.sqrt(tf.mul(second, 1 / (1 - secondDecay ** updates)));
        const rate = learningRate / (1 - firstDecay ** updates);
        const step = tf.div(tf.mul(first, rate), tf.add(deviation, eps));
        const kept = decays ? tf.mul(student, 1 - learningRate * weightDecay) : student;
        student.assign(tf.sub(kept, step));
      }
      teacher.assign(tf.add(tf.mul(teacher, teacherMomentum), tf.mul(student, 1 - teacherMomentum)));
    });
  },
});

/** By tfjs's ops throughout. */
export const plainUpdate = (
  state: TrainingState,
  configuration: TrainingConfiguration,
  rates: ScheduledRates,
  found: LossAndGradients,
): Promise<StepScalars> => updateByHost(state, configuration, rates, found, plainArithmetic(state));

/**
 * Reads scalars back, so that nothing is changed where they are not finite.
 * @param found disposed, but for the scalars that are returned
 */
export async function updateByHost(
  state: TrainingState,
  { centreMomentum, gradientClip, freezeLastLayerSteps, frozenBlocks }: TrainingConfiguration,
  rates: ScheduledRates,
  { loss, entropy, teacherOutputs, gradients }: LossAndGradients,
  { squareSums, move }: UpdateArithmetic,
): Promise<StepScalars> {
  const names = Object.keys(gradients);
  const squares = await squareSums(Object.values(gradients));
  const norms = new Map(names.map((name, i) => [name, Math.sqrt(squares[i] ?? NaN)]));
  const norm = Math.hypot(...norms.values());
  const [lossValue] = await loss.data();
  const isFinite = Number.isFinite(lossValue) && Number.isFinite(norm);
  if (isFinite) {
    tf.tidy(() => {
      const mean = tf.mean<tf.Tensor2D>(teacherOutputs, 0, true);
      state.centre.assign(tf.add(tf.mul(state.centre, centreMomentum), tf.mul(mean, 1 - centreMomentum)));
    });
    for (const spec of state.specs) {
      const { name } = spec;
      // A layer that stands still has no moments, no decay, and no step of its own.
      const updates = state.step + 1 - (name === lastLayerName ? freezeLastLayerSteps : 0);
      const gradient = updates <= 0 || isFrozen(name, frozenBlocks) ? null : (gradients[name] ?? null);
      const clipScale = gradientClip / ((norms.get(name) ?? 0) + clipEps);
      const gradientScale = gradientClip > 0 ? Math.min(1, clipScale) : 1;
      move({ spec, gradient, gradientScale, updates }, rates);
    }
    state.step++;
  }
  const centreNorm = tf.tidy(() => tf.norm(state.centre) as tf.Scalar);
  const failedStep = tf.scalar(isFinite ? 0 : state.step + 1);
  tf.dispose([teacherOutputs, gradients]);
  return { loss, teacherEntropy: entropy, centreNorm, gradientNorm: tf.scalar(norm), failedStep };
}
