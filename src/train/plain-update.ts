/** What follows the gradients, by plain ops: the centre, clipping and AdamW, the teacher. The reference of the fused kernel. */
import * as tf from '@tensorflow/tfjs-core';
import type { ScheduledRates, TrainingConfiguration } from '../core/training.ts';
import { isFrozen, lastLayerName } from './parameter-specs.ts';
import type { LossAndGradients, StepScalars } from './step-update.ts';
import type { TrainingState } from './training-state.ts';

export const adam = { firstDecay: 0.9, secondDecay: 0.999, eps: 1e-8 } as const;
/** Added to the norm that a gradient is clipped by, as in the official script. */
export const clipEps = 1e-6;

/** Clipping, then AdamW with decoupled weight decay. */
function updateStudent(
  state: TrainingState,
  configuration: TrainingConfiguration,
  rates: ScheduledRates,
  gradients: Readonly<Record<string, tf.Tensor>>,
): void {
  const { firstDecay, secondDecay, eps } = adam;
  const { learningRate, weightDecay } = rates;
  const { gradientClip, freezeLastLayerSteps, frozenBlocks } = configuration;
  for (const { name, decays } of state.specs) {
    // A layer that stands still has no moments, no decay, and no step of its own.
    const updates = state.step + 1 - (name === lastLayerName ? freezeLastLayerSteps : 0);
    if (updates <= 0 || isFrozen(name, frozenBlocks)) continue;
    tf.tidy(() => {
      const [parameter, first, second] = [state.student, state.firstMoments, state.secondMoments].map(
        (variables) => variables.get(name),
      ) as [tf.Variable, tf.Variable, tf.Variable];
      let gradient = gradients[name] as tf.Tensor;
      if (gradientClip > 0) {
        const norm = tf.sqrt(tf.sum(tf.square(gradient)));
        gradient = tf.mul(gradient, tf.minimum(tf.div(gradientClip, tf.add(norm, clipEps)), 1));
      }
      first.assign(tf.add(tf.mul(first, firstDecay), tf.mul(gradient, 1 - firstDecay)));
      second.assign(tf.add(tf.mul(second, secondDecay), tf.mul(tf.square(gradient), 1 - secondDecay)));
      const deviation = tf.sqrt(tf.mul(second, 1 / (1 - secondDecay ** updates)));
      const step = tf.div(tf.mul(first, learningRate / (1 - firstDecay ** updates)), tf.add(deviation, eps));
      const kept = decays ? tf.mul(parameter, 1 - learningRate * weightDecay) : parameter;
      parameter.assign(tf.sub(kept, step));
    });
  }
}

/**
 * Reads two scalars back, so that nothing is changed where they are not finite.
 * @param found disposed, but for the scalars that are returned
 */
export async function plainUpdate(
  state: TrainingState,
  configuration: TrainingConfiguration,
  rates: ScheduledRates,
  found: LossAndGradients,
): Promise<StepScalars> {
  const { centreMomentum } = configuration;
  const { loss, entropy, teacherOutputs, gradients } = found;
  const gradientNorm = tf.tidy(() => {
    const squares = Object.values(gradients).map((gradient) => tf.sum(tf.square(gradient)));
    return tf.sqrt(tf.sum(tf.stack(squares))) as tf.Scalar;
  });
  const [[lossValue], [norm]] = await Promise.all([loss.data(), gradientNorm.data()]);
  const isFinite = Number.isFinite(lossValue) && Number.isFinite(norm);
  if (isFinite) {
    const { teacherMomentum } = rates;
    tf.tidy(() => {
      const mean = tf.mean<tf.Tensor2D>(teacherOutputs, 0, true);
      state.centre.assign(tf.add(tf.mul(state.centre, centreMomentum), tf.mul(mean, 1 - centreMomentum)));
    });
    updateStudent(state, configuration, rates, gradients);
    for (const [name, teacher] of state.teacher)
      tf.tidy(() => {
        const student = state.student.get(name) as tf.Variable;
        teacher.assign(tf.add(tf.mul(teacher, teacherMomentum), tf.mul(student, 1 - teacherMomentum)));
      });
    state.step++;
  }
  const centreNorm = tf.tidy(() => tf.norm(state.centre) as tf.Scalar);
  const failedStep = tf.scalar(isFinite ? 0 : state.step + 1);
  tf.dispose([teacherOutputs, gradients]);
  return { loss, teacherEntropy: entropy, centreNorm, gradientNorm, failedStep };
}
