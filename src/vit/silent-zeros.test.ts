/** A device that gives zeros for arrays above some size, and says nothing: no picture of it is believed. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Overlap } from '../core/overlap.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { randomParameters, randomValues } from '../testing/random-parameters.ts';
import { replaceKernel } from '../testing/replace-kernel.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { attendSpecial } from './attend.ts';
import { uploadParameters, type VitParameters } from './parameters.ts';
import { proveSize } from './prove-size.ts';

const architecture = { ...vitSmall16, embedDim: 24, depth: 3, numHeads: 2, patchSize: 4, gridSize: 2 };
const sizeOf = (rows: number, columns: number): { height: number; width: number } => ({
  height: 4 * rows,
  width: 4 * columns,
});
/** 25 tokens. */
const small = sizeOf(4, 6);
/** 57 tokens. */
const large = sizeOf(7, 8);
/** In between. */
const mostTokens = 40;

const inputOf = ({ height, width }: { height: number; width: number }): Float32Array =>
  randomValues([height, width, 3], height * width);

let backend: OpenBackend;
let parameters: VitParameters;
let restore = (): void => {};
beforeAll(async () => {
  const opened = await openBackend('wasm', null);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  backend = opened.value;
});
afterEach(() => {
  restore();
  restore = () => {};
  parameters.dispose();
});

const prove = (size: { height: number; width: number }, overlap: Overlap = 1): Promise<void> =>
  proveSize(parameters, inputOf(size), size, { ...backend, overlap });

/** @param isLost of a value at this row and column of an array [rows, columns] */
function losing(name: string, isLost: (row: number, column: number) => boolean): void {
  const own = tf.getKernel(name, 'wasm').kernelFunc;
  restore = replaceKernel(name, 'wasm', (call) => {
    const result = own(call) as tf.TensorInfo;
    const [, columns = 1] = result.shape;
    const values = (call.backend as BackendWasm).typedArrayFromHeap(result);
    for (let i = 0; i < values.length; i++) if (isLost(Math.floor(i / columns), i % columns)) values[i] = 0;
    return result;
  });
}

describe('a device that loses', () => {
  test.each([
    ['tokens above a size of linear layers', 'DinoscopeLinear', (row: number) => row >= mostTokens],
    ['tokens above a size of LayerNorm', 'DinoscopeLayerNorm', (row: number) => row >= mostTokens],
    ['tokens above a size of attention', 'DinoscopeAttention', (row: number) => row >= mostTokens],
    [
      'columns above a size of rows',
      'DinoscopeQueryRows',
      (_: number, column: number) => column >= mostTokens,
    ],
  ])('%s is found out, and not before', async (_, kernel, isLost) => {
    parameters = uploadParameters(architecture, randomParameters(architecture));
    losing(kernel, isLost);
    await expect(prove(small)).resolves.toBeUndefined();
    const before = tf.memory().numTensors;
    await expect(prove(large)).rejects.toMatchObject({ failure: { code: 'wrong-result' } });
    expect(tf.memory().numTensors).toBe(before);
    // It is not taken for proven.
    await expect(prove(large)).rejects.toMatchObject({ failure: { code: 'wrong-result' } });
  });

  test('tokens on the way gives rows that sum to 1 all the same: nothing else would tell', async () => {
    parameters = uploadParameters(architecture, randomParameters(architecture));
    losing('DinoscopeAttention', (row) => row >= mostTokens);
    const options = { faults: backend.faults };
    await expect(attendSpecial(parameters, inputOf(large), large, options)).resolves.toMatchObject({
      rows: 7,
    });
    await expect(prove(large)).rejects.toMatchObject({
      failure: { problem: expect.stringMatching(/^with 57 tokens a block's output is off by/) as string },
    });
  });

  test('numbers after long use is found out, too', async () => {
    parameters = uploadParameters(architecture, randomParameters(architecture));
    await prove(large);
    const called = vi.fn<() => void>();
    losing('DinoscopeLinear', (row) => {
      called();
      return row >= mostTokens;
    });
    for (let pass = 0; pass < 100; pass++) await prove(pass % 2 === 0 ? large : small);
    expect(called).not.toHaveBeenCalled();
    await expect(prove(large)).rejects.toMatchObject({ failure: { code: 'wrong-result' } });
  });
});

test('patches that overlap are cut out in another way: what proved right without is no proof of them', async () => {
  parameters = uploadParameters(architecture, randomParameters(architecture));
  await prove(large);
  // Neighbours that share strips are put together on wasm by this kernel.
  const own = tf.getKernel('Concat', 'wasm').kernelFunc;
  restore = replaceKernel('Concat', 'wasm', (call) => {
    const result = own(call) as tf.TensorInfo;
    if (result.shape.length === 4) (call.backend as BackendWasm).typedArrayFromHeap(result).fill(0);
    return result;
  });
  await expect(prove(large)).resolves.toBeUndefined();
  await expect(prove(small, 2)).rejects.toMatchObject({ failure: { code: 'wrong-result' } });
  restore();
  restore = () => {};
  await expect(prove(small, 2)).resolves.toBeUndefined();
});

test('what was right is not computed again, in smaller sizes neither', async () => {
  parameters = uploadParameters(architecture, randomParameters(architecture));
  const called = vi.fn<tf.KernelFunc>(tf.getKernel('DinoscopeLinear', 'wasm').kernelFunc);
  restore = replaceKernel('DinoscopeLinear', 'wasm', called);
  await prove(small);
  const [once] = [called.mock.calls.length];
  expect(once).toBeGreaterThan(0);
  await prove(small);
  expect(called).toHaveBeenCalledTimes(once);
  await prove(large);
  expect(called).toHaveBeenCalledTimes(2 * once);
  await prove(small);
  expect(called).toHaveBeenCalledTimes(2 * once);
});
