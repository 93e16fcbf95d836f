/** The fast step against the plain one where PyTorch's fixture does not reach: drop path, frozen blocks, odd shapes. */
import '../testing/register-gradients.ts';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { VitArchitecture } from '../core/architecture.ts';
import type { BackendName } from '../core/failure.ts';
import type { TrainingConfiguration } from '../core/training.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { fastLossAndGradients } from './fast-step.ts';
import { batchOf, makeCropPictures } from './make-crops.ts';
import { lossAndGradients } from './plain-step.ts';
import { ratesAt } from './schedules.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import {
  openTinyState,
  randomPhotographs,
  tinyArchitecture,
  tinyConfiguration,
} from '../testing/tiny-training.ts';

const cases: [string, Partial<TrainingConfiguration>, Partial<VitArchitecture>][] = [
  ['as it comes', {}, {}],
  ['drop path', { dropPath: 0.5 }, { depth: 3 }],
  ['no local crops', { localCrops: 0 }, {}],
  ['crops of another size than the trained grid', { globalCropPx: 20, localCropPx: 12 }, {}],
  ['frozen blocks', { frozenBlocks: 1, dropPath: 0.2 }, { depth: 3 }],
  ['every block frozen', { frozenBlocks: 2 }, {}],
  ['no centring, no sharpening', { centring: false, sharpening: false }, {}],
  ['qkv without a bias, one head', {}, { qkvBias: false, numHeads: 1 }],
  ['an odd K', { outputDim: 65 }, {}],
  ['a K of whole pairs', { outputDim: 70 }, {}],
  [
    'widths that are no multiples of four',
    { hiddenDim: 10, bottleneckDim: 6 },
    { embedDim: 18, numHeads: 3 },
  ],
];

/** @param tolerance of each gradient, relative to the largest value of its tensor */
export function checkFastEqualsPlain(name: BackendName, tolerance: number): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  test.each(cases)('%s', async (_, change, shape) => {
    const configuration = { ...tinyConfiguration, ...change };
    const architecture = { ...tinyArchitecture, ...shape };
    const before = tf.memory().numTensors;
    const state = openTinyState(configuration, architecture);
    // Not a student that is its teacher, and not tokens of nearly 0: every term should count.
    for (const [parameter, variable] of state.student)
      tf.tidy(() => {
        const noise = tf.randomNormal(variable.shape, 0, 0.2, 'float32', parameter.length);
        variable.assign(tf.add(variable, noise));
      });
    const pictures = makeCropPictures(randomPhotographs(3), configuration, 1);
    const batch = batchOf(pictures, configuration);
    const rates = ratesAt(configuration, 1);
    const plain = lossAndGradients(state, configuration, batch, rates);
    const fast = fastLossAndGradients(state, configuration, batch, rates);
    expect(Object.keys(fast.gradients).sort()).toEqual(Object.keys(plain.gradients).sort());
    const tooFar: [string, number][] = [];
    const compare = async (actual: tf.Tensor, expected: tf.Tensor, what: string): Promise<void> => {
      expect(actual.shape).toEqual(expected.shape);
      const wanted = (await expected.data()) as Float32Array;
      const scale = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(scale).toBeGreaterThan(0);
      const difference = maxAbsDifference(await actual.data(), wanted) / scale;
      if (!(difference < tolerance)) tooFar.push([what, difference]);
    };
    await compare(fast.loss, plain.loss, 'loss');
    await compare(fast.entropy, plain.entropy, 'entropy');
    await compare(fast.teacherOutputs, plain.teacherOutputs, 'teacher outputs');
    for (const [parameter, gradient] of Object.entries(plain.gradients))
      await compare(fast.gradients[parameter] as tf.Tensor, gradient, parameter);
    expect(tooFar).toEqual([]);
    backend.faults.check();
    tf.dispose([plain, fast]);
    state.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
}
