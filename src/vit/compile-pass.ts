/** Compiles a pass before the parameters have come: its kernels depend only on the network's sizes. */
import * as tf from '@tensorflow/tfjs-core';
import {
  elementCount,
  parameterShapes,
  specialTokenCount,
  type VitArchitecture,
} from '../core/architecture.ts';
import type { Size } from '../core/geometry.ts';
import { compileOnly } from '../gpu/compile-only.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { layersFor } from './block-layers.ts';
import { defaultMaxScoresBytes, forwardSteps } from './forward.ts';
import { gridOf } from './layers.ts';
import { lastBlock, uploadParameters, type VitParameters } from './parameters.ts';
import { copyToRead, proofTaps } from './prove-size.ts';
import { queriesOfTokens } from './run-block.ts';
import { anyTokenOfLastBlock, planPass, queriesOf } from './taps.ts';

/**
 * Two blocks that share their parameters: one that runs to its end, and the last. They are made like a model's own,
 * so that tensors have the same types.
 * @param value of all parameters; a value that is not a float16 keeps weights in float32
 */
function blankParameters(architecture: VitArchitecture, value: number): VitParameters {
  const single = { ...architecture, depth: 1 };
  const shapes = parameterShapes(single);
  const blank = uploadParameters(single, {
    get: (name) => {
      const shape = shapes.get(name);
      return shape && { shape, values: new Float32Array(elementCount(shape)).fill(value) };
    },
  });
  return {
    ...blank,
    architecture: { ...architecture, depth: 2 },
    blocks: [...blank.blocks, ...blank.blocks],
  };
}

/** Every layer of a pass once, attention rows of the special tokens and of one patch, and what `proveSize` reads. */
function runLayers(parameters: VitParameters, size: Size): void {
  const { architecture } = parameters;
  const { rows, columns } = gridOf(size, architecture.patchSize);
  const special = specialTokenCount(architecture);
  const tokens = special + rows * columns;
  const layers = layersFor(architecture, tokens, defaultMaxScoresBytes);
  const plans = planPass(architecture, tokens, [
    anyTokenOfLastBlock(architecture),
    ...proofTaps(architecture),
  ]);
  const steps = forwardSteps(parameters, () => tf.zeros([size.height, size.width, 3]), layers, plans);
  let step = steps.next();
  while (step.done !== true) step = steps.next();
  const last = step.value.at(-1);
  const key = last?.parts.key;
  if (last === undefined || key === undefined) throw new Error('a pass that keeps nothing');
  for (const queries of [queriesOf('special', architecture, tokens), [special]]) {
    const asked = queriesOfTokens(last.parts, lastBlock(parameters), architecture, layers, queries);
    layers.queryRows(asked, key, architecture.numHeads);
  }
  const { qkv, fc1, norm1 } = lastBlock(parameters);
  for (const tensor of [key, qkv.weight, fc1.weight, norm1.gain]) copyToRead(tensor);
}

/**
 * Compiles what a network's pass over an image of this size runs, and a look at one of its patches, on the current back end.
 * Nothing to do on others than WebGPU.
 * @param size in px, whole patches
 * @throws FailureError where the device is lost on the way
 */
export const compilePass = (backend: OpenBackend, architecture: VitArchitecture, size: Size): Promise<void> =>
  compileOnly(backend, () => {
    // It is not known yet whether the file has float16 or float32.
    for (const value of [0, 0.1]) runLayers(blankParameters(architecture, value), size);
  });
