/** Softmax on the plain JavaScript back end: tfjs's repeats the largest number and the sum as `plain-arithmetic` says. */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import type * as tf from '@tensorflow/tfjs-core';

/** @param from shape [rows, width] */
function softmaxRows(from: Float32Array, width: number): Float32Array {
  const result = new Float32Array(from.length);
  for (let begin = 0; begin < from.length; begin += width) {
    const end = begin + width;
    let largest = -Infinity;
    for (let at = begin; at < end; at++) largest = Math.max(largest, from[at] as number);
    let sum = 0;
    for (let at = begin; at < end; at++) {
      const power = Math.exp((from[at] as number) - largest);
      result[at] = power;
      sum += power;
    }
    for (let at = begin; at < end; at++) result[at] = (result[at] as number) / sum;
  }
  return result;
}

/** @returns the kernel in place of tfjs's, which does other dimensions than the last, and other types */
export const softmaxInsteadOf = (tfjs: tf.KernelConfig): tf.KernelConfig => ({
  ...tfjs,
  kernelFunc: (call) => {
    const { logits } = call.inputs as { logits: tf.TensorInfo };
    const { dim } = call.attrs as { dim: number };
    const width = logits.shape.at(-1) ?? 0;
    const isLast = dim === -1 || dim === logits.shape.length - 1;
    if (!isLast || width === 0 || logits.dtype !== 'float32') return tfjs.kernelFunc(call);
    const backend = call.backend as MathBackendCPU;
    const values = backend.data.get(logits.dataId).values as Float32Array;
    return backend.makeTensorInfo(logits.shape, 'float32', softmaxRows(values, width));
  },
});
