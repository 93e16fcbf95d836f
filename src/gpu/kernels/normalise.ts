/** Vectors at length 1, and the gradient of that, each in one dispatch instead of tfjs's five and nine. */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, float32, int32 } from './define-kernel.ts';

interface NormaliseInputs {
  /** shape [rows, columns] */
  readonly x: tf.TensorInfo;
  /** If both are given, the result is the gradient of x: x at length 1, and the gradient of that, shape [rows, columns]. */
  readonly direction?: tf.TensorInfo;
  readonly above?: tf.TensorInfo;
}

interface NormaliseAttributes {
  /** Along which a vector lies: 0 if a column is one, 1 if a row is. */
  readonly axis: 0 | 1;
  /** The length that is divided by is no less. */
  readonly smallest: number;
}

const workgroupSize = 64;

/**
 * An invocation has one vector. Through x / |x| comes what does not lie along the direction, divided by the length.
 */
const code = (isGradient: boolean): string => `
  fn main(index: i32) {
    if (index >= uniforms.vectors) { return; }
    let end = uniforms.first * index + uniforms.extent;
    var squares = 0.0;
    var along = 0.0;
    for (var at = uniforms.first * index; at < end; at += uniforms.hop) {
      squares += x[at] * x[at];
      ${isGradient ? 'along += direction[at] * above[at];' : ''}
    }
    let perLength = inverseSqrt(max(squares, uniforms.smallest));
    for (var at = uniforms.first * index; at < end; at += uniforms.hop) {
      result[at] = ${isGradient ? '(above[at] - direction[at] * along)' : 'x[at]'} * perLength;
    }
  }`;

/** shape [rows, columns] */
export const normaliseKernel = defineKernel<NormaliseInputs, NormaliseAttributes>(
  'DinoscopeNormalise',
  ({ x, direction, above }, { axis, smallest }) => {
    const [rows = 0, columns = 0] = x.shape;
    const isGradient = direction !== undefined && above !== undefined;
    const vectors = axis === 0 ? columns : rows;
    return {
      program: {
        variableNames: isGradient ? ['x', 'direction', 'above'] : ['x'],
        variableComponents: isGradient ? [1, 1, 1] : [1],
        outputComponent: 1,
        outputShape: [rows, columns],
        dispatchLayout: { x: [0] },
        dispatch: [Math.ceil(vectors / workgroupSize), 1, 1],
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: 'vectors : i32, first : i32, hop : i32, extent : i32, smallest : f32,',
        shaderKey: `dinoscope-normalise-${isGradient}`,
        getUserCode: () => code(isGradient),
      },
      inputs: isGradient ? [x, direction, above] : [x],
      uniforms: [
        int32(vectors),
        int32(axis === 0 ? 1 : columns),
        int32(axis === 0 ? columns : 1),
        int32(axis === 0 ? rows * columns : columns),
        float32(smallest * smallest),
      ],
    };
  },
);
