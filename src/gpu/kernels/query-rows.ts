/**
 * The attention of a few tokens, usually CLS: the softmax of their queries against all keys, for every head in one
 * dispatch.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, float32 } from './define-kernel.ts';

export interface QueryRowsInputs {
  /** shape [Q, C]: the queries, each with its heads side by side; the head width a multiple of 4 */
  readonly queries: tf.TensorInfo;
  /** shape [T, C] */
  readonly keys: tf.TensorInfo;
}

const workgroupSize = 64;

/**
 * A workgroup takes one query of a head, and each of its invocations takes every 64th key. The scores are stored in the
 * result, where an invocation reads back only its own. As in LayerNorm, each invocation adds up all partial results
 * itself to save barriers.
 */
const code = `
  var<workgroup> maxima: array<f32, ${workgroupSize}>;
  var<workgroup> sums: array<f32, ${workgroupSize}>;
  fn main(index: i32) {
    let tokens = uniforms.outShape.y;
    let channels = uniforms.keysShape.y / 4;
    let queryCount = uniforms.queriesShape.x;
    let vectors = channels * queryCount / uniforms.outShape.x;
    let lane = i32(localIndex);
    let head = i32(workgroupId.x) / queryCount;
    let query = i32(workgroupId.x) % queryCount * channels;
    let row = i32(workgroupId.x) * tokens;
    var largest = -3.0e38;
    for (var token = lane; token < tokens; token += ${workgroupSize}) {
      var score = 0.0;
      for (var i = head * vectors; i < (head + 1) * vectors; i++) {
        score += dot(queries[query + i], keys[token * channels + i]);
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

/** softmax(queries · keysᵀ / √D) of every head, shape [H × Q, T]: a head's queries one after the other. */
export const queryRowsKernel = defineKernel<QueryRowsInputs, { numHeads: number }>(
  'DinoscopeQueryRows',
  ({ queries, keys }, { numHeads }) => {
    const [queryCount = 0] = queries.shape;
    const [tokens = 0, channels = 0] = keys.shape;
    const rows = numHeads * queryCount;
    return {
      program: {
        variableNames: ['queries', 'keys'],
        variableComponents: [4, 4],
        outputComponent: 1,
        outputShape: [rows, tokens],
        dispatchLayout: { x: [0] },
        dispatch: [rows, 1, 1],
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: 'scale : f32,',
        shaderKey: 'dinoscope-query-rows',
        getUserCode: () => code,
      },
      inputs: [queries, keys],
      uniforms: [float32((channels / numHeads) ** -0.5)],
    };
  },
);
