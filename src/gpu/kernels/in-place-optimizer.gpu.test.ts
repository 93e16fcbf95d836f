/** That it does not matter how parameters are spread over buffers and dispatches. Its numbers: train/step.suite.ts. */
import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, expect, test, vi } from 'vitest';
import { openWebGpu } from '../../testing/open-webgpu.ts';
import type { OpenBackend } from '../open-backend.ts';
import { InPlaceOptimizer, type OptimizedParameter } from './in-place-optimizer.ts';
import { randomTensor } from './kernel.suite.ts';

let backend: OpenBackend;
beforeAll(async () => {
  backend = await openWebGpu();
});

const rates = {
  learningRate: 0.1,
  weightDecay: 0.2,
  teacherMomentum: 0.7,
  centreMomentum: 0.9,
  gradientClip: 3,
  clipEps: 1e-6,
  firstDecay: 0.9,
  secondDecay: 0.999,
  eps: 1e-8,
};
/** More than go into one dispatch, of very different sizes; the largest has several chunks of its norm. */
const sizes = [9000, 64, 1, 4097, 300, 63, 65, 128];
const frozen = new Set([2, 5]);

/** @returns all tensors after two updates, one of which some parameters sit out, and the dispatches of the second */
async function updateTwice(largest?: number): Promise<{ values: Float32Array[]; dispatches: number }> {
  const parameters = sizes.map((size, i): OptimizedParameter => {
    const of = (seed: number): tf.Tensor => randomTensor<tf.Rank.R1>([size], 10 * i + seed);
    const square = tf.tidy(() => tf.square(of(3)));
    return { student: of(1), teacher: of(2), firstMoment: of(4), secondMoment: square, decays: i % 2 === 0 };
  });
  const [centre, verdict] = [tf.zeros([1, 6]), tf.zeros([2])];
  const optimizer = new InPlaceOptimizer(tf.backend() as WebGPUBackend, parameters, centre, verdict, largest);
  const outputs = randomTensor<tf.Rank.R2>([4, 6], 900);
  const loss = tf.scalar(1);
  const dispatch = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
  for (const step of [1, 2]) {
    dispatch.mockClear();
    const gradients = sizes.map((size, i) => randomTensor<tf.Rank.R1>([size], 1000 * step + i));
    const updates = gradients.map((gradient, i) => ({
      gradient: step === 2 && frozen.has(i) ? null : gradient,
      updates: step === 2 && i === 3 ? 0 : step,
    }));
    optimizer.update(step, rates, updates, loss, outputs);
    tf.dispose(gradients);
  }
  const dispatches = dispatch.mock.calls.length;
  dispatch.mockRestore();
  const written = parameters.flatMap(({ student, teacher, firstMoment, secondMoment }) => [
    student,
    teacher,
    firstMoment,
    secondMoment,
  ]);
  const values = await Promise.all(
    [...written, centre, verdict].map(async (tensor) => (await tensor.data()).slice() as Float32Array),
  );
  optimizer.dispose();
  tf.dispose([...written, centre, verdict, outputs, loss]);
  await backend.finish();
  return { values, dispatches };
}

test('in one buffer or in many, the parameters become the same, and take few dispatches', async () => {
  const before = tf.memory();
  const together = await updateTwice();
  // The sums of squares of six gradients, their norms and the verdict, five that move, three that are frozen, the centre.
  expect(together.dispatches).toBe(1 + 2 + 1 + 1 + 1);
  const apart = await updateTwice(1);
  expect(apart.dispatches).toBe(1 + 2 + sizes.length + 1);
  expect(apart.values).toEqual(together.values);
  const norm = together.values.at(-1)?.[0] ?? NaN;
  expect(norm).toBeGreaterThan(50);
  expect(together.values.flatMap((each) => [...each]).every(Number.isFinite)).toBe(true);
  expect(tf.memory().numTensors).toBe(before.numTensors);
  expect(tf.memory().numBytes).toBe(before.numBytes);
});

test('parameters that no binding reaches do not fit', () => {
  const webgpu = tf.backend() as WebGPUBackend;
  const { maxStorageBufferBindingSize, maxBufferSize } = webgpu.device.limits;
  const most = Math.min(maxStorageBufferBindingSize, maxBufferSize) / 2 / 4;
  expect(InPlaceOptimizer.fits(webgpu, [most - (most % 64)])).toBe(true);
  expect(InPlaceOptimizer.fits(webgpu, [1, most + 1])).toBe(false);
});
