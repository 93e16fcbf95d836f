/** The plain step's gradients against differences of its own loss: a check that knows neither PyTorch nor the chain rule. */
import '../testing/register-gradients.ts';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import { openBackend } from '../gpu/open-backend.ts';
import { openTinyState, randomPhotographs, tinyConfiguration } from '../testing/tiny-training.ts';
import { randomStream } from '../core/random.ts';
import { batchOf, makeCropPictures } from './make-crops.ts';
import { lossAndGradients } from './plain-step.ts';
import { ratesAt } from './schedules.ts';

beforeAll(async () => {
  const opened = await openBackend('cpu', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
});

test('along a direction of chance, every parameter’s gradient is the slope of the loss', async () => {
  const configuration = { ...tinyConfiguration, dropPath: 0.3 };
  const state = openTinyState(configuration);
  const batch = batchOf(makeCropPictures(randomPhotographs(2), configuration, 1), configuration);
  const rates = ratesAt(configuration, 1);
  const { loss, entropy, teacherOutputs, gradients } = lossAndGradients(state, configuration, batch, rates);
  const lossNow = (): number => {
    const found = lossAndGradients(state, configuration, batch, rates);
    const value = found.loss.dataSync()[0] ?? NaN;
    tf.dispose(found);
    return value;
  };
  let compared = 0;
  const tooFar: [string, number, number][] = [];
  for (const [name, variable] of state.student) {
    const gradient = (gradients[name] as tf.Tensor).dataSync();
    const random = randomStream(name.length, compared++);
    // Along the gradient's own signs the slope is large, and float32's noise small beside it.
    const direction = Float32Array.from(gradient, (value) => Math.sign(value) * random.uniform(0.5, 1));
    const slope = direction.reduce((sum, value, i) => sum + value * (gradient[i] ?? NaN), 0);
    const original = variable.dataSync().slice();
    const size = Math.min(3e-3, 2e-3 / slope);
    const lossAt = (distance: number): number => {
      tf.tidy(() =>
        variable.assign(
          tf.tensor(
            Float32Array.from(original, (value, i) => value + distance * (direction[i] ?? NaN)),
            variable.shape,
          ),
        ),
      );
      return lossNow();
    };
    const measured = (lossAt(size) - lossAt(-size)) / (2 * size);
    lossAt(0);
    expect(slope).toBeGreaterThan(0);
    if (!(Math.abs(measured / slope - 1) < 0.02)) tooFar.push([name, slope, measured]);
  }
  expect(tooFar).toEqual([]);
  tf.dispose([loss, entropy, teacherOutputs, gradients]);
  state.dispose();
});
