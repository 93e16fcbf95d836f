/** That photographs whose passes are kept, and questions to their patches, take no more and no more memory. */
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { specialTokenCount } from '../core/architecture.ts';
import type { BackendName } from '../core/failure.ts';
import { ByteBudget } from './byte-budget.ts';
import type { Tapped } from '../vit/tapped.ts';
import { openBackend } from '../gpu/open-backend.ts';
import { runForward } from '../vit/forward.ts';
import { uploadParameters } from '../vit/parameters.ts';
import { readAttention } from '../vit/read-attention.ts';
import { anyTokenOfLastBlock, tappedBytes } from '../vit/taps.ts';
import { randomParameters, randomValues } from '../testing/random-parameters.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';

/** @param heldBytes what the back end has taken for itself, beside what tfjs counts */
export function checkKeptPasses(name: BackendName, heldBytes: () => number): void {
  test('over 1000 images and 2000 clicks nothing grows, and the end frees all of it', async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    const { faults } = opened.value;
    const architecture = { ...vitSmall16, embedDim: 8, depth: 2, numHeads: 2, patchSize: 4, gridSize: 2 };
    const parameters = uploadParameters(architecture, randomParameters(architecture));
    const empty = tf.memory();
    const size = { height: 8, width: 12 };
    const input = randomValues([size.height, size.width, 3], 99);
    // Room for three.
    const special = specialTokenCount(architecture);
    const taps = [anyTokenOfLastBlock(architecture)];
    const passBytes = tappedBytes(architecture, special + 6, taps);
    const kept = new ByteBudget<Tapped>(3.5 * passBytes);
    const attend = async (image: number): Promise<readonly number[]> => {
      const options = { faults, afterBlock: () => Promise.resolve() };
      kept.makeRoom(passBytes);
      const pass = await runForward(parameters, input, size, taps, options);
      await readAttention(pass, [1], 'special');
      kept.add(`photo ${image}`, pass);
      for (const asked of [image, image - 1]) {
        const found = kept.find(`photo ${asked}`);
        if (found === null) expect(asked).toBeLessThan(0);
        else await readAttention(found, [1], [special + (image % 2) * 3 + (image % 3)]);
      }
      const { numTensors, numBytes } = tf.memory();
      return [numTensors, numBytes, heldBytes()];
    };
    for (let image = 0; image < 5; image++) await attend(image);
    const before = await attend(5);
    for (let image = 6; image < 999; image++) await attend(image);
    expect(await attend(999)).toEqual(before);
    expect(tf.memory().numBytes).toBe(empty.numBytes + 3 * passBytes);
    kept.clear();
    expect(tf.memory().numTensors).toBe(empty.numTensors);
    parameters.dispose();
  });
}
