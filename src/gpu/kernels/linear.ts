/** A linear layer in one dispatch, with its bias and with the GELU or the residual sum that follows it. */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, int32, unroll } from './define-kernel.ts';

export interface LinearInputs {
  /** shape [≥ rows, in] */
  readonly x: tf.TensorInfo;
  /** shape [in, ≥ firstColumn + columns]; its width a multiple of 4 */
  readonly weight: tf.TensorInfo;
  /** shape [the weight's width] */
  readonly bias?: tf.TensorInfo;
  /** shape [rows, columns], added to the result */
  readonly residual?: tf.TensorInfo;
}

export interface LinearAttributes {
  /** Of x, from its first. */
  readonly rows: number;
  /** The part of the weight's columns that is computed; both multiples of 4. */
  readonly firstColumn: number;
  readonly columns: number;
  readonly activation: 'none' | 'gelu';
}

const workgroup = { x: 8, y: 8 };

/**
 * An invocation computes so many rows by four columns, and holds their sums in registers: eight rows where that leaves a
 * GPU enough invocations to be busy with, else four.
 */
function tileRows(rows: number, columns: number): number {
  const enoughInvocations = 4096;
  return (rows / 8) * (columns / 4) >= enoughInvocations ? 8 : 4;
}

/** Exact GELU by erf; Abramowitz and Stegun 7.1.26, whose error is at most 1.5e-7. */
const geluCode = `
  fn gelu(v: vec4<f32>) -> vec4<f32> {
    let z = v * ${Math.SQRT1_2};
    let a = abs(z);
    let t = 1.0 / (1.0 + 0.3275911 * a);
    let polynomial = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
    return 0.5 * v * (1.0 + sign(z) * (1.0 - polynomial * exp(-a * a)));
  }`;

/**
 * No shared memory and no barrier: an invocation reads its rows of x and one vector of columns, and the caches do the rest.
 * On SwiftShader that is three to nine times as fast as tiles in shared memory, on lavapipe twice (docs/adr/0006).
 * Rows of x whose width is no multiple of 4 are read value by value (`step`): patches of an odd side have such.
 * Products are not written as fma(), which SwiftShader computes slowly; GPUs fuse them by themselves.
 */
function linearCode(
  tile: number,
  step: number,
  hasBias: boolean,
  hasResidual: boolean,
  activation: LinearAttributes['activation'],
): string {
  const rows = (code: (row: number) => string): string => unroll(tile, code);
  const finished = (row: number): string =>
    (activation === 'gelu' ? `gelu(sum_${row})` : `sum_${row}`) + (hasResidual ? ' + residual[to]' : '');
  return `
  ${activation === 'gelu' ? geluCode : ''}
  fn main() {
    let rows = uniforms.outShape.x;
    let vectors = uniforms.outShape.y / 4;
    let depth = uniforms.xShape.y / ${step};
    let stride = uniforms.weightShape.y / 4;
    let row = i32(globalId.y) * ${tile};
    let column = i32(globalId.x);
    if (row >= rows || column >= vectors) { return; }
    var w = uniforms.firstColumn / 4 + column;
    ${rows((i) => `let from_${i} = min(row + ${i}, rows - 1) * depth;`)}
    ${rows((i) => `var sum_${i} = ${hasBias ? 'bias[w]' : 'vec4<f32>(0.0)'};`)}
    for (var k = 0; k < depth; k++) {
      ${rows((i) => `let x_${i} = x[from_${i} + k];`)}
      ${unroll(
        step,
        (component) => `{
        let weights = weight[w];
        ${rows((i) => `sum_${i} += x_${i}${step === 1 ? '' : `[${component}]`} * weights;`)}
        w += stride;
      }`,
      )}
    }
    ${rows(
      (i) => `if (row + ${i} < rows) {
      let to = (row + ${i}) * vectors + column;
      result[to] = ${finished(i)};
    }`,
    )}
  }`;
}

/** activation(x · weight + bias) + residual over a part of x's rows and the weight's columns, shape [rows, columns]. */
export const linearKernel = defineKernel<LinearInputs, LinearAttributes>(
  'DinoscopeLinear',
  ({ x, weight, bias, residual }, { rows, firstColumn, columns, activation }) => {
    const tile = tileRows(rows, columns);
    const step = (x.shape[1] ?? 0) % 4 === 0 ? 4 : 1;
    const names = ['x', 'weight'];
    const inputs = [x, weight];
    if (bias !== undefined) {
      names.push('bias');
      inputs.push(bias);
    }
    if (residual !== undefined) {
      names.push('residual');
      inputs.push(residual);
    }
    return {
      program: {
        variableNames: names, // part of tfjs's key: what is optional among them need not be in ours
        variableComponents: names.map((name) => (name === 'x' ? step : 4)),
        outputComponent: 4,
        outputShape: [rows, columns],
        dispatchLayout: { x: [1], y: [0] },
        dispatch: [Math.ceil(columns / (4 * workgroup.x)), Math.ceil(rows / (tile * workgroup.y)), 1],
        workgroupSize: [workgroup.x, workgroup.y, 1],
        uniforms: 'firstColumn : i32,',
        shaderKey: `dinoscope-linear-${tile}-${step}-${activation}`,
        getUserCode: () => linearCode(tile, step, bias !== undefined, residual !== undefined, activation),
      },
      inputs,
      uniforms: [int32(firstColumn)],
    };
  },
);
