/**
 * One step of DINO by plain ops and tfjs's own gradients: the reference. What runs in the page is `fast-step.ts`, which must equal
 * it. Only tests and the bench run it, after registering tfjs's gradients: the page does not carry those.
 *
 * Order as in main_dino.py: teacher and student forward, loss, gradients; then `plain-update.ts`: centre, clipping, AdamW, teacher.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { ScheduledRates, TrainingConfiguration } from '../core/training.ts';
import { dropPathScales, globalViews, type CropBatch } from './crop-batch.ts';
import { dinoLoss, teacherTargets } from './loss.ts';
import { isFrozen } from './parameter-specs.ts';
import { backboneFeatures, headOutputs, type CropPass } from './plain-forward.ts';
import { plainUpdate } from './plain-update.ts';
import { positionMatrixFor } from './position-matrix.ts';
import type { LossAndGradients, StepScalars } from './step-update.ts';
import type { TrainingState } from './training-state.ts';

function passesOf(state: TrainingState, configuration: TrainingConfiguration, batch: CropBatch): CropPass[] {
  const { architecture } = state;
  const { photographs, globalPx, globals, localPx, locals } = batch;
  const counts = [
    globals.length / (globalPx * globalPx * 3),
    locals.length / (localPx * localPx * 3),
  ] as const;
  const sequences = counts[0] + counts[1];
  const scales = dropPathScales(architecture, configuration, sequences, state.step + 1);
  const passOf = (values: Float32Array, sidePx: number, first: number, count: number): CropPass => ({
    images: tf.tensor4d(values, [count, sidePx, sidePx, 3]),
    positionMatrix: positionMatrixFor(architecture, sidePx),
    dropScales:
      scales &&
      Array.from({ length: architecture.depth }, (_, block) => {
        const branch = (index: 0 | 1): tf.Tensor2D => {
          const from = (block * 2 + index) * sequences + first;
          return tf.tensor2d(scales.slice(from, from + count), [count, 1]);
        };
        return [branch(0), branch(1)] as const;
      }),
  });
  const passes = [passOf(globals, globalPx, 0, globalViews * photographs)];
  if (counts[1] > 0) passes.push(passOf(locals, localPx, counts[0], counts[1]));
  return passes;
}

/** @returns tensors that the caller disposes */
export function lossAndGradients(
  state: TrainingState,
  configuration: TrainingConfiguration,
  batch: CropBatch,
  rates: ScheduledRates,
): LossAndGradients {
  return tf.tidy(() => {
    const passes = passesOf(state, configuration, batch);
    // The teacher sees the global crops only, and drops nothing.
    const teacherOutputs = headOutputs(
      state.teacherNetwork,
      backboneFeatures(state.teacherNetwork, { ...(passes[0] as CropPass), dropScales: null }),
    );
    const trained = [...state.student].filter(([name]) => !isFrozen(name, configuration.frozenBlocks));
    const centre = configuration.centring ? state.centre : null;
    const { probabilities, entropy } = teacherTargets(teacherOutputs, centre, rates.teacherTemperature);
    const { value: loss, grads } = tf.variableGrads(
      () => {
        const features = passes.map((pass) => backboneFeatures(state.studentNetwork, pass));
        const outputs = headOutputs(state.studentNetwork, tf.concat2d(features, 0));
        return dinoLoss(probabilities, outputs, batch.photographs, configuration.studentTemperature);
      },
      trained.map(([, variable]) => variable),
    );
    const gradients: Record<string, tf.Tensor> = {};
    for (const [name, variable] of trained) gradients[name] = grads[variable.name] as tf.Tensor;
    return { loss, entropy, teacherOutputs, gradients };
  });
}

export const plainStep = (
  state: TrainingState,
  configuration: TrainingConfiguration,
  batch: CropBatch,
  rates: ScheduledRates,
): Promise<StepScalars> =>
  plainUpdate(state, configuration, rates, lossAndGradients(state, configuration, batch, rates));
