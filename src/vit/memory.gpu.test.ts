/** That a pass fits into what every GPU has, and that nothing grows from photograph to photograph. */
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  elementCount,
  parameterShapes,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { failureOf } from '../core/failure.ts';
import type { OpenBackend } from '../gpu/open-backend.ts';
import { countBuffers } from '../testing/count-buffers.ts';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { randomParameters, randomValues } from '../testing/random-parameters.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { attendSpecial } from './attend.ts';
import { runForward } from './forward.ts';
import { uploadParameters } from './parameters.ts';
import { readAttention } from './read-attention.ts';
import type { Tap } from './taps.ts';

const mebibyte = 2 ** 20;
const afterBlock = (): Promise<void> => Promise.resolve();

let backend: OpenBackend;
beforeEach(async () => {
  backend = await openWebGpu();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** One array of zeros for all parameters, as large as the largest. */
function zeroParameters(architecture: VitArchitecture): Map<string, NamedTensor> {
  const shapes = [...parameterShapes(architecture)];
  const zeros = new Float32Array(Math.max(...shapes.map(([, shape]) => elementCount(shape))));
  return new Map(
    shapes.map(([name, shape]) => [name, { shape, values: zeros.subarray(0, elementCount(shape)) }]),
  );
}

describe('GPU memory of', () => {
  const small8 = { ...vitSmall16, patchSize: 8, gridSize: 28 };
  const base8 = { ...small8, embedDim: 768, numHeads: 12 };

  const sizes: [string, VitArchitecture, number][] = [
    ['ViT-S/8 at 480 × 480', small8, 480],
    ['ViT-B/8 at 224 × 224', base8, 224],
  ];

  test.each(sizes)(
    '%s: no buffer above the default binding, 700 MB in all',
    async (_, architecture, side) => {
      // All memory is taken and nothing is computed, which here would take minutes; the result is what a silent GPU leaves.
      vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups').mockImplementation(() => undefined);
      const count = countBuffers();
      const parameters = uploadParameters(architecture, zeroParameters(architecture));
      const input = new Float32Array(side * side * 3);
      const pass = attendSpecial(
        parameters,
        input,
        { height: side, width: side },
        { faults: backend.faults, afterBlock },
      );
      expect(failureOf(await pass.catch((error: unknown) => error))).toMatchObject({ code: 'wrong-result' });
      expect(count.largestBytes).toBeLessThanOrEqual(128 * mebibyte);
      expect(count.peakBytes).toBeLessThanOrEqual(700e6);
      // Parameters alone are more than this: something was counted.
      expect(count.peakBytes).toBeGreaterThan(80e6);
      parameters.dispose();
    },
  );

  test.each(sizes)(
    '%s with rows of all blocks: no more, and the rows alone are kept',
    async (_, architecture, side) => {
      vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups').mockImplementation(() => undefined);
      const count = countBuffers();
      const parameters = uploadParameters(architecture, zeroParameters(architecture));
      const size = { height: side, width: side };
      const rows: Tap = { of: 'attention', blocks: 'all', queries: 'special' };
      const { faults } = backend;
      const tapped = await runForward(parameters, new Float32Array(side * side * 3), size, [rows], {
        faults,
      });
      expect(tapped.byteLength).toBe(4 * architecture.depth * architecture.numHeads * tapped.tokens);
      const read = readAttention(tapped, 'all', 'special');
      expect(failureOf(await read.catch((error: unknown) => error))).toMatchObject({ code: 'wrong-result' });
      expect(count.largestBytes).toBeLessThanOrEqual(128 * mebibyte);
      expect(count.peakBytes).toBeLessThanOrEqual(700e6);
      tapped.dispose();
      parameters.dispose();
    },
  );
});

test('over 1000 images nothing grows', async () => {
  const architecture = { ...vitSmall16, embedDim: 8, depth: 2, numHeads: 2, patchSize: 4, gridSize: 2 };
  const parameters = uploadParameters(architecture, randomParameters(architecture));
  const size = { height: 8, width: 12 };
  const input = randomValues([size.height, size.width, 3], 99);
  const count = countBuffers();
  const held = async (): Promise<readonly number[]> => {
    await attendSpecial(parameters, input, size, { faults: backend.faults, afterBlock });
    const { numTensors, numBytes } = tf.memory();
    return [numTensors, numBytes, count.bytes];
  };
  // The first passes fill tfjs's pool of buffers.
  for (let image = 0; image < 3; image++) await held();
  const before = await held();
  for (let image = 0; image < 996; image++) await held();
  expect(await held()).toEqual(before);
  parameters.dispose();
});
