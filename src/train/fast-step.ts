/** One step of DINO as the page runs it: the same numbers as `plain-step.ts`, by fewer and larger operations and less memory. */
import * as tf from '@tensorflow/tfjs-core';
import type { ScheduledRates, StepKernels, TrainingConfiguration } from '../core/training.ts';
import {
  blockGradients,
  computeInside,
  embed,
  embedGradients,
  finishBlock,
  headGradients,
  insideBytesOf,
  runBlock,
  runHead,
  type BlockDrop,
  type BlockInside,
  type Gradients,
} from './backpropagate.ts';
import { dropPathScales, type CropBatch } from './crop-batch.ts';
import { dinoLossAndGradient, teacherTargets, type TeacherTargets } from './loss.ts';
import type { Network } from './network.ts';
import { dropRows, packBatch, rowsOf, type PackedSegment } from './packed-batch.ts';
import { isFrozen } from './parameter-specs.ts';

import { stepLayersFor, type StepLayers } from './step-layers.ts';
import type { LossAndGradients } from './step-update.ts';
import type { TrainingState } from './training-state.ts';

/** @returns the teacher's outputs, shape [2B, K]; caller disposes */
function teacherPass(network: Network, segments: readonly PackedSegment[], layers: StepLayers): tf.Tensor2D {
  return tf.tidy(() => {
    let x = embed(network, segments, layers);
    for (const block of network.blocks) {
      const next = runBlock(x, block, network.architecture, segments, layers, null);
      x.dispose();
      x = next;
    }
    return runHead(network, x, segments, layers).outputs;
  });
}

/** Forward, loss, and the whole way back to the first layer that is trained. */
function studentPass(
  network: Network,
  configuration: TrainingConfiguration,
  segments: readonly PackedSegment[],
  layers: StepLayers,
  drops: readonly BlockDrop[],
  targets: tf.Tensor2D,
  photographs: number,
): { loss: tf.Scalar; gradients: Gradients } {
  const { architecture, blocks } = network;
  const { frozenBlocks, studentTemperature } = configuration;
  return tf.tidy(() => {
    /** What goes into each block, and last what comes out of them. */
    const between = [embed(network, segments, layers)];
    /** Of blocks whose inside is kept. */
    const insides = new Map<number, BlockInside>();
    const mostKept = Math.floor(layers.keptBytes / insideBytesOf(architecture, rowsOf(segments)));
    for (const [index, block] of blocks.entries()) {
      const x = between.at(-1) as tf.Tensor2D;
      const drop = drops[index] ?? null;
      if (index >= Math.max(frozenBlocks, blocks.length - mostKept)) {
        const inside = computeInside(x, block, architecture, segments, layers, drop);
        insides.set(index, inside);
        between.push(finishBlock(inside, block, layers, drop));
      } else between.push(runBlock(x, block, architecture, segments, layers, drop));
      // Nothing comes back through a frozen block.
      if (index < frozenBlocks) x.dispose();
    }
    const head = runHead(network, between.at(-1) as tf.Tensor2D, segments, layers);
    const { loss, gradient } = dinoLossAndGradient(targets, head.outputs, photographs, studentTemperature);
    let { x: above, gradients } = headGradients(network, head, segments, layers, gradient);
    for (let index = blocks.length - 1; index >= frozenBlocks; index--) {
      const x = between[index] as tf.Tensor2D;
      const block = blocks[index] as (typeof blocks)[number];
      const drop = drops[index] ?? null;
      const inside = insides.get(index) ?? computeInside(x, block, architecture, segments, layers, drop);
      const name = `backbone.blocks.${index}`;
      const found = blockGradients(x, inside, block, architecture, segments, layers, drop, above, name);
      tf.dispose([above, inside]);
      (between[index + 1] as tf.Tensor2D).dispose();
      above = found.x;
      gradients = { ...gradients, ...found.gradients };
    }
    if (!isFrozen('backbone.cls_token', frozenBlocks))
      gradients = { ...gradients, ...embedGradients(network, segments, layers, above) };
    return { loss, gradients };
  });
}

/** @returns tensors that the caller disposes */
export function fastLossAndGradients(
  state: TrainingState,
  configuration: TrainingConfiguration,
  batch: CropBatch,
  rates: ScheduledRates,
  kernels: StepKernels = 'ours',
): LossAndGradients {
  return tf.tidy(() => {
    const { architecture, studentNetwork, teacherNetwork } = state;
    const segments = packBatch(architecture, batch);
    const layers = stepLayersFor(studentNetwork, segments, kernels);
    const sequences = segments.reduce((sum, segment) => sum + segment.sequences, 0);
    const scales = dropPathScales(architecture, configuration, sequences, state.step + 1);
    const drops = dropRows(scales, architecture.depth, segments);
    // The teacher sees the global crops only, and drops nothing.
    const teacherOutputs = teacherPass(teacherNetwork, segments.slice(0, 1), layers);
    const centre = configuration.centring ? state.centre : null;
    const { probabilities, entropy }: TeacherTargets = teacherTargets(
      teacherOutputs,
      centre,
      rates.teacherTemperature,
    );
    const { loss, gradients } = studentPass(
      studentNetwork,
      configuration,
      segments,
      layers,
      drops,
      probabilities,
      batch.photographs,
    );
    return { loss, entropy, teacherOutputs, gradients };
  });
}
