/** The products of recognition, on every back end against plain loops. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test } from 'vitest';
import type { BackendName } from '../core/failure.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { randomStream } from '../core/random.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { plainDots } from '../recognise/dot-products.ts';
import { unitVectors, type FeatureVectors } from '../recognise/feature-vectors.ts';
import { plainProducts } from '../recognise/linear-probe.ts';
import { createSerialQueue } from '../rpc/serial-queue.ts';
import { deviceDots, deviceProbeProducts } from './device-products.ts';

const channels = 384;

function randomVectors(count: number, seed: number): FeatureVectors {
  const random = randomStream(seed);
  return unitVectors(
    Array.from({ length: count }, () => Float32Array.from({ length: channels }, () => random.normal())),
  );
}

export function checkDeviceProducts(name: BackendName): void {
  let backend: OpenBackend;
  const device = { enqueue: createSerialQueue(), faults: () => backend.faults };
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });

  test('queries with a bank, some rows at a time', async () => {
    const [queries, bank] = [randomVectors(9, 1), randomVectors(700, 2)];
    const before = tf.memory().numTensors;
    const { dots, dispose } = await deviceDots(queries, bank, device);
    const expected = await plainDots(queries, bank)(2, 7);
    const actual = await dots(2, 7);
    expect(actual).toHaveLength(5 * 700);
    expect(maxAbsDifference(actual, expected)).toBeLessThan(1e-6);
    dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  // Few are multiplied by plain loops, many on the device.
  test.each([20, 2000])('the two products of a probe’s step, %i inputs', async (count) => {
    const classes = 3;
    const inputs = randomVectors(count, 3);
    const weight = randomVectors(classes, 4).values;
    const random = randomStream(5);
    const residuals = Float32Array.from({ length: count * classes }, () => random.uniform(-1, 1));
    const before = tf.memory().numTensors;
    const { productsOf, dispose } = deviceProbeProducts(classes, device);
    const [plain, products] = [plainProducts(inputs), productsOf(inputs)];
    const scores = await products.scores(weight, classes);
    expect(maxAbsDifference(scores, await plain.scores(weight, classes))).toBeLessThan(1e-6);
    const gradient = await products.gradient(residuals, classes);
    expect(gradient).toHaveLength(classes * channels);
    expect(maxAbsDifference(gradient, await plain.gradient(residuals, classes))).toBeLessThan(1e-4);
    dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
}
