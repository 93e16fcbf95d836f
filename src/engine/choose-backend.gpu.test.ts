import type { WebGPUBackend } from '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { hasFusedKernels, switchFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { chooseBackend } from './choose-backend.ts';

const options = { wasmAssets: null, onTry: (): void => {}, onSelfCheck: (): void => {} };

beforeEach(() => {
  switchFusedKernels(false);
});

test('WebGPU runs with our kernels where they prove right', async () => {
  const result = await chooseBackend('webgpu', options);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  expect(result.value.reason).toEqual({ kind: 'asked-for' });
  expect(result.value.selfCheckMaxAbsDifference).toBeLessThan(1e-5);
  expect(hasFusedKernels()).toBe(true);
});

/** Rows that sum to 1 and are wrong. */
const evenRows: tf.KernelFunc = ({ inputs, attrs, backend }) => {
  const tokens = (inputs['keys'] as tf.TensorInfo).shape[0] ?? 0;
  const queries = (inputs['queries'] as tf.TensorInfo).shape[0] ?? 0;
  const shape = [Number(attrs?.['numHeads']) * queries, tokens];
  const values = new Float32Array(tf.util.sizeFromShape(shape)).fill(1 / tokens);
  return (backend as WebGPUBackend).makeTensorInfo(shape, 'float32', values);
};

/** What a driver's compiler may do with a kernel that others take. */
const refusedShader: tf.KernelFunc = ({ inputs, backend }) => {
  const keys = inputs['keys'] as tf.TensorInfo;
  const program = {
    variableNames: ['keys'],
    outputShape: keys.shape,
    dispatchLayout: { x: [0] },
    dispatch: [1, 1, 1] as [number, number, number],
    workgroupSize: [1, 1, 1] as [number, number, number],
    shaderKey: 'refused',
    getUserCode: () => 'fn main(index: i32) { this is no WGSL }',
  };
  return (backend as WebGPUBackend).runWebGPUProgram(program, [keys], 'float32');
};

const throws: tf.KernelFunc = () => {
  throw new Error('a bug in a kernel');
};

describe('kernels of ours that fail the self-check', () => {
  // Registered before the back end opens, which leaves in place what is there.
  const breakQueryRows = (kernelFunc: tf.KernelFunc): void =>
    tf.registerKernel({ kernelName: 'DinoscopeQueryRows', backendName: 'webgpu', kernelFunc });

  test.each<[string, string, tf.KernelFunc]>([
    ['by wrong numbers', 'backend-wrong', evenRows],
    ['by a shader that the device refuses', 'gpu-error', refusedShader],
    ['by throwing', 'backend-unavailable', throws],
  ])('%s leave WebGPU to the plain ops, and the reason is kept', async (_, code, kernelFunc) => {
    breakQueryRows(kernelFunc);
    const result = await chooseBackend('webgpu', options);
    if (!result.ok) throw new Error(JSON.stringify(result.error));
    expect(result.value.reason).toMatchObject({ kind: 'fused-kernels-failed', failure: { code } });
    expect(result.value.selfCheckMaxAbsDifference).toBeLessThan(1e-5);
    expect(tf.getBackend()).toBe('webgpu');
    expect(hasFusedKernels()).toBe(false);
    await result.value.backend.finish();
  });

  test('do not save WebGPU where its plain ops fail too', async () => {
    breakQueryRows(throws);
    const restore = replaceKernel('Softmax', 'webgpu', throws);
    try {
      expect(await chooseBackend('webgpu', options)).toMatchObject({
        ok: false,
        error: { code: 'backend-unavailable', backend: 'webgpu' },
      });
    } finally {
      restore();
    }
  });
});
