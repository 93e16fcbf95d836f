/** One step of DINO as the page runs it: the same numbers as `plain-step.ts`, by fewer and larger operations and less memory. */
import * as tf from '@tensorflow/tfjs-core';
import type { ScheduledRates, StepKernels, TrainingConfiguration } from '../core/training.ts';
import {
  blockGradients,
  computeInside,
  embed,
  embedGradients,
  finishBlock,
  insideBytesOf,
  runBlock,
  type BlockDrop,
  type BlockInput,
  type BlockInside,
  type BlockRun,
  type Gradients,
} from './backpropagate.ts';
import { headGradients, runHead } from './backpropagate-head.ts';
import { dropPathScales, type CropBatch } from './crop-batch.ts';
import { dinoLossAndGradient, teacherTargets, type TeacherTargets } from './loss.ts';
import type { Network } from './network.ts';
import { dropRows, packBatch, rowsOf, type PackedSegment } from './packed-batch.ts';
import { isFrozen } from './parameter-specs.ts';

import { stepLayersFor, type StepLayers } from './step-layers.ts';
import type { LossAndGradients } from './step-update.ts';
import type { TrainingState } from './training-state.ts';

const runOf = (
  { architecture, blocks, norm }: Network,
  index: number,
  segments: readonly PackedSegment[],
  layers: StepLayers,
  drop: BlockDrop,
): BlockRun => ({
  block: blocks[index] as (typeof blocks)[number],
  nextNorm: blocks[index + 1]?.norm1 ?? norm,
  architecture,
  segments,
  layers,
  drop,
  isLast: index === blocks.length - 1,
});

const disposeInput = ({ x, normed }: BlockInput): void => tf.dispose(normed === null ? [x] : [x, normed]);

/** After the final norm. */
function featuresOf({ normed }: BlockInput): tf.Tensor2D {
  if (normed === null) throw new Error('a network without blocks');
  return normed;
}

/** @returns the teacher's outputs, shape [2B, K]; caller disposes */
function teacherPass(network: Network, segments: readonly PackedSegment[], layers: StepLayers): tf.Tensor2D {
  return tf.tidy(() => {
    let input: BlockInput = { x: embed(network, segments, layers), normed: null };
    for (const index of network.blocks.keys()) {
      const next = runBlock(input, runOf(network, index, segments, layers, null));
      disposeInput(input);
      input = next;
    }
    return runHead(network, featuresOf(input), layers).outputs;
  });
}

/** What the way forward leaves for the way back. */
interface ForwardPass {
  readonly runs: readonly BlockRun[];
  /** What goes into each block, and last what comes out of them: CLS of each sequence. */
  readonly between: readonly BlockInput[];
  /** By their blocks' index, where they are kept. */
  readonly insides: ReadonlyMap<number, BlockInside>;
}

function studentForward(
  network: Network,
  frozenBlocks: number,
  segments: readonly PackedSegment[],
  layers: StepLayers,
  drops: readonly BlockDrop[],
): ForwardPass {
  const { architecture, blocks } = network;
  const runs = blocks.map((_, index) => runOf(network, index, segments, layers, drops[index] ?? null));
  const between: BlockInput[] = [{ x: embed(network, segments, layers), normed: null }];
  const insides = new Map<number, BlockInside>();
  const mostKept = Math.floor(layers.keptBytes / insideBytesOf(architecture, rowsOf(segments)));
  for (const [index, run] of runs.entries()) {
    const input = between.at(-1) as BlockInput;
    if (index >= Math.max(frozenBlocks, blocks.length - mostKept)) {
      const inside = computeInside(input, run);
      insides.set(index, inside);
      between.push(finishBlock(inside, run));
    } else between.push(runBlock(input, run));
    // Nothing comes back through a frozen block.
    if (index < frozenBlocks) disposeInput(input);
  }
  return { runs, between, insides };
}

/** Forward, loss, and the whole way back to the first layer that is trained. */
function studentPass(
  network: Network,
  { frozenBlocks, studentTemperature }: TrainingConfiguration,
  segments: readonly PackedSegment[],
  layers: StepLayers,
  drops: readonly BlockDrop[],
  targets: tf.Tensor2D,
  photographs: number,
): { loss: tf.Scalar; gradients: Gradients } {
  return tf.tidy(() => {
    const { runs, between, insides } = studentForward(network, frozenBlocks, segments, layers, drops);
    const last = between.at(-1) as BlockInput;
    const features = featuresOf(last);
    const head = runHead(network, features, layers);
    const { loss, gradient } = dinoLossAndGradient(targets, head.outputs, photographs, studentTemperature);
    let { x: above, gradients } = headGradients(network, last.x, features, head, layers, gradient);
    for (let index = runs.length - 1; index >= frozenBlocks; index--) {
      const [input, run] = [between[index] as BlockInput, runs[index] as BlockRun];
      const inside = insides.get(index) ?? computeInside(input, run);
      const found = blockGradients(input.x, inside, run, above, `backbone.blocks.${index}`);
      tf.dispose([above, inside]);
      disposeInput(between[index + 1] as BlockInput);
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
