/** The gradient of LayerNorm: two dispatches for its input, and `column-sums` for gain and bias. */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, float32 } from './define-kernel.ts';

interface GradientInputs {
  /** shape [rows, C]; C a multiple of 4 */
  readonly x: tf.TensorInfo;
  /** shape [C] */
  readonly gain: tf.TensorInfo;
  /** Gradient of the layer's result, shape [rows, C]. */
  readonly above: tf.TensorInfo;
  /** Result of `rowStatisticsKernel`, shape [rows, 2]. */
  readonly statistics: tf.TensorInfo;
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

const statisticsCode = `
  ${shared('sums')}
  ${shared('squares')}
  fn main() {
    ${setup('xShape')}
    var sum = vec4<f32>(0.0);
    ${loop('sum += x[begin + c];')}
    sums[partials + lane] = dot(sum, vec4<f32>(1.0));
    ${sumOf('sums', 'total')}
    let mean = total / width;
    var square = vec4<f32>(0.0);
    ${loop('let off = x[begin + c] - mean; square += off * off;')}
    squares[partials + lane] = dot(square, vec4<f32>(1.0));
    ${sumOf('squares', 'variance')}
    if (lane > 0 || own >= rows) { return; }
    result[2 * row] = mean;
    result[2 * row + 1] = inverseSqrt(variance / width + uniforms.eps);
  }`;

/** scale × (w − mean(w) − x̂ mean(w x̂)) with w = above × gain */
const gradientCode = (hasResidual: boolean): string => `
  ${shared('sums')}
  ${shared('products')}
  fn main() {
    ${setup('xShape')}
    let mean = statistics[2 * row];
    let scale = statistics[2 * row + 1];
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
    let meanWeighted = total / width;
    let meanAlong = along / width;
    ${loop(`
      let standardised = (x[begin + c] - mean) * scale;
      result[begin + c] = scale * (above[begin + c] * gain[c] - meanWeighted - standardised * meanAlong)${
        hasResidual ? ' + residual[begin + c]' : ''
      };`)}
  }`;

const layout = (
  rows: number,
): Pick<
  ReturnType<Parameters<typeof defineKernel>[1]>['program'],
  'dispatchLayout' | 'dispatch' | 'workgroupSize'
> => ({
  dispatchLayout: { x: [1], y: [0] },
  dispatch: [1, Math.ceil(rows / workgroup.rows), 1],
  workgroupSize: [workgroup.lanes, workgroup.rows, 1],
});

/** Mean and 1 / √(variance + eps) of each row, shape [rows, 2]. */
export const rowStatisticsKernel = defineKernel<Pick<GradientInputs, 'x'>, { eps: number }>(
  'DinoscopeRowStatistics',
  ({ x }, { eps }) => {
    const rows = x.shape[0] ?? 0;
    return {
      program: {
        variableNames: ['x'],
        variableComponents: [4],
        outputComponent: 1,
        outputShape: [rows, 2],
        ...layout(rows),
        uniforms: 'eps : f32,',
        shaderKey: 'dinoscope-row-statistics',
        getUserCode: () => statisticsCode,
      },
      inputs: [x],
      uniforms: [float32(eps)],
    };
  },
);

/** The gradient of LayerNorm's input, shape [rows, C]. */
export const layerNormGradientKernel = defineKernel<GradientInputs, object>(
  'DinoscopeLayerNormGradient',
  ({ x, gain, above, statistics, residual }) => {
    const hasResidual = residual !== undefined;
    return {
      program: {
        variableNames: ['x', 'gain', 'above', 'statistics', ...(hasResidual ? ['residual'] : [])],
        variableComponents: [4, 4, 4, 1, ...(hasResidual ? [4] : [])],
        outputComponent: 4,
        outputShape: [...x.shape],
        ...layout(x.shape[0] ?? 0),
        shaderKey: `dinoscope-layer-norm-gradient-${hasResidual}`,
        getUserCode: () => gradientCode(hasResidual),
      },
      inputs: [x, gain, above, statistics, ...(hasResidual ? [residual] : [])],
      uniforms: [],
    };
  },
);
