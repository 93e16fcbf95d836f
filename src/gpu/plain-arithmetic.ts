/**
 * Sums, differences and products of tensors, number by number, on the plain JavaScript back end, where one has to be repeated:
 * a bias for each row, a mean for each column. tfjs works out for each number where it stands in all dimensions, which takes
 * twenty times as long as the arithmetic. The results are the same to the last bit.
 */
import type { MathBackendCPU } from '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';

type Operation = 'add' | 'subtract' | 'multiply' | 'square of the difference';

/** A tensor as it is read for a result in rows: how far to go on for the next row, and for the next number in it. */
interface Repeated {
  readonly values: Float32Array;
  readonly rowStep: number;
  readonly columnStep: number;
}

/** @returns null where the tensor is repeated in another way than row for row, or number for number */
function repeat(
  { shape, dataId, dtype }: tf.TensorInfo,
  result: number[],
  backend: MathBackendCPU,
): Repeated | null {
  if (dtype !== 'float32') return null;
  const values = backend.data.get(dataId).values as Float32Array;
  const width = result.at(-1) ?? 1;
  const size = tf.util.sizeFromShape(shape);
  if (size === 1) return { values, rowStep: 0, columnStep: 0 };
  if (tf.util.arraysEqual(shape, result)) return { values, rowStep: width, columnStep: 1 };
  if (size === width && shape.at(-1) === width) return { values, rowStep: 0, columnStep: 1 };
  if (tf.util.arraysEqual(shape, [...result.slice(0, -1), 1])) return { values, rowStep: 1, columnStep: 0 };
  return null;
}

/** @param into the result, in rows of `width` */
function combine(operation: Operation, a: Repeated, b: Repeated, into: Float32Array, width: number): void {
  const { values: as, columnStep: stepOfA } = a;
  const { values: bs, columnStep: stepOfB } = b;
  for (let at = 0, row = 0; at < into.length; row++) {
    let i = row * a.rowStep;
    let j = row * b.rowStep;
    const end = at + width;
    // A loop for each, so that no function is called for a number.
    if (operation === 'add')
      for (; at < end; at++, i += stepOfA, j += stepOfB) into[at] = (as[i] as number) + (bs[j] as number);
    else if (operation === 'subtract')
      for (; at < end; at++, i += stepOfA, j += stepOfB) into[at] = (as[i] as number) - (bs[j] as number);
    else if (operation === 'multiply')
      for (; at < end; at++, i += stepOfA, j += stepOfB) into[at] = (as[i] as number) * (bs[j] as number);
    else
      for (; at < end; at++, i += stepOfA, j += stepOfB) {
        const difference = (as[i] as number) - (bs[j] as number);
        into[at] = difference * difference;
      }
  }
}

/** @returns the kernel in place of tfjs's, which does what is repeated in other ways, and other types */
export const arithmeticOf =
  (operation: Operation) =>
  (tfjs: tf.KernelConfig): tf.KernelConfig => ({
    ...tfjs,
    kernelFunc: (call) => {
      const { a, b } = call.inputs as { a: tf.TensorInfo; b: tf.TensorInfo };
      const backend = call.backend as MathBackendCPU;
      const shape = tf.broadcast_util.assertAndGetBroadcastShape(a.shape, b.shape);
      const [left, right] = [repeat(a, shape, backend), repeat(b, shape, backend)];
      if (left === null || right === null) return tfjs.kernelFunc(call);
      const result = new Float32Array(tf.util.sizeFromShape(shape));
      combine(operation, left, right, result, shape.at(-1) ?? 1);
      return backend.makeTensorInfo(shape, 'float32', result);
    },
  });
