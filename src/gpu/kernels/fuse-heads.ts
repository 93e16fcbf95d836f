/**
 * Combines the attention rows of all heads into one. tfjs would first transpose the heads to the last axis and then use
 * one workgroup for each few numbers.
 */
import type * as tf from '@tensorflow/tfjs-core';
import type { Fusion } from '../../core/rollout-options.ts';
import { defineKernel } from './define-kernel.ts';

interface FuseHeadsInputs {
  /** shape [H × Q, T], a head's queries one after the other */
  readonly rows: tf.TensorInfo;
}

const workgroup = { x: 64, y: 1 };

const steps: Readonly<Record<Fusion, string>> = {
  mean: 'fused += value;',
  max: 'fused = max(fused, value);',
  min: 'fused = min(fused, value);',
};

const code = (fusion: Fusion): string => `
  fn main() {
    let tokens = uniforms.outShape.y;
    let token = i32(globalId.x);
    if (token >= tokens) { return; }
    let headSize = uniforms.outShape.x * tokens;
    let end = uniforms.rowsShape.x * tokens;
    let first = i32(globalId.y) * tokens + token;
    var fused = rows[first];
    for (var at = first + headSize; at < end; at += headSize) {
      let value = rows[at];
      ${steps[fusion]}
    }
    result[first] = fused${fusion === 'mean' ? ' * f32(headSize) / f32(end)' : ''};
  }`;

/** @returns mean, max or min over heads, shape [Q, T] */
export const fuseHeadsKernel = defineKernel<FuseHeadsInputs, { numHeads: number; fusion: Fusion }>(
  'DinoscopeFuseHeads',
  ({ rows }, { numHeads, fusion }) => {
    const [count = 0, tokens = 0] = rows.shape;
    const queries = count / numHeads;
    return {
      program: {
        variableNames: ['rows'],
        variableComponents: [1],
        outputComponent: 1,
        outputShape: [queries, tokens],
        dispatchLayout: { x: [1], y: [0] },
        dispatch: [Math.ceil(tokens / workgroup.x), queries, 1],
        workgroupSize: [workgroup.x, workgroup.y, 1],
        shaderKey: `dinoscope-fuse-heads-${fusion}`,
        getUserCode: () => code(fusion),
      },
      inputs: [rows],
      uniforms: [],
    };
  },
);
