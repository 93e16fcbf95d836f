import type * as tf from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import type { VitArchitecture } from '../../core/architecture.ts';
import type { Overlap } from '../../core/overlap.ts';
import { openForKernels, randomTensor } from './kernel.suite.ts';
import { randomParameters } from '../../testing/random-parameters.ts';
import { vitSmall16 } from '../../testing/vit-small-16.ts';
import { fusedBlockLayers } from '../../vit/fused-block-layers.ts';
import { embedTokens } from '../../vit/layers.ts';
import { uploadParameters } from '../../vit/parameters.ts';
import { plainBlockLayers } from '../../vit/plain-block-layers.ts';

const check = openForKernels();

const tiny: VitArchitecture = { ...vitSmall16, embedDim: 36, depth: 1, numHeads: 3, gridSize: 3 };

/** Compares with tfjs's plain ops; `rows` and `columns` count whole patches, beside each other. */
describe.each<[string, Partial<VitArchitecture>, number, number, Overlap?]>([
  ['patches of 16', { patchSize: 16 }, 3, 5],
  ['one patch', { patchSize: 16 }, 1, 1],
  ['the trained grid', { patchSize: 8 }, 3, 3],
  ['patches read in pairs', { patchSize: 14, numRegisters: 4 }, 2, 7],
  ['patches read one by one', { patchSize: 5, numRegisters: 1 }, 7, 2],
  ['patches of one pixel', { patchSize: 1 }, 3, 4],
  ['more special tokens than patches', { patchSize: 4, numRegisters: 12 }, 1, 2],
  ['special tokens that end with a tile', { patchSize: 4, numRegisters: 7 }, 1, 8],
  ['channels that fill one vector', { patchSize: 4, embedDim: 4, numHeads: 1 }, 5, 5],
  ['eight rows an invocation', { patchSize: 8, embedDim: 384, numHeads: 6, numRegisters: 4 }, 17, 23],
  ['patches that overlap by a half', { patchSize: 16 }, 3, 5, 2],
  ['patches that overlap by three quarters', { patchSize: 16, numRegisters: 4 }, 2, 3, 4],
  ['a stride read in pairs', { patchSize: 8 }, 4, 2, 4],
  ['a stride read one by one', { patchSize: 14, numRegisters: 1 }, 2, 3, 2],
  ['a stride of one pixel', { patchSize: 4 }, 3, 2, 4],
])('%s', (_, change, rows, columns, overlap = 1) => {
  const architecture: VitArchitecture = { ...tiny, ...change };
  const size = [rows * architecture.patchSize, columns * architecture.patchSize, 3] as const;

  test('become the tokens that the plain ops make', async () => {
    const image = randomTensor<tf.Rank.R3>([...size], 99);
    const parameters = uploadParameters(architecture, randomParameters(architecture));
    await check(
      [image],
      () => fusedBlockLayers.embed(parameters, image, overlap),
      () => embedTokens(parameters, image, overlap),
    );
    parameters.dispose();
    expect.hasAssertions();
  });
});

test.each([fusedBlockLayers, plainBlockLayers(2 ** 20)])(
  'an image that is not made of whole patches is refused',
  ({ embed }) => {
    const image = randomTensor<tf.Rank.R3>([16, 24, 3], 99);
    const parameters = uploadParameters(tiny, randomParameters(tiny));
    expect(() => embed(parameters, image, 1)).toThrow('whole patches');
    parameters.dispose();
    image.dispose();
  },
);
