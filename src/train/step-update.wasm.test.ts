import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openBackend } from '../gpu/open-backend.ts';
import { randomTensor } from '../gpu/kernels/kernel.suite.ts';
import { openTinyState, tinyConfiguration } from '../testing/tiny-training.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { plainUpdate } from './plain-update.ts';
import { ratesAt } from './schedules.ts';
import { openUpdater, type LossAndGradients } from './step-update.ts';
import { downloadState, type TrainingState } from './training-state.ts';

beforeAll(async () => {
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
});

const configuration = { ...tinyConfiguration, freezeLastLayerSteps: 1, frozenBlocks: 1, gradientClip: 3 };

/** Gradients of chance, of which clipping strikes some. */
const found = ({ specs }: TrainingState, step: number): LossAndGradients => ({
  loss: tf.scalar(1),
  entropy: tf.scalar(1),
  teacherOutputs: randomTensor<tf.Rank.R2>([4, configuration.outputDim], 7 + step),
  gradients: Object.fromEntries(
    specs.map(({ name, deviceShape }, i) => [
      name,
      tf.tidy(() => tf.mul(randomTensor([...deviceShape], i + 100 * step), i % 2 === 0 ? 1 : 0.01)),
    ]),
  ),
});

test('updates in place equal those by plain ops, over three steps, with clipping, frozen blocks and a frozen last layer', async () => {
  const [ours, plain] = [openTinyState(configuration), openTinyState(configuration)];
  const updater = openUpdater(ours);
  const before = tf.memory();
  for (let step = 1; step <= 3; step++) {
    const rates = ratesAt(configuration, step);
    const scalars = await updater.update(configuration, rates, found(ours, step));
    const expected = await plainUpdate(plain, configuration, rates, found(plain, step));
    expect((await scalars.gradientNorm.data())[0]).toBeCloseTo(
      (await expected.gradientNorm.data())[0] ?? NaN,
      4,
    );
    tf.dispose([...Object.values(scalars), ...Object.values(expected)]);
    expect(tf.memory().numTensors).toBe(before.numTensors);
  }
  const [actual, wanted] = [await downloadState(ours), await downloadState(plain)];
  for (const part of ['student', 'teacher', 'firstMoments', 'secondMoments'] as const)
    for (const [name, values] of wanted[part] ?? []) {
      const own = actual[part]?.get(name) ?? new Float32Array();
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(maxAbsDifference(own, values), `${part} ${name}`).toBeLessThanOrEqual(2e-6 * largest);
    }
  expect(actual.step).toBe(3);
  ours.dispose();
  plain.dispose();
});

test.each([
  ['loss', NaN],
  ['gradients', Infinity],
])('a %s that is not finite changes nothing', async (part, value) => {
  const state = openTinyState(configuration);
  const updater = openUpdater(state);
  const before = await downloadState(state);
  const broken = found(state, 1);
  const name = 'head.mlp.0.bias';
  const spoiled =
    part === 'loss'
      ? { ...broken, loss: tf.scalar(value) }
      : {
          ...broken,
          gradients: { ...broken.gradients, [name]: tf.fill([tinyConfiguration.hiddenDim], value) },
        };
  const scalars = await updater.update(configuration, ratesAt(configuration, 1), spoiled);
  expect((await scalars.failedStep.data())[0]).toBe(1);
  const after = await downloadState(state);
  expect([...after.student.values()]).toEqual([...before.student.values()]);
  expect([...after.teacher.values()]).toEqual([...before.teacher.values()]);
  expect(state.step).toBe(0);
  tf.dispose(Object.values(scalars));
  state.dispose();
});
