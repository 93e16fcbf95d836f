import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { openBackend } from '../gpu/open-backend.ts';
import {
  openTinyState,
  randomPhotographs,
  tinyArchitecture,
  tinyConfiguration,
} from '../testing/tiny-training.ts';
import { fastLossAndGradients } from './fast-step.ts';
import { batchOf, makeCropPictures } from './make-crops.ts';
import { ratesAt } from './schedules.ts';
import { presetOf } from '../core/training-presets.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { estimateTrainingMemory } from './memory-estimate.ts';

// `npm run bench -- train` measures these peaks; they follow from sizes and not from the machine.
test.each([
  ['ViT-S/16, batch 1, two local crops', { batchSize: 1, localCrops: 2 }, 659],
  ['ViT-S/16, batch 2, six local crops', { batchSize: 2, localCrops: 6 }, 744],
])('%s: within a tenth of what the bench measured', (_, change, measuredMB) => {
  const configuration = { ...presetOf('adapt-vit-s16').configuration, ...change };
  const { totalBytes } = estimateTrainingMemory(vitSmall16, configuration, {
    attention: 'streamed',
    keptBytes: 0,
  });
  expect(Math.abs(totalBytes / 1e6 / measuredMB - 1)).toBeLessThan(0.1);
});

test('what is kept of the blocks is in the estimate byte by byte, up to all blocks', () => {
  const { configuration } = presetOf('adapt-vit-s16');
  const total = (keptBytes: number): number =>
    estimateTrainingMemory(vitSmall16, configuration, { attention: 'streamed', keptBytes }).totalBytes;
  expect(total(10e6) - total(0)).toBeCloseTo(10e6, -1);
  expect(total(1e15)).toBe(total(1e14));
});

test('where attention is by tfjs’s ops, its T × T matrices are in the estimate: within a fifth of what a step takes', async () => {
  const opened = await openBackend('cpu', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const configuration = { ...tinyConfiguration, globalCropPx: 96, batchSize: 1 };
  const state = openTinyState(configuration);
  const batch = batchOf(makeCropPictures(randomPhotographs(1, 192), configuration, 1), configuration);
  const { peakBytes, result } = await tf.profile(() => {
    const { loss, entropy, teacherOutputs, gradients } = fastLossAndGradients(
      state,
      configuration,
      batch,
      ratesAt(configuration, 1),
      'plain',
    );
    return { loss, entropy, teacherOutputs, ...gradients };
  });
  tf.dispose(result);
  state.dispose();
  const { totalBytes } = estimateTrainingMemory(tinyArchitecture, configuration, {
    attention: 'square',
    keptBytes: 0,
  });
  expect(Math.abs(totalBytes / peakBytes - 1), `${totalBytes} against ${peakBytes}`).toBeLessThan(0.2);
});
