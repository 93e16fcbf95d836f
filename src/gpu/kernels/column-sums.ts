/**
 * Sums over the rows of a matrix: the gradients of biases, and, with LayerNorm's standardised input, the gradient of its
 * gain.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, definePairKernel, type Dispatch } from './define-kernel.ts';
import { written } from './shader-top.ts';

interface ColumnSumInputs {
  /** shape [rows, columns]; columns a multiple of 4 */
  readonly x: tf.TensorInfo;
}

interface StandardisedInputs extends ColumnSumInputs {
  /** x is multiplied by the standardised values of this tensor, shape [rows, columns]. */
  readonly other: tf.TensorInfo;
  /** Mean and 1 / deviation of each row of `other`, shape [rows, 2]. */
  readonly statistics: tf.TensorInfo;
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

/** @param isStandardised whether the sums of the products come first, and those of x second */
const code = (isStandardised: boolean): string => `
  ${isStandardised ? written('plain') : ''}
  var<workgroup> sums: array<vec4<f32>, ${workgroup.columns * workgroup.lanes}>;
  ${isStandardised ? `var<workgroup> plainSums: array<vec4<f32>, ${workgroup.columns * workgroup.lanes}>;` : ''}
  fn main(index: i32) {
    let rows = uniforms.xShape.x;
    let vectors = uniforms.xShape.y / 4;
    let group = i32(workgroupId.x + workgroupId.y * numWorkgroups.x);
    let column = group * ${workgroup.columns} + i32(localId.x);
    let lane = i32(localId.y);
    var sum = vec4<f32>(0.0);
    ${isStandardised ? 'var plainSum = vec4<f32>(0.0);' : ''}
    if (column < vectors) {
      for (var row = lane; row < rows; row += ${workgroup.lanes}) {
        let at = row * vectors + column;
        ${
          isStandardised
            ? `sum += x[at] * (other[at] - statistics[2 * row]) * statistics[2 * row + 1];
        plainSum += x[at];`
            : 'sum += x[at];'
        }
      }
    }
    let own = lane * ${workgroup.columns} + i32(localId.x);
    sums[own] = sum;
    ${isStandardised ? 'plainSums[own] = plainSum;' : ''}
    workgroupBarrier();
    if (lane > 0 || column >= vectors) { return; }
    for (var i = 1; i < ${workgroup.lanes}; i++) {
      let at = i * ${workgroup.columns} + i32(localId.x);
      sum += sums[at];
      ${isStandardised ? 'plainSum += plainSums[at];' : ''}
    }
    result[column] = sum;
    ${isStandardised ? 'plain[column] = plainSum;' : ''}
  }`;

function planOf(
  columns: number,
  mostGroups: number,
  isStandardised: boolean,
): Pick<
  Dispatch['program'],
  | 'outputComponent'
  | 'outputShape'
  | 'dispatchLayout'
  | 'dispatch'
  | 'workgroupSize'
  | 'shaderKey'
  | 'getUserCode'
> {
  const groups = Math.ceil(columns / (4 * workgroup.columns));
  // Gradients of positions are sums over crops, with a column for each channel of each token. For large crops they need
  // more than one dimension.
  const across = Math.min(groups, mostGroups);
  return {
    outputComponent: 4,
    outputShape: [1, columns],
    dispatchLayout: { x: [1] },
    dispatch: [across, Math.ceil(groups / across), 1],
    workgroupSize: [workgroup.columns, workgroup.lanes, 1],
    shaderKey: `dinoscope-column-sums-${isStandardised}`,
    getUserCode: () => code(isStandardised),
  };
}

/** Shape [1, columns]. */
export const columnSumsKernel = defineKernel<ColumnSumInputs, ColumnSumAttributes>(
  'DinoscopeColumnSums',
  ({ x }, { mostGroups = usualMostGroups }) => ({
    program: {
      variableNames: ['x'],
      variableComponents: [4],
      ...planOf(x.shape[1] ?? 0, mostGroups, false),
    },
    inputs: [x],
    uniforms: [],
  }),
);

/** The sums of x times the standardised values, and of x alone; each of shape [1, columns]. */
export const standardisedSumsKernel = definePairKernel<StandardisedInputs, object>(
  'DinoscopeStandardisedSums',
  ({ x, other, statistics }) => {
    const [, columns = 0] = x.shape;
    return {
      second: { name: 'plain', shape: [1, columns], components: 4 },
      program: {
        variableNames: ['x', 'other', 'statistics'],
        variableComponents: [4, 4, 1],
        ...planOf(columns, usualMostGroups, true),
      },
      inputs: [x, other, statistics],
      uniforms: [],
    };
  },
);
