/** Exact GELU and its gradient, each as a dispatch of its own. In a forward pass GELU is fused with its linear layer. */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './define-kernel.ts';

interface GeluInputs {
  /** shape [rows, columns]; columns a multiple of 4 */
  readonly x: tf.TensorInfo;
  /** If given, the result is the gradient of x: this tensor times GELU's derivative, shape [rows, columns]. */
  readonly above?: tf.TensorInfo;
}

const workgroup = { x: 16, y: 4 };

/** Abramowitz and Stegun 7.1.26, as in the linear kernel. Φ(x) is the normal distribution, φ(x) its density. */
const code = (isGradient: boolean): string => `
  fn distribution(x: vec4<f32>) -> vec4<f32> {
    let z = x * ${Math.SQRT1_2};
    let a = abs(z);
    let t = 1.0 / (1.0 + 0.3275911 * a);
    let polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return 0.5 + 0.5 * sign(z) * (1.0 - polynomial * exp(-a * a));
  }
  fn main() {
    let vectors = uniforms.xShape.y / 4;
    let column = i32(globalId.x);
    let row = i32(globalId.y);
    if (row >= uniforms.xShape.x || column >= vectors) { return; }
    let at = row * vectors + column;
    let value = x[at];
    ${
      isGradient
        ? `let density = exp(-0.5 * value * value) * ${1 / Math.sqrt(2 * Math.PI)};
    result[at] = above[at] * (distribution(value) + value * density);`
        : 'result[at] = value * distribution(value);'
    }
  }`;

export const geluKernel = defineKernel<GeluInputs, object>('DinoscopeGelu', ({ x, above }) => {
  const [rows = 0, columns = 0] = x.shape;
  const isGradient = above !== undefined;
  return {
    program: {
      variableNames: isGradient ? ['x', 'above'] : ['x'],
      variableComponents: isGradient ? [4, 4] : [4],
      outputComponent: 4,
      outputShape: [rows, columns],
      dispatchLayout: { x: [1], y: [0] },
      dispatch: [Math.ceil(columns / (4 * workgroup.x)), Math.ceil(rows / workgroup.y), 1],
      workgroupSize: [workgroup.x, workgroup.y, 1],
      shaderKey: `dinoscope-gelu-${isGradient}`,
      getUserCode: () => code(isGradient),
    },
    inputs: isGradient ? [x, above] : [x],
    uniforms: [],
  };
});
