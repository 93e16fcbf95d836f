/** A pass compiled before there are parameters for it: its kernels depend on a network's sizes alone. */
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
import { defaultMaxScoresBytes } from './attend.ts';
import { layersFor } from './block-layers.ts';
import { gridOf } from './layers.ts';
import { lastBlock, uploadParameters, type VitParameters } from './parameters.ts';
import { attentionInputs, firstRows, rowsOfTokens, runBlock } from './run-block.ts';

/**
 * One block, which stands for all. They are made as a model's own are, so that tensors are of the same types.
 * @param value of all of them; one that is no float16 keeps weights at their full size, as a file of float32 does
 */
function blankParameters(architecture: VitArchitecture, value: number): VitParameters {
  const single = { ...architecture, depth: 1 };
  const shapes = parameterShapes(single);
  return uploadParameters(single, {
    get: (name) => {
      const shape = shapes.get(name);
      return shape && { shape, values: new Float32Array(elementCount(shape)).fill(value) };
    },
  });
}

/** Every layer of a pass once: what `attendAndKeep` and `attendPatches` run. */
function runLayers(parameters: VitParameters, size: Size): void {
  const { architecture } = parameters;
  const { rows, columns } = gridOf(size, architecture.patchSize);
  const special = specialTokenCount(architecture);
  const layers = layersFor(architecture, special + rows * columns, defaultMaxScoresBytes);
  const block = lastBlock(parameters);
  const embedded = layers.embed(parameters, tf.zeros([size.height, size.width, 3]));
  const x = runBlock(embedded, block, architecture, layers);
  const inputs = attentionInputs(x, block, architecture, layers);
  firstRows(inputs, block, architecture, layers, special);
  rowsOfTokens(inputs, block, architecture, layers, [special]);
}

/**
 * Compiles what a network's pass over an image of this size runs, and a look at one of its patches, on the current back end.
 * Nothing to do on others than WebGPU.
 * @param size in px, whole patches
 * @throws FailureError where the device is lost on the way
 */
export const compilePass = (backend: OpenBackend, architecture: VitArchitecture, size: Size): Promise<void> =>
  compileOnly(backend, () => {
    // What the file will bring is not known yet.
    for (const value of [0, 0.1]) runLayers(blankParameters(architecture, value), size);
  });
