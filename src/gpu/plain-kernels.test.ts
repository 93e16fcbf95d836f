import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { registerPlainKernels } from './plain-kernels.ts';

const names = ['BatchMatMul', 'Add', 'Sub', 'Multiply', 'SquaredDifference', 'Softmax'] as const;
const kernelsNow = () => names.map((name) => tf.getKernel(name, 'cpu'));
const tfjs = new Map(names.map((name) => [name, tf.getKernel(name, 'cpu').kernelFunc]));
/** Called with the name of the kernel when tfjs's own is used. */
const tfjsCalled = vi.fn<(name: string) => void>();

/** Numbers that are the same in every run, from -1 to 1. */
const numbers = (shape: readonly number[], start: number): Float32Array =>
  Float32Array.from({ length: tf.util.sizeFromShape([...shape]) }, (_, index) =>
    Math.sin(start + index * 1.7),
  );

/** The result of our kernel, and of tfjs's with the same tensors. */
function compute(
  name: (typeof names)[number],
  inputs: tf.NamedTensorMap,
  attrs: tf.NamedAttrMap = {},
): { actual: ArrayLike<number>; expected: ArrayLike<number> } {
  const call = { inputs, attrs, backend: tf.backend() } as unknown as Parameters<tf.KernelFunc>[0];
  const info = tfjs.get(name)?.(call) as tf.TensorInfo;
  const expected = tf.engine().makeTensorFromTensorInfo(info);
  const actual = tf.engine().runKernel<tf.Tensor>(name, inputs, attrs);
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  return { actual: actual.dataSync(), expected: expected.dataSync() };
}

const tensors = (a: number[], b: number[]): { a: tf.Tensor; b: tf.Tensor } => ({
  a: tf.tensor(numbers(a, 1), a),
  b: tf.tensor(numbers(b, 2), b),
});

function largestDifference(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  return Array.from(actual).reduce((most, value, index) => {
    const difference = Math.abs(value - (expected[index] as number));
    return difference <= most ? most : difference;
  }, 0);
}

beforeAll(async () => {
  for (const name of names) {
    const own = tf.getKernel(name, 'cpu');
    tf.unregisterKernel(name, 'cpu');
    const kernelFunc: tf.KernelFunc = (call) => {
      tfjsCalled(name);
      return own.kernelFunc(call);
    };
    tf.registerKernel({ ...own, kernelFunc });
  }
  registerPlainKernels();
  await tf.setBackend('cpu');
});
beforeEach(() => {
  tfjsCalled.mockClear();
});

describe('a product of matrices equals tfjs’s', () => {
  test.each<[string, number[], number[], ('a' | 'b')[]]>([
    ['whole tiles', [8, 12], [12, 6], []],
    ['a row and a column too many', [9, 12], [12, 7], []],
    ['two rows too many', [6, 5], [5, 4], []],
    ['a row too few', [7, 5], [5, 3], []],
    ['one column', [5, 6], [6, 1], []],
    ['one number a sum', [5, 1], [1, 5], []],
    ['no number a sum', [4, 0], [0, 3], []],
    ['the left one transposed', [11, 6], [11, 5], ['a']],
    ['the right one transposed', [6, 11], [5, 11], ['b']],
    ['both transposed', [11, 6], [5, 11], ['a', 'b']],
    ['a batch', [3, 7, 10], [3, 10, 5], []],
    ['a batch, the left one transposed', [3, 10, 7], [3, 10, 5], ['a']],
    ['a batch, the right one transposed', [3, 7, 10], [3, 5, 10], ['b']],
    ['a batch in two dimensions', [2, 3, 7, 10], [2, 3, 10, 5], []],
    ['a linear layer of the embedded model', [50, 192], [192, 576], []],
  ])('%s', (_, a, b, transposed) => {
    const attrs = { transposeA: transposed.includes('a'), transposeB: transposed.includes('b') };
    const { actual, expected } = compute('BatchMatMul', tensors(a, b), attrs);
    // tfjs rounds its sums every 48 numbers.
    expect(largestDifference(actual, expected)).toBeLessThan(1e-5);
    expect(tfjsCalled).not.toHaveBeenCalled();
  });

  test('where a number is none', () => {
    const a = tf.tensor2d([1, NaN, 2, 3, Infinity, 1, 1, 1], [4, 2]);
    const b = tf.tensor2d([1, 0, 0, 1], [2, 2]);
    const { actual, expected } = compute('BatchMatMul', { a, b });
    expect(Array.from(actual)).toEqual([NaN, NaN, 2, 3, Infinity, NaN, 1, 1]);
    expect(actual).toEqual(expected);
    expect(tfjsCalled).not.toHaveBeenCalled();
  });
});

describe('leaves to tfjs a product of', () => {
  test.each<[string, { a: tf.Tensor; b: tf.Tensor }, tf.NamedAttrMap]>([
    ['three rows', tensors([3, 6], [6, 5]), {}],
    ['three rows, transposed', tensors([6, 3], [6, 5]), { transposeA: true }],
    ['a batch with one matrix', tensors([2, 5, 6], [1, 6, 5]), {}],
    ['whole numbers', { a: tf.ones([4, 2], 'int32'), b: tf.ones([2, 3], 'int32') }, {}],
  ])('%s', (_, inputs, attrs) => {
    const { actual, expected } = compute('BatchMatMul', inputs, {
      transposeA: false,
      transposeB: false,
      ...attrs,
    });
    expect(actual).toEqual(expected);
    expect(tfjsCalled).toHaveBeenCalledExactlyOnceWith('BatchMatMul');
  });
});

describe.each(['Add', 'Sub', 'Multiply', 'SquaredDifference'] as const)('%s', (name) => {
  test.each<[string, number[], number[]]>([
    ['two of one shape', [3, 5], [3, 5]],
    ['a bias', [3, 5], [5]],
    ['a bias with dimensions of one', [2, 3, 5], [1, 1, 5]],
    ['a number for each row', [3, 5], [3, 1]],
    ['a number for each row of a batch', [2, 3, 5], [2, 3, 1]],
    ['a row and a column', [1, 5], [3, 1]],
    ['a number', [3, 5], []],
    ['a number of more dimensions', [5], [1, 1, 1]],
    ['two numbers', [], []],
    ['as many numbers in a row as rows', [4, 4], [4, 1]],
    ['nothing', [0, 5], [5]],
    ['rows of nothing', [5, 0], [5, 1]],
  ])('equals tfjs’s to the bit: %s, and the other way round', (_, a, b) => {
    for (const inputs of [tensors(a, b), tensors(b, a)]) {
      const { actual, expected } = compute(name, inputs);
      expect(actual).toEqual(expected);
    }
    expect(tfjsCalled).not.toHaveBeenCalled();
  });

  test.each<[string, { a: tf.Tensor; b: tf.Tensor }]>([
    ['a matrix for each of a batch', tensors([2, 3, 5], [3, 5])],
    ['a number for each column of a batch', tensors([2, 3, 5], [2, 1, 5])],
    ['whole numbers', { a: tf.ones([2, 3], 'int32'), b: tf.ones([3], 'int32') }],
  ])('leaves to tfjs: %s', (_, inputs) => {
    const { actual, expected } = compute(name, inputs);
    expect(actual).toEqual(expected);
    expect(tfjsCalled).toHaveBeenCalledExactlyOnceWith(name);
  });

  test('refuses shapes that do not go together', () => {
    expect(() => compute(name, tensors([2, 3], [2]))).toThrow('could not be broadcast');
  });
});

describe('softmax', () => {
  test.each<[string, number[], number]>([
    ['a row', [7], -1],
    ['rows', [3, 5], -1],
    ['rows, where the last dimension is told by its number', [3, 5], 1],
    ['rows of one number', [3, 1], -1],
    ['a batch', [2, 3, 5], -1],
    ['no row', [0, 5], -1],
  ])('equals tfjs’s: %s', (_, shape, dim) => {
    const logits = tf.tensor(numbers(shape, 1), shape);
    const { actual, expected } = compute('Softmax', { logits }, { dim });
    expect(largestDifference(actual, expected)).toBeLessThan(1e-6);
    expect(tfjsCalled).not.toHaveBeenCalled();
  });

  test.each<[string, number[]]>([
    ['large numbers', [1000, 1001, -1000, 0]],
    ['none', [0, NaN, 1, 2]],
    ['minus infinity', [-Infinity, 0, 1, 2]],
    ['infinity', [Infinity, 0, 1, 2]],
  ])('equals tfjs’s where a number is %s', (_, row) => {
    const { actual, expected } = compute('Softmax', { logits: tf.tensor1d(row) }, { dim: -1 });
    expect(Array.from(actual, Number.isNaN)).toEqual(Array.from(expected, Number.isNaN));
    const ofNumbers = (of: ArrayLike<number>) => Array.from(of).filter((value) => !Number.isNaN(value));
    expect(largestDifference(ofNumbers(actual), ofNumbers(expected))).toBeLessThan(1e-6);
  });

  test('leaves whole numbers to tfjs', () => {
    const { actual, expected } = compute('Softmax', { logits: tf.ones([2, 3], 'int32') }, { dim: -1 });
    expect(actual).toEqual(expected);
    expect(tfjsCalled).toHaveBeenCalledExactlyOnceWith('Softmax');
  });
});

test('a second call changes nothing', () => {
  const before = kernelsNow();
  registerPlainKernels();
  expect(kernelsNow()).toEqual(before);
});
