/** A training step against PyTorch: one suite, run on every back end and for every way to compute a step. */
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackendName } from '../core/failure.ts';
import type { ScheduledRates, TrainingConfiguration } from '../core/training.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import type { CropBatch } from './crop-batch.ts';
import type { LossAndGradients, StepScalars } from './step-update.ts';
import { ratesAt } from './schedules.ts';
import { downloadState, type TrainingState } from './training-state.ts';
import {
  expectedCentre,
  expectedFirstGradients,
  expectedSteps,
  expectedTeacher,
  fixtureBatch,
  fixtureConfiguration,
  fixtureSpecs,
  isKeyBias,
  openFixtureState,
} from '../testing/training-fixture.ts';

export interface StepImplementation {
  lossAndGradients(
    state: TrainingState,
    configuration: TrainingConfiguration,
    batch: CropBatch,
    rates: ScheduledRates,
  ): LossAndGradients;
  step(
    state: TrainingState,
    configuration: TrainingConfiguration,
    batch: CropBatch,
    rates: ScheduledRates,
  ): Promise<StepScalars>;
  dispose(): void;
}

async function readScalars(scalars: StepScalars): Promise<Record<keyof StepScalars, number>> {
  const read = async (scalar: tf.Tensor): Promise<number> => (await scalar.data())[0] ?? NaN;
  const values = {
    loss: await read(scalars.loss),
    teacherEntropy: await read(scalars.teacherEntropy),
    centreNorm: await read(scalars.centreNorm),
    gradientNorm: await read(scalars.gradientNorm),
    failedStep: await read(scalars.failedStep),
  };
  tf.dispose(Object.values(scalars));
  return values;
}

/** The largest difference over the largest expected value. Key biases are compared with the tensor's scale, not their own 0. */
function relativeDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual.length).toBe(expected.length);
  let scale = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i] ?? NaN));
    difference = Math.max(difference, Math.abs((actual[i] ?? NaN) - (expected[i] ?? NaN)));
  }
  return difference / scale;
}

/** @param tolerance relative, of the first step's loss and gradients */
export function checkTraining(
  name: BackendName,
  tolerance: number,
  { lossAndGradients, step, dispose }: StepImplementation,
): void {
  let backend: OpenBackend;
  let tensorsBefore = 0;
  let state: TrainingState;

  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
    tensorsBefore = tf.memory().numTensors;
    state = openFixtureState();
  });

  afterAll(() => {
    dispose();
    state.dispose();
    expect(tf.memory().numTensors).toBe(tensorsBefore);
  });

  describe(`on ${name}`, () => {
    test('loss, entropy and every gradient of the first step equal PyTorch', async () => {
      const before = tf.memory().numTensors;
      const rates = ratesAt(fixtureConfiguration, 1);
      const result = lossAndGradients(state, fixtureConfiguration, fixtureBatch(1), rates);
      const { loss, entropy, teacherOutputs, gradients } = result;
      const expected = expectedSteps[0];
      expect(relativeDifference(await loss.data(), [expected?.loss ?? NaN])).toBeLessThan(tolerance);
      expect(relativeDifference(await entropy.data(), [expected?.teacherEntropy ?? NaN])).toBeLessThan(
        tolerance,
      );
      expect(Object.keys(gradients).sort()).toEqual([...expectedFirstGradients.keys()].sort());
      const tooFar: [string, number][] = [];
      for (const { name: parameter, toOfficial } of fixtureSpecs) {
        const actual = toOfficial((await gradients[parameter]?.data()) as Float32Array);
        const wanted = expectedFirstGradients.get(parameter) ?? [];
        const difference = relativeDifference(actual, wanted);
        if (!(difference < tolerance)) tooFar.push([parameter, difference]);
      }
      expect(tooFar).toEqual([]);
      tf.dispose([loss, entropy, teacherOutputs, gradients]);
      backend.faults.check();
      expect(tf.memory().numTensors).toBe(before);
    });

    test('twenty steps equal PyTorch: schedules, loss, entropy, norms, then the centre and the teacher', async () => {
      const losses: number[] = [];
      const tensors = new Set<number>();
      const tooFar: [string, number][] = [];
      for (const [index, expected] of expectedSteps.entries()) {
        const rates = ratesAt(fixtureConfiguration, index + 1);
        for (const rate of ['learningRate', 'weightDecay', 'teacherMomentum', 'teacherTemperature'] as const)
          expect(rates[rate]).toBeCloseTo(expected[rate], 12);
        const scalars = await step(state, fixtureConfiguration, fixtureBatch(index + 1), rates);
        const measured = await readScalars(scalars);
        backend.faults.check();
        tensors.add(tf.memory().numTensors);
        expect(measured.failedStep).toBe(0);
        for (const scalar of ['loss', 'teacherEntropy', 'centreNorm', 'gradientNorm'] as const) {
          const difference = Math.abs(measured[scalar] / expected[scalar] - 1);
          if (!(difference < 1e-3)) tooFar.push([`${scalar} of step ${index + 1}`, difference]);
        }
        losses.push(measured.loss);
      }
      expect(new Set(losses).size).toBe(expectedSteps.length);
      expect(tensors.size).toBe(1); // as many after each step
      const { teacher, centre } = await downloadState(state);
      expect(relativeDifference(centre ?? [], expectedCentre)).toBeLessThan(1e-3);
      for (const [parameter, expected] of expectedTeacher) {
        const actual = teacher.get(parameter) ?? [];
        const compared = (values: ArrayLike<number>): number[] =>
          Array.from(values).filter((_, i) => !isKeyBias(parameter, i));
        const difference = relativeDifference(compared(actual), compared(expected));
        if (!(difference < 1e-3)) tooFar.push([parameter, difference]);
      }
      expect(tooFar).toEqual([]);
    });
  });
}
