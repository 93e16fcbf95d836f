/**
 * Sums over the rows of a matrix: the gradients of biases, and, with LayerNorm's standardised input, the gradient of its
 * gain.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel } from './define-kernel.ts';

interface ColumnSumInputs {
  /** shape [rows, columns]; columns a multiple of 4 */
  readonly x: tf.TensorInfo;
  /** If given, x is multiplied by the standardised values of this tensor, shape [rows, columns]. */
  readonly other?: tf.TensorInfo;
  /** Mean and 1 / deviation of each row of `other`, shape [rows, 2]. */
  readonly statistics?: tf.TensorInfo;
}

/**
 * Size of a workgroup: the number of vectors of four columns, and the number of invocations that share the rows of each.
 */
const workgroup = { columns: 8, lanes: 32 };

interface ColumnSumAttributes {
  /** Workgroups in one dimension of a dispatch, where they are not the usual ones. */
  readonly mostGroups?: number;
}

/** Workgroups in one dimension of a dispatch: WebGPU's default limit. */
export const usualMostGroups = 65_535;

const code = (isStandardised: boolean): string => `
  var<workgroup> sums: array<vec4<f32>, ${workgroup.columns * workgroup.lanes}>;
  fn main(index: i32) {
    let rows = uniforms.xShape.x;
    let vectors = uniforms.xShape.y / 4;
    let group = i32(workgroupId.x + workgroupId.y * numWorkgroups.x);
    let column = group * ${workgroup.columns} + i32(localId.x);
    let lane = i32(localId.y);
    var sum = vec4<f32>(0.0);
    if (column < vectors) {
      for (var row = lane; row < rows; row += ${workgroup.lanes}) {
        let at = row * vectors + column;
        sum += x[at]${isStandardised ? ' * (other[at] - statistics[2 * row]) * statistics[2 * row + 1]' : ''};
      }
    }
    sums[lane * ${workgroup.columns} + i32(localId.x)] = sum;
    workgroupBarrier();
    if (lane > 0 || column >= vectors) { return; }
    for (var i = 1; i < ${workgroup.lanes}; i++) { sum += sums[i * ${workgroup.columns} + i32(localId.x)]; }
    result[column] = sum;
  }`;

/** Shape [1, columns]. */
export const columnSumsKernel = defineKernel<ColumnSumInputs, ColumnSumAttributes>(
  'DinoscopeColumnSums',
  ({ x, other, statistics }, { mostGroups = usualMostGroups }) => {
    const columns = x.shape[1] ?? 0;
    const isStandardised = other !== undefined && statistics !== undefined;
    const groups = Math.ceil(columns / (4 * workgroup.columns));
    // Gradients of positions are sums over crops, with a column for each channel of each token. For large crops they need
    // more than one dimension.
    const across = Math.min(groups, mostGroups);
    return {
      program: {
        variableNames: isStandardised ? ['x', 'other', 'statistics'] : ['x'],
        variableComponents: isStandardised ? [4, 4, 1] : [4],
        outputComponent: 4,
        outputShape: [1, columns],
        dispatchLayout: { x: [1] },
        dispatch: [across, Math.ceil(groups / across), 1],
        workgroupSize: [workgroup.columns, workgroup.lanes, 1],
        shaderKey: `dinoscope-column-sums-${isStandardised}`,
        getUserCode: () => code(isStandardised),
      },
      inputs: isStandardised ? [x, other, statistics] : [x],
      uniforms: [],
    };
  },
);
