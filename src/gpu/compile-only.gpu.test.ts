import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { countPipelines } from '../testing/count-pipelines.ts';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { useOwnDevice } from '../testing/own-device.ts';
import { compileOnly } from './compile-only.ts';
import { attentionKernel } from './kernels/attention.ts';
import type { OpenBackend } from './open-backend.ts';

const numHeads = 2;
/** shape [T, 3C], 8 channels a head */
const someTokens = (): tf.Tensor2D => tf.randomNormal([20, 48], 0, 1, 'float32', 7);
const attend = (): tf.Tensor => attentionKernel.run({ qkv: someTokens() }, { numHeads });

let backend: OpenBackend;
beforeEach(async () => {
  backend = await openWebGpu();
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Result of the kernel, once it is compiled. */
async function attended(): Promise<Float32Array> {
  const result = tf.tidy(attend);
  const values = (await result.data()) as Float32Array;
  result.dispose();
  return values;
}

test('what was compiled runs without another pipeline, and computes what it does without', async () => {
  const expected = await attended();
  const reopened = await openWebGpu();
  const pipelines = countPipelines();
  await compileOnly(reopened, attend);
  expect(pipelines).toEqual({ waitedFor: 0, beside: 1 });
  expect(await attended()).toEqual(expected);
  expect(pipelines).toEqual({ waitedFor: 0, beside: 1 });
});

test('takes no memory on the device and keeps no tensor', async () => {
  const buffers = vi.spyOn(GPUDevice.prototype, 'createBuffer');
  const before = tf.memory().numTensors;
  await compileOnly(backend, attend);
  expect(buffers).not.toHaveBeenCalled();
  expect(tf.memory().numTensors).toBe(before);
});

test('is in nobody’s way: the same kernel may run before its compilation is over', async () => {
  const compiling = compileOnly(backend, attend);
  const values = await attended();
  await compiling;
  expect(await attended()).toEqual(values);
  await backend.finish();
});

test('leaves out what the device refuses, which is a fault only when it runs', async () => {
  const create = GPUDevice.prototype.createShaderModule;
  vi.spyOn(GPUDevice.prototype, 'createShaderModule').mockImplementation(function (
    this: GPUDevice,
    descriptor,
  ) {
    return create.call(this, { ...descriptor, code: `${descriptor.code} no WGSL` });
  });
  await compileOnly(backend, attend);
  await backend.finish();
  tf.tidy(() => void attend());
  await expect(backend.finish()).rejects.toMatchObject({ failure: { code: 'gpu-error' } });
});

test('that throws on the way leaves tfjs as it was', async () => {
  const work = (): void => {
    attend();
    throw new TypeError('a bug');
  };
  await expect(compileOnly(backend, work)).rejects.toThrow('a bug');
  expect((await attended()).every(Number.isFinite)).toBe(true);
});

test('ends as a typed failure where the device is lost', async () => {
  useOwnDevice();
  backend = await openWebGpu();
  (tf.backend() as unknown as { device: GPUDevice }).device.destroy();
  await expect(
    (async () => {
      await compileOnly(backend, attend);
      await backend.finish();
    })(),
  ).rejects.toMatchObject({ failure: { code: 'device-lost' } });
});
