/**
 * One case of the training bench with one implementation, on WebGPU in Node. Counts what a step needs from the device and prints a
 * line of JSON for each step. bench/train.ts starts a process for each case, so that cases do not share memory.
 */
import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../src/core/architecture.ts';
import { presetOf } from '../src/core/training-presets.ts';
import type { TrainingConfiguration } from '../src/core/training.ts';
import { openBackend } from '../src/gpu/open-backend.ts';
import { randomPhotographs } from '../src/testing/tiny-training.ts';
import { vitSmall16 } from '../src/testing/vit-small-16.ts';
import { fastLossAndGradients } from '../src/train/fast-step.ts';
import { initialValues } from '../src/train/initial-values.ts';
import { batchOf, makeCropPictures } from '../src/train/make-crops.ts';
import { estimateTrainingMemory } from '../src/train/memory-estimate.ts';
import { parameterSpecs } from '../src/train/parameter-specs.ts';
import { plainStep } from '../src/train/plain-step.ts';
import { ratesAt } from '../src/train/schedules.ts';
import { openUpdater } from '../src/train/step-update.ts';
import { uploadState } from '../src/train/training-state.ts';
import { installDawn } from '../tools/dawn.ts';
import { stopWith } from '../tools/stop-with.ts';
import { countGpu } from './contestants/count-gpu.ts';

const small = presetOf('adapt-vit-s16').configuration;
const tiny = presetOf('collapse-in-a-minute');

const cases: Readonly<
  Record<string, { architecture: VitArchitecture; configuration: TrainingConfiguration }>
> = {
  tiny: { architecture: tiny.scratch as VitArchitecture, configuration: tiny.configuration },
  's16-2-locals': {
    architecture: vitSmall16,
    configuration: { ...small, batchSize: 1, localCrops: 2, dropPath: 0 },
  },
  's16-6-locals': {
    architecture: vitSmall16,
    configuration: { ...small, batchSize: 2, localCrops: 6, dropPath: 0 },
  },
};

const [name = '', implementation = '', mode = 'time', steps = '3'] = process.argv.slice(2);
const chosen = cases[name];
if (chosen === undefined || (implementation !== 'plain' && implementation !== 'fast'))
  stopWith(`usage: train-step.ts ${Object.keys(cases).join('|')} plain|fast [time|count [steps]]`);
const { architecture, configuration } = chosen;
// tfjs's gradients are ES modules that Node can load only by `require`.
if (implementation === 'plain')
  createRequire(import.meta.url)('@tensorflow/tfjs-core/dist/register_all_gradients.js');
await installDawn();
const opened = await openBackend('webgpu', null, implementation === 'fast');
if (!opened.ok) stopWith(JSON.stringify(opened.error));
const { device, faults } = opened.value;

const seen = countGpu(mode === 'time');
const specs = parameterSpecs(architecture, configuration);
const student = initialValues(specs, null, configuration.seed);
const state = uploadState(
  architecture,
  specs,
  { student, teacher: student, firstMoments: null, secondMoments: null, centre: null, step: 0 },
  configuration.outputDim,
);
const updater = openUpdater(state);
const photographs = randomPhotographs(4, configuration.globalCropPx * 2);
for (let step = 1; step <= Number(steps); step++) {
  const before = { ...seen };
  const start = performance.now();
  const batch = batchOf(makeCropPictures(photographs, configuration, step), configuration);
  const cropMs = performance.now() - start;
  const rates = ratesAt(configuration, step);
  const encodeStart = performance.now();
  const scalars =
    implementation === 'plain'
      ? await plainStep(state, configuration, batch, rates)
      : await updater.update(configuration, rates, fastLossAndGradients(state, configuration, batch, rates));
  const encodeMs = performance.now() - encodeStart;
  const [loss] = await faults.race(scalars.loss.data());
  await opened.value.finish();
  tf.dispose(Object.values(scalars));
  console.log(
    JSON.stringify({
      device,
      step,
      ...(mode === 'time' ? { loss, stepMs: performance.now() - start } : {}),
      cropMs,
      encodeMs,
      dispatches: seen.dispatches - before.dispatches,
      buffers: seen.buffers - before.buffers,
      submits: seen.submits - before.submits,
      peakMB: Math.round(seen.peakBytes / 1e6),
      estimatedMB: Math.round(
        estimateTrainingMemory(architecture, configuration, { attention: 'streamed', keptBytes: 0 })
          .totalBytes / 1e6,
      ),
      tensors: tf.memory().numTensors,
    }),
  );
}
process.exit(0);
