import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openWebGpu } from '../testing/open-webgpu.ts';
import { refusalOf, nullIfRefused } from './error-scope.ts';
import type { OpenBackend } from './open-backend.ts';

let backend: OpenBackend;
let device: GPUDevice;
beforeEach(async () => {
  backend = await openWebGpu();
  ({ device } = tf.backend() as unknown as { device: GPUDevice });
});
afterEach(() => {
  vi.restoreAllMocks();
});

const noShader = (): Promise<number> => {
  device.createShaderModule({ code: 'no WGSL' });
  return Promise.resolve(7);
};

describe('what a device refuses', () => {
  test('is told, and is no fault of the device', async () => {
    expect(await refusalOf(async () => void (await noShader()))).toMatch(/pars/i);
    expect(await nullIfRefused(noShader)).toBeNull();
    await backend.finish();
  });

  test.each(['validation', 'internal'])('is told whichever kind of error it is: %s', async (kind) => {
    // Error scopes must be closed in reverse order of opening.
    const opened: GPUErrorFilter[] = [];
    const push = device.pushErrorScope.bind(device);
    vi.spyOn(device, 'pushErrorScope').mockImplementation((filter) => {
      opened.push(filter);
      return push(filter);
    });
    const pop = device.popErrorScope.bind(device);
    vi.spyOn(device, 'popErrorScope').mockImplementation(async () => {
      const filter = opened.pop();
      await pop();
      return filter === kind ? new GPUInternalError('the compiler gave up') : null;
    });
    expect(await refusalOf(() => Promise.resolve())).toBe('the compiler gave up');
    expect(opened).toEqual([]);
  });

  test('is nothing where all went well: the result counts', async () => {
    expect(await refusalOf(() => Promise.resolve())).toBeNull();
    expect(await nullIfRefused(() => Promise.resolve(7))).toBe(7);
  });

  test('leaves no scope open where the work throws', async () => {
    await expect(nullIfRefused(() => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    await expect(device.popErrorScope()).rejects.toThrow(/scope/i);
  });
});
