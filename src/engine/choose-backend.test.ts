import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hasFusedKernels } from '../gpu/kernels/fused-kernels.ts';
import type { BackendName } from '../core/failure.ts';
import type { BackendChoice } from '../core/backend.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { chooseBackend, type ChosenBackend } from './choose-backend.ts';

const onSelfCheck = vi.fn<() => void>();
const onTry = vi.fn<(backend: BackendName) => void>();
const options = { wasmAssets: null, onTry, onSelfCheck };

beforeEach(() => {
  onSelfCheck.mockReset();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

async function chosen(choice: BackendChoice): Promise<ChosenBackend> {
  const result = await chooseBackend(choice, options);
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
}

const stubGpu = (requestAdapter: () => Promise<unknown>): void => {
  vi.stubGlobal('navigator', { gpu: { requestAdapter } });
};

describe.each(['wasm', 'cpu'] as const)('%s, asked for', (name) => {
  test('runs, and computes what PyTorch computes', async () => {
    const { backend, reason, selfCheckMaxAbsDifference } = await chosen(name);
    expect(backend.name).toBe(name);
    expect(tf.getBackend()).toBe(name);
    expect(reason).toEqual({ kind: 'asked-for' });
    expect(selfCheckMaxAbsDifference).toBeLessThan(1e-5);
    expect(onSelfCheck).toHaveBeenCalledOnce();
  });

  test('leaves no tensor of its self-check behind', async () => {
    await chosen(name);
    const before = tf.memory().numTensors;
    await chosen(name);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('without a graphics card that is worth it, the choice is wasm', () => {
  const softwareInfo = { vendor: 'google', architecture: 'swiftshader', device: '', description: '' };

  test.each<[string, (() => Promise<unknown>) | null, object]>([
    ['in a browser without WebGPU', null, { kind: 'no-webgpu' }],
    ['where there is no adapter', () => Promise.resolve(null), { kind: 'no-adapter' }],
    ['where asking for one is refused', () => Promise.reject(new Error('blocked')), { kind: 'no-adapter' }],
    [
      'where the adapter is software',
      () => Promise.resolve({ info: { ...softwareInfo, isFallbackAdapter: true } }),
      { kind: 'software-adapter', adapter: 'google swiftshader' },
    ],
    [
      'where an older browser says so of the adapter itself',
      () => Promise.resolve({ isFallbackAdapter: true, info: softwareInfo }),
      { kind: 'software-adapter', adapter: 'google swiftshader' },
    ],
    [
      'where the adapter tells nothing more of itself',
      () => Promise.resolve({ isFallbackAdapter: true }),
      { kind: 'software-adapter', adapter: 'unnamed adapter' },
    ],
    [
      'where the adapter gives no device',
      () =>
        Promise.resolve({
          info: { ...softwareInfo, isFallbackAdapter: false },
          limits: {},
          features: new Set(),
          requestDevice: () => Promise.reject(new Error('no device today')),
        }),
      {
        kind: 'webgpu-failed',
        failure: { code: 'backend-unavailable', backend: 'webgpu', reason: 'no device today' },
      },
    ],
  ])('%s', async (_, requestAdapter, reason) => {
    if (requestAdapter !== null) stubGpu(requestAdapter);
    const choice = await chosen('auto');
    expect(choice.backend.name).toBe('wasm');
    expect(tf.getBackend()).toBe('wasm');
    expect(choice.reason).toEqual(reason);
  });
});

describe('a back end that did not answer before', () => {
  const silence = (backend: BackendName) => ({
    code: 'backend-unavailable',
    backend,
    reason: 'it did not answer in time',
  });

  test('is not opened again: the next one is, with the reason', async () => {
    const requestAdapter = vi.fn<() => Promise<unknown>>();
    stubGpu(requestAdapter);
    const withoutGpu = await chooseBackend('auto', { ...options, silent: ['webgpu'] });
    expect(withoutGpu).toMatchObject({
      value: { backend: { name: 'wasm' }, reason: { kind: 'webgpu-failed', failure: silence('webgpu') } },
    });
    const withoutWasm = await chooseBackend('auto', { ...options, silent: ['webgpu', 'wasm', 'wasm'] });
    expect(withoutWasm).toMatchObject({
      value: { backend: { name: 'cpu' }, reason: { kind: 'wasm-failed', failure: silence('wasm') } },
    });
    expect(requestAdapter).not.toHaveBeenCalled();
    expect(await chooseBackend('wasm', { ...options, silent: ['wasm', 'wasm'] })).toEqual({
      ok: false,
      error: silence('wasm'),
    });
  });

  test('is tried once more if it is wasm, since one of its files may not have come', async () => {
    stubGpu(() => Promise.resolve(null));
    expect(await chooseBackend('wasm', { ...options, silent: ['wasm'] })).toMatchObject({
      value: { backend: { name: 'wasm' }, reason: { kind: 'asked-for' } },
    });
    expect(await chooseBackend('auto', { ...options, silent: ['webgpu', 'wasm'] })).toMatchObject({
      value: { backend: { name: 'wasm' }, reason: { kind: 'webgpu-failed', failure: silence('webgpu') } },
    });
  });

  test('was told of before it could be silent', async () => {
    onTry.mockReset();
    let answer: (adapter: null) => void = () => {};
    stubGpu(() => new Promise((resolve) => (answer = resolve)));
    const choosing = chooseBackend('auto', options);
    expect(onTry.mock.calls).toEqual([['webgpu']]);
    answer(null);
    expect(await choosing).toMatchObject({ ok: true });
    expect(new Set(onTry.mock.calls.slice(1).flat())).toEqual(new Set(['wasm']));
  });
});

describe('WebGPU, asked for', () => {
  test.each<[string, (() => Promise<unknown>) | null, string]>([
    ['in a browser without it', null, 'this browser has no WebGPU'],
    ['where there is no adapter', () => Promise.resolve(null), 'there is no graphics adapter'],
  ])('%s is unavailable; nothing else is taken for it', async (_, requestAdapter, reason) => {
    if (requestAdapter !== null) stubGpu(requestAdapter);
    expect(await chooseBackend('webgpu', options)).toEqual({
      ok: false,
      error: { code: 'backend-unavailable', backend: 'webgpu', reason },
    });
    expect(onSelfCheck).not.toHaveBeenCalled();
  });
});

describe('a back end that computes wrong numbers', () => {
  const restores: (() => void)[] = [];
  afterEach(() => {
    for (const restore of restores.splice(0)) restore();
  });

  /** Puts another softmax in the place of the back end's own until the test ends. */
  async function breakSoftmax(backendName: BackendName, kernelFunc: tf.KernelFunc): Promise<void> {
    await chosen(backendName); // its kernels are there from now on
    restores.push(replaceKernel('Softmax', backendName, kernelFunc));
  }

  /** Every value of the result is what `valueFor` makes of the row length. */
  const constantSoftmax =
    (valueFor: (rowLength: number) => number): tf.KernelFunc =>
    ({ inputs, backend }) => {
      const { shape } = inputs['logits'] as tf.TensorInfo;
      const values = new Float32Array(tf.util.sizeFromShape(shape)).fill(valueFor(shape.at(-1) ?? 1));
      return (backend as MathBackendCPU).makeTensorInfo(shape, 'float32', values);
    };

  test('that look like attention is refused, with how far they are off', async () => {
    await breakSoftmax(
      'cpu',
      constantSoftmax((rowLength) => 1 / rowLength),
    );
    const result = await chooseBackend('cpu', options);
    expect(result).toMatchObject({
      ok: false,
      error: { code: 'backend-wrong', backend: 'cpu', tolerance: 1e-4 },
    });
    const off = !result.ok && result.error.code === 'backend-wrong' ? result.error.maxAbsDifference : NaN;
    expect(off).toBeGreaterThan(1e-3);
    expect(off).toBeLessThan(1);
  });

  test.each([
    ['nothing but zeros', 0],
    ['no numbers', NaN],
  ])('that are %s is refused', async (_, value) => {
    await breakSoftmax(
      'cpu',
      constantSoftmax(() => value),
    );
    expect(await chooseBackend('cpu', options)).toMatchObject({
      ok: false,
      error: { code: 'backend-wrong', backend: 'cpu' },
    });
  });

  test('is taken again once it computes right ones', async () => {
    expect((await chosen('cpu')).selfCheckMaxAbsDifference).toBeLessThan(1e-5);
  });

  const trap: tf.KernelFunc = () => {
    throw new Error('unreachable executed');
  };
  const failure = { code: 'backend-unavailable', backend: 'wasm', reason: 'unreachable executed' };

  test('by our own kernels on wasm is left to its plain ops, and the reason kept', async () => {
    await chosen('wasm');
    restores.push(replaceKernel('DinoscopeAttention', 'wasm', trap));
    const { backend, reason, selfCheckMaxAbsDifference } = await chosen('auto');
    expect(backend.name).toBe('wasm');
    expect(reason).toEqual({ kind: 'fused-kernels-failed', failure });
    expect(hasFusedKernels()).toBe(false);
    expect(selfCheckMaxAbsDifference).toBeLessThan(1e-5);
  });

  test('is passed over for plain JavaScript where it was wasm, and the reason kept', async () => {
    await breakSoftmax('wasm', trap);
    restores.push(replaceKernel('DinoscopeAttention', 'wasm', trap));
    const { backend, reason } = await chosen('auto');
    expect(backend.name).toBe('cpu');
    expect(tf.getBackend()).toBe('cpu');
    expect(reason).toEqual({ kind: 'wasm-failed', failure });
  });
});
