/** The gradient of LayerNorm: one dispatch for its input, and one in `column-sums` for gain and bias. */
import type * as tf from '@tensorflow/tfjs-core';
import { definePairKernel, float32, type PairDispatch } from './define-kernel.ts';
import { written } from './shader-top.ts';

interface GradientInputs {
  /** shape [rows, C]; C a multiple of 4 */
  readonly x: tf.TensorInfo;
  /** shape [C] */
  readonly gain: tf.TensorInfo;
  /** Gradient of the layer's result, shape [rows, C]. */
  readonly above: tf.TensorInfo;
  /** Added to the result, shape [rows, C]. */
  readonly residual?: tf.TensorInfo;
}

/** Size of a workgroup, as in the forward kernel: the number of rows, and the number of invocations for each. */
const workgroup = { lanes: 8, rows: 4 };

const setup = (shape: string): string => `
    let width = f32(uniforms.${shape}.y);
    let vectors = uniforms.${shape}.y / 4;
    let rows = uniforms.${shape}.x;
    let lane = i32(localId.x);
    let partials = i32(localId.y) * ${workgroup.lanes};
    let own = i32(globalId.y);
    let row = min(own, rows - 1);
    let begin = row * vectors;`;

const sumOf = (array: string, into: string): string => `
    workgroupBarrier();
    var ${into} = 0.0;
    for (var i = 0; i < ${workgroup.lanes}; i++) { ${into} += ${array}[partials + i]; }`;

const shared = (name: string): string =>
  `var<workgroup> ${name}: array<f32, ${workgroup.lanes * workgroup.rows}>;`;

const loop = (body: string): string => `for (var c = lane; c < vectors; c += ${workgroup.lanes}) { ${body} }`;

/** scale × (w − mean(w) − x̂ mean(w x̂)) with w = above × gain. As in the forward kernel the mean comes first. */
const gradientCode = (hasResidual: boolean): string => `
  ${written('statistics')}
  ${shared('values')}
  ${shared('squares')}
  ${shared('sums')}
  ${shared('products')}
  fn main() {
    ${setup('xShape')}
    var value = vec4<f32>(0.0);
    ${loop('value += x[begin + c];')}
    values[partials + lane] = dot(value, vec4<f32>(1.0));
    ${sumOf('values', 'whole')}
    let mean = whole / width;
    var square = vec4<f32>(0.0);
    ${loop('let off = x[begin + c] - mean; square += off * off;')}
    squares[partials + lane] = dot(square, vec4<f32>(1.0));
    ${sumOf('squares', 'variance')}
    let scale = inverseSqrt(variance / width + uniforms.eps);
    var sum = vec4<f32>(0.0);
    var product = vec4<f32>(0.0);
    ${loop(`
      let weighted = above[begin + c] * gain[c];
      sum += weighted;
      product += weighted * ((x[begin + c] - mean) * scale);`)}
    sums[partials + lane] = dot(sum, vec4<f32>(1.0));
    products[partials + lane] = dot(product, vec4<f32>(1.0));
    ${sumOf('sums', 'total')}
    var along = 0.0;
    for (var i = 0; i < ${workgroup.lanes}; i++) { along += products[partials + i]; }
    if (own >= rows) { return; }
    if (lane == 0) {
      statistics[2 * row] = mean;
      statistics[2 * row + 1] = scale;
    }
    let meanWeighted = total / width;
    let meanAlong = along / width;
    ${loop(`
      let standardised = (x[begin + c] - mean) * scale;
      result[begin + c] = scale * (above[begin + c] * gain[c] - meanWeighted - standardised * meanAlong)${
        hasResidual ? ' + residual[begin + c]' : ''
      };`)}
  }`;

/** The gradient of LayerNorm's input, shape [rows, C], and mean and 1 / √(variance + eps) of each row, shape [rows, 2]. */
export const layerNormGradientKernel = definePairKernel<GradientInputs, { eps: number }>(
  'DinoscopeLayerNormGradient',
  ({ x, gain, above, residual }, { eps }): PairDispatch => {
    const [rows = 0] = x.shape;
    const hasResidual = residual !== undefined;
    return {
      second: { name: 'statistics', shape: [rows, 2], components: 1 },
      program: {
        variableNames: ['x', 'gain', 'above', ...(hasResidual ? ['residual'] : [])],
        variableComponents: [4, 4, 4, ...(hasResidual ? [4] : [])],
        outputComponent: 4,
        outputShape: [...x.shape],
        dispatchLayout: { x: [1], y: [0] },
        dispatch: [1, Math.ceil(rows / workgroup.rows), 1],
        workgroupSize: [workgroup.lanes, workgroup.rows, 1],
        uniforms: 'eps : f32,',
        shaderKey: `dinoscope-layer-norm-gradient-${hasResidual}`,
        getUserCode: () => gradientCode(hasResidual),
      },
      inputs: [x, gain, above, ...(hasResidual ? [residual] : [])],
      uniforms: [float32(eps)],
    };
  },
);
