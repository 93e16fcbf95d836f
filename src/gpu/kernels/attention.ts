/**
 * Self-attention of all tokens in one dispatch that never stores a T × T matrix: online softmax (Milakov and Gimelshein,
 * 2018).
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, float32, unroll } from './define-kernel.ts';
import { tuningOf } from './tuning.ts';

export interface AttentionInputs {
  /** shape [T, 3C]: q, k and v side by side, each with its heads side by side; the head width a multiple of 4 */
  readonly qkv: tf.TensorInfo;
}

const workgroupSize = 32;

/**
 * Queries an invocation. Each key and value is read once for all of them, so this is as many as fit into registers and
 * still leave enough invocations to keep a GPU busy. With four, SwiftShader is more than twice as fast as with one.
 * @param vectors head width / 4
 */
export function queriesAtOnce(tokens: number, numHeads: number, vectors: number): number {
  const enoughInvocations = 512;
  const mostVectors = 32;
  const fits = (queries: number): boolean =>
    (tokens * numHeads) / queries >= enoughInvocations && queries * vectors <= mostVectors;
  return [4, 2].find(fits) ?? 1;
}

/**
 * Keys processed together. With few queries this gains little on SwiftShader, and compiling takes two to three times as
 * long.
 */
const keysAtOnce = (tile: number): number => (tile >= 4 ? 4 : 1);

/**
 * An invocation takes a few queries of one head and loops over all keys. It keeps the queries and their weighted sums of
 * values in registers, so the code is generated for one head width. `largest` is a query's greatest score so far;
 * whenever it grows, the sums so far are scaled down by the same factor. A few keys are processed together: the sums,
 * which may not fit into registers, are then read and scaled once for all of these keys.
 * @param tile queries an invocation
 * @param vectors head width / 4
 */
function attentionCode(tile: number, vectors: number): string {
  const span = keysAtOnce(tile);
  const queries = (code: (query: number) => string): string => unroll(tile, code);
  const keys = (code: (key: number) => string): string => unroll(span, code);
  const channelsOf = (code: (vector: number) => string): string => unroll(vectors, code);
  const all = (count: number, join: string, code: (index: number) => string): string =>
    Array.from({ length: count }, (_, index) => code(index)).join(join);
  return `
  fn main() {
    let tokens = uniforms.outShape.x;
    let channels = uniforms.outShape.y / 4;
    let stride = 3 * channels;
    let head = i32(workgroupId.y) * ${vectors};
    let first = i32(globalId.x) * ${tile};
    if (first >= tokens) { return; }
    ${queries(
      (q) => `
    let query_${q} = min(first + ${q}, tokens - 1);
    ${channelsOf((i) => `let q_${q}_${i} = qkv[query_${q} * stride + head + ${i}] * uniforms.scale;`)}
    ${channelsOf((i) => `var mixed_${q}_${i} = vec4<f32>(0.0);`)}
    var largest_${q} = -3.0e38;
    var total_${q} = 0.0;`,
    )}
    for (var token = 0; token < tokens; token += ${span}) {
      ${keys((k) => `let key_${k} = min(token + ${k}, tokens - 1) * stride + channels + head;`)}
      ${queries((q) => keys((k) => `var score_${q}_${k} = 0.0;`))}
      ${channelsOf(
        (i) => `
      ${keys((k) => `let k_${i}_${k} = qkv[key_${k} + ${i}];`)}
      ${queries((q) => keys((k) => `score_${q}_${k} += dot(q_${q}_${i}, k_${i}_${k});`))}`,
      )}
      ${unroll(
        span - 1,
        (k) => `let isThere_${k + 1} = token + ${k + 1} < tokens;
      ${queries((q) => `score_${q}_${k + 1} = select(-3.0e38, score_${q}_${k + 1}, isThere_${k + 1});`)}`,
      )}
      ${queries(
        (q) => `
      var next_${q} = largest_${q};
      ${keys((k) => `next_${q} = max(next_${q}, score_${q}_${k});`)}
      let shrink_${q} = exp(largest_${q} - next_${q});
      ${keys((k) => `let weight_${q}_${k} = exp(score_${q}_${k} - next_${q});`)}
      largest_${q} = next_${q};
      total_${q} = total_${q} * shrink_${q} + ${all(span, ' + ', (k) => `weight_${q}_${k}`)};`,
      )}
      ${channelsOf(
        (i) => `
      ${keys((k) => `let v_${i}_${k} = qkv[key_${k} + channels + ${i}];`)}
      ${queries((q) => `mixed_${q}_${i} = mixed_${q}_${i} * shrink_${q} + ${all(span, ' + ', (k) => `weight_${q}_${k} * v_${i}_${k}`)};`)}`,
      )}
    }
    ${queries(
      (q) => `
    if (first + ${q} < tokens) {
      let to = (first + ${q}) * channels + head;
      ${channelsOf((i) => `result[to + ${i}] = mixed_${q}_${i} / total_${q};`)}
    }`,
    )}
  }`;
}

/** softmax(q · kᵀ / √D) · v of every head, with the heads side by side, shape [T, C]. */
export const attentionKernel = defineKernel<AttentionInputs, { numHeads: number }>(
  'DinoscopeAttention',
  ({ qkv }, { numHeads }, backend) => {
    const [tokens = 0, width = 0] = qkv.shape;
    const channels = width / 3;
    const headWidth = channels / numHeads;
    const vectors = headWidth / 4;
    const tile = tuningOf(backend).attentionQueries ?? queriesAtOnce(tokens, numHeads, vectors);
    return {
      program: {
        variableNames: ['qkv'],
        variableComponents: [4],
        outputComponent: 4,
        outputShape: [tokens, channels],
        dispatchLayout: { x: [0], y: [1] },
        dispatch: [Math.ceil(tokens / (tile * workgroupSize)), numHeads, 1],
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: 'scale : f32,',
        shaderKey: `dinoscope-attention-${tile}-${headWidth}`,
        getUserCode: () => attentionCode(tile, vectors),
      },
      inputs: [qkv],
      uniforms: [float32(headWidth ** -0.5)],
    };
  },
);
