/** What CLS looks at: the softmax of one query against all keys, every head in one dispatch. */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, float32 } from './define-kernel.ts';

export interface ClsRowsInputs {
  /** shape [1, C]: CLS's query, its heads beside each other; the head width a multiple of 4 */
  readonly query: tf.TensorInfo;
  /** shape [T, C] */
  readonly keys: tf.TensorInfo;
}

const workgroupSize = 64;

/**
 * A workgroup takes a head, its invocations every 64th key. Scores wait in the result, where an invocation reads back only
 * what it wrote itself. As in LayerNorm, each adds up all partial results by itself to save barriers.
 */
const code = `
  var<workgroup> maxima: array<f32, ${workgroupSize}>;
  var<workgroup> sums: array<f32, ${workgroupSize}>;
  fn main(index: i32) {
    let tokens = uniforms.outShape.y;
    let channels = uniforms.keysShape.y / 4;
    let vectors = channels / uniforms.outShape.x;
    let lane = i32(localIndex);
    let head = i32(workgroupId.x);
    let row = head * tokens;
    var largest = -3.0e38;
    for (var token = lane; token < tokens; token += ${workgroupSize}) {
      var score = 0.0;
      for (var i = head * vectors; i < (head + 1) * vectors; i++) {
        score += dot(query[i], keys[token * channels + i]);
      }
      score *= uniforms.scale;
      result[row + token] = score;
      largest = max(largest, score);
    }
    maxima[lane] = largest;
    workgroupBarrier();
    for (var i = 0; i < ${workgroupSize}; i++) { largest = max(largest, maxima[i]); }
    var sum = 0.0;
    for (var token = lane; token < tokens; token += ${workgroupSize}) {
      let weight = exp(result[row + token] - largest);
      result[row + token] = weight;
      sum += weight;
    }
    sums[lane] = sum;
    workgroupBarrier();
    var total = 0.0;
    for (var i = 0; i < ${workgroupSize}; i++) { total += sums[i]; }
    for (var token = lane; token < tokens; token += ${workgroupSize}) { result[row + token] /= total; }
  }`;

/** softmax(query · keysᵀ / √D) of every head, shape [H, T]. */
export const clsRowsKernel = defineKernel<ClsRowsInputs, { numHeads: number }>(
  'DinoscopeClsRows',
  ({ query, keys }, { numHeads }) => {
    const [tokens = 0, channels = 0] = keys.shape;
    return {
      program: {
        variableNames: ['query', 'keys'],
        variableComponents: [4, 4],
        outputComponent: 1,
        outputShape: [numHeads, tokens],
        dispatchLayout: { x: [0] },
        dispatch: [numHeads, 1, 1],
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: 'scale : f32,',
        shaderKey: 'dinoscope-cls-rows',
        getUserCode: () => code,
      },
      inputs: [query, keys],
      uniforms: [float32((channels / numHeads) ** -0.5)],
    };
  },
);
