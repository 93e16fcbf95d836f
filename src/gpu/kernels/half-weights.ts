/**
 * A linear layer's weight at half the size. If every value is exactly a float16 (as in a file that stores float16), two
 * neighbours of a row are stored in one int32. WGSL unpacks them with a built-in function (`unpack2x16float`), so the
 * device does not need 'shader-f16', sums stay float32, and nothing is rounded.
 */
import * as tf from '@tensorflow/tfjs-core';
import { exactFloat16 } from '../../core/float16.ts';
import { defineKernel } from './define-kernel.ts';

/** How a weight is stored on the device. */
export type WeightStorage = 'float32' | 'float16';

export const storageOf = ({ dtype }: Pick<tf.TensorInfo, 'dtype'>): WeightStorage =>
  dtype === 'int32' ? 'float16' : 'float32';

/** @returns the number of columns of the weight, for either storage */
export const weightColumns = (weight: tf.TensorInfo): number =>
  (weight.shape[1] ?? 0) * (storageOf(weight) === 'float16' ? 2 : 1);

/**
 * @param values shape [rows, columns], columns even
 * @returns shape [rows, columns / 2], int32; null if a value is not a float16
 */
export function halfWeight(values: Float32Array, [rows, columns]: [number, number]): tf.Tensor2D | null {
  const patterns = exactFloat16(values);
  return patterns && tf.tensor2d(new Int32Array(patterns.buffer), [rows, columns / 2], 'int32');
}

/** shape [rows, columns / 2], int32 → shape [rows, columns], float32 */
export const floatWeightKernel = defineKernel<{ readonly weight: tf.TensorInfo }, object>(
  'DinoscopeFloatWeight',
  ({ weight }) => {
    const [rows = 0, pairs = 0] = weight.shape;
    const workgroup = [16, 4] as const;
    return {
      program: {
        variableNames: ['weight'],
        variableComponents: [1],
        outputComponent: 2,
        outputShape: [rows, 2 * pairs],
        dispatchLayout: { x: [1], y: [0] },
        dispatch: [Math.ceil(pairs / workgroup[0]), Math.ceil(rows / workgroup[1]), 1],
        workgroupSize: [...workgroup, 1],
        shaderKey: 'dinoscope-float-weight',
        getUserCode: () => `
  fn main() {
    let pairs = uniforms.weightShape.y;
    let pair = i32(globalId.x);
    let row = i32(globalId.y);
    if (pair >= pairs || row >= uniforms.weightShape.x) { return; }
    result[row * pairs + pair] = unpack2x16float(bitcast<u32>(weight[row * pairs + pair]));
  }`,
      },
      inputs: [weight],
      uniforms: [],
    };
  },
);

/**
 * For tfjs's own ops.
 * @returns float32, shape [in, out]: the same tensor, or a new one for the caller's tidy
 */
export const floatWeight = (weight: tf.Tensor2D): tf.Tensor2D =>
  storageOf(weight) === 'float16' ? floatWeightKernel.run({ weight }, {}) : weight;
