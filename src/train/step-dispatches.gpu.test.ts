/** How few dispatches a step takes on WebGPU: on a graphics card each costs some microseconds, whatever it computes. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
import type { OpenBackend } from '../gpu/open-backend.ts';
import {
  openTinyState,
  randomPhotographs,
  tinyArchitecture,
  tinyConfiguration,
} from '../testing/tiny-training.ts';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { fastLossAndGradients } from './fast-step.ts';
import { batchOf, makeCropPictures } from './make-crops.ts';
import { ratesAt } from './schedules.ts';
import { openUpdater } from './step-update.ts';

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openWebGpu();
});

/** As deep as ViT-S/16; the number of dispatches follows from depth and not from width. */
const architecture = { ...tinyArchitecture, depth: 12 };

async function dispatchesOfStep(change: Partial<typeof tinyConfiguration>): Promise<number> {
  const configuration = { ...tinyConfiguration, ...change };
  const state = openTinyState(configuration, architecture);
  const updater = openUpdater(state);
  const photographs = randomPhotographs(4);
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
  try {
    // The first step also brings tensors along.
    for (const step of [1, 2]) {
      dispatch.mockClear();
      const batch = batchOf(makeCropPictures(photographs, configuration, step), configuration);
      const rates = ratesAt(configuration, step);
      const found = fastLossAndGradients(state, configuration, batch, rates);
      tf.dispose(Object.values(await updater.update(configuration, rates, found)));
    }
    await backend.finish();
    return dispatch.mock.calls.length;
  } finally {
    dispatch.mockRestore();
    updater.dispose();
    state.dispose();
  }
}

test('a step of a network of twelve blocks is 600 dispatches at most', async () => {
  expect(await dispatchesOfStep({})).toBeLessThanOrEqual(600);
});
