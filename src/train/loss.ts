/**
 * DINO's loss: the mean, over every pair of a teacher's global view q and a student's view v ≠ q and over the
 * photographs, of the cross-entropy between softmax((t_q − c) / τt) and softmax(s_v / τs). For all pairs at once:
 * summed over the pairs it is −Σ (Σ_q Q_q) · (Σ_v log P_v), less the pairs that are not compared.
 */
import * as tf from '@tensorflow/tfjs-core';
import { globalViews } from './crop-batch.ts';

export interface TeacherTargets {
  /** shape [2B, K], each row a distribution */
  readonly probabilities: tf.Tensor2D;
  /** Mean over the rows, scalar. */
  readonly entropy: tf.Scalar;
}

/**
 * Centring and sharpening.
 * @param outputs the teacher's, shape [2B, K] @param centre shape [1, K], or null without centring
 */
export function teacherTargets(
  outputs: tf.Tensor2D,
  centre: tf.Tensor2D | null,
  temperature: number,
): TeacherTargets {
  const centred = centre === null ? outputs : tf.sub<tf.Tensor2D>(outputs, centre);
  const logs = tf.logSoftmax<tf.Tensor2D>(tf.mul(centred, 1 / temperature));
  const probabilities = tf.exp(logs);
  return { probabilities, entropy: tf.neg(tf.mean(tf.sum(tf.mul(probabilities, logs), 1))) };
}

/** How many (teacher, student) pairs are compared. */
const pairCount = (views: number): number => globalViews * (views - 1);

/**
 * @param targets shape [2B, K] @param studentOutputs shape [V × B, K], the global views first
 * @returns scalar
 */
export function dinoLoss(
  targets: tf.Tensor2D,
  studentOutputs: tf.Tensor2D,
  photographs: number,
  studentTemperature: number,
): tf.Scalar {
  const [rows, outputs] = studentOutputs.shape;
  const views = rows / photographs;
  const perView = photographs * outputs;
  const logs = tf.reshape(tf.logSoftmax(tf.mul(studentOutputs, 1 / studentTemperature)), [views, perView]);
  const byView = tf.reshape(targets, [globalViews, perView]);
  const everyPair = tf.sum(tf.mul(tf.sum(byView, 0), tf.sum(logs, 0)));
  const sameView = tf.sum(tf.mul(byView, tf.slice(logs, [0, 0], [globalViews, -1])));
  return tf.mul(tf.sub(sameView, everyPair), 1 / (pairCount(views) * photographs));
}

/**
 * The loss and its gradient at once. With p = softmax(s / τs), a student row that is compared with n teacher rows of sum Q has
 * the gradient (n p − Q) / (τs · pairs · B).
 * @returns `gradient` of the student's outputs, shape [V × B, K]; caller disposes both
 */
export function dinoLossAndGradient(
  targets: tf.Tensor2D,
  studentOutputs: tf.Tensor2D,
  photographs: number,
  studentTemperature: number,
): { loss: tf.Scalar; gradient: tf.Tensor2D } {
  return tf.tidy(() => {
    const [rows] = studentOutputs.shape;
    const views = rows / photographs;
    const logs = tf.logSoftmax<tf.Tensor2D>(tf.mul(studentOutputs, 1 / studentTemperature));
    const first = tf.slice2d(targets, [0, 0], [photographs, -1]);
    const second = tf.slice2d(targets, [photographs, 0], [photographs, -1]);
    // A global view is compared with the other one, a local view with both.
    const locals = views - globalViews;
    const both = locals === 0 ? [] : [tf.tile(tf.add<tf.Tensor2D>(first, second), [locals, 1])];
    const compared = tf.concat2d([second, first, ...both], 0);
    const counts = Float32Array.from({ length: rows }, (_, row) =>
      row < globalViews * photographs ? globalViews - 1 : globalViews,
    );
    const share = 1 / (pairCount(views) * photographs);
    const expected = tf.mul(tf.exp(logs), tf.tensor2d(counts, [rows, 1]));
    return {
      loss: tf.mul<tf.Scalar>(tf.sum(tf.mul(compared, logs)), -share),
      gradient: tf.mul<tf.Tensor2D>(tf.sub(expected, compared), share / studentTemperature),
    };
  });
}
