/** That nothing grows on wasm from photograph to photograph, the heap included, which never shrinks. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { openBackend } from '../gpu/open-backend.ts';
import { randomParameters, randomValues } from '../testing/random-parameters.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { attendSpecial } from './attend.ts';
import { uploadParameters } from './parameters.ts';

test('over 1000 images of two shapes nothing grows', async () => {
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const { faults } = opened.value;
  const architecture = { ...vitSmall16, embedDim: 24, depth: 3, numHeads: 2, patchSize: 4, gridSize: 2 };
  const parameters = uploadParameters(architecture, randomParameters(architecture));
  const sizes = [
    { height: 64, width: 48 },
    { height: 16, width: 80 },
  ] as const;
  const inputs = sizes.map(({ height, width }) => randomValues([height, width, 3], height));
  const attend = async (image: number): Promise<readonly number[]> => {
    const at = image % 2;
    await attendSpecial(parameters, inputs[at] as Float32Array, sizes[at] as (typeof sizes)[0], {
      faults,
      afterBlock: () => Promise.resolve(),
    });
    const { numTensors, numBytes } = tf.memory();
    const { wasm } = tf.backend() as unknown as { readonly wasm: { readonly HEAPU8: Uint8Array } };
    return [numTensors, numBytes, wasm.HEAPU8.length];
  };
  await attend(0);
  const before = await attend(1);
  for (let image = 2; image < 999; image++) await attend(image);
  expect(await attend(999)).toEqual(before);
  parameters.dispose();
});
