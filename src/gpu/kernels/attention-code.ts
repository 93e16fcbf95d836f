/** The WGSL of self-attention, in its variants. They are timed on a GPU to choose one (time-kernels). */
import { unroll } from './define-kernel.ts';
import { subgroupTop } from './linear-loops.ts';

export interface AttentionVariant {
  /** How many an invocation takes. */
  readonly queries: 1 | 2 | 4 | 8;
  /**
   * Read: every invocation reads each key and value itself, as all others do at the same time. Passed: each lane of a subgroup
   * reads another key and its value, and passes them to the others; needs the device feature 'subgroups'.
   */
  readonly keys: 'read' | 'passed';
}

export const attentionName = ({ queries, keys }: AttentionVariant): string => `${keys}-${queries}`;

/**
 * Keys processed together. Where they are read and the queries are few, more than one gains little on SwiftShader, and compiling takes two
 * to three times as long.
 */
const keysAtOnce = ({ queries, keys }: AttentionVariant): number =>
  keys === 'passed' || queries >= 4 ? 4 : 1;

const all = (count: number, join: string, code: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => code(index)).join(join);

/** The keys that are processed together in one step of the loop, as WGSL. */
interface Step {
  /** Number of keys. */
  readonly span: number;
  /** What comes before their use: the addresses. */
  readonly begin: string;
  key(vector: number, key: number): string;
  value(vector: number, key: number): string;
  /** Whether there is this key; the first always is. */
  isThere(key: number): string;
}

/**
 * What a step does for all queries: scores, weights, and the weighted sums of values. The sums, which may not fit into registers, are read
 * and scaled once for all keys of the step.
 */
function stepCode(tile: number, vectors: number, { span, begin, key, value, isThere }: Step): string {
  const queries = (code: (query: number) => string): string => unroll(tile, code);
  const keys = (code: (key: number) => string): string => unroll(span, code);
  const channelsOf = (code: (vector: number) => string): string => unroll(vectors, code);
  return `
      ${begin}
      ${queries((q) => keys((k) => `var score_${q}_${k} = 0.0;`))}
      ${channelsOf(
        (i) => `
      ${keys((k) => `let k_${i}_${k} = ${key(i, k)};`)}
      ${queries((q) => keys((k) => `score_${q}_${k} += dot(q_${q}_${i}, k_${i}_${k});`))}`,
      )}
      ${unroll(
        span - 1,
        (k) => `let isThere_${k + 1} = ${isThere(k + 1)};
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
      ${keys((k) => `let v_${i}_${k} = ${value(i, k)};`)}
      ${queries((q) => `mixed_${q}_${i} = mixed_${q}_${i} * shrink_${q} + ${all(span, ' + ', (k) => `weight_${q}_${k} * v_${i}_${k}`)};`)}`,
      )}`;
}

/** The loop over all keys where each is read by every invocation. */
function readLoop(tile: number, vectors: number, span: number): string {
  const step = stepCode(tile, vectors, {
    span,
    begin: unroll(span, (k) => `let key_${k} = min(token + ${k}, tokens - 1) * stride + channels + head;`),
    key: (i, k) => `qkv[key_${k} + ${i}]`,
    value: (i, k) => `qkv[key_${k} + channels + ${i}]`,
    isThere: (k) => `token + ${k} < tokens`,
  });
  return `for (var token = 0; token < tokens; token += ${span}) {${step}
    }`;
}

/**
 * The same where each lane reads one key, so that together they read as many as there are lanes. The subgroup's size is asked for at run
 * time, so any size works. A driver that computes on the processor reads each lane's numbers one by one, and has fewer to read so.
 */
function passedLoop(tile: number, vectors: number, span: number): string {
  const step = stepCode(tile, vectors, {
    span,
    begin: unroll(span, (k) => `let from_${k} = u32(min(token + ${k}, count - 1));`),
    key: (i, k) => `subgroupShuffle(ownKey_${i}, from_${k})`,
    value: (i, k) => `subgroupShuffle(ownValue_${i}, from_${k})`,
    isThere: (k) => `token + ${k} < count`,
  });
  return `
    let size = i32(subgroupAdd(1u));
    let lane = i32(subgroupExclusiveAdd(1u));
    for (var begin = 0; begin < tokens; begin += size) {
      let own = min(begin + lane, tokens - 1) * stride + channels + head;
      ${unroll(vectors, (i) => `let ownKey_${i} = qkv[own + ${i}];`)}
      ${unroll(vectors, (i) => `let ownValue_${i} = qkv[own + channels + ${i}];`)}
      let count = min(size, tokens - begin);
      for (var token = 0; token < count; token += ${span}) {${step}
      }
    }`;
}

/**
 * An invocation takes a few queries of one head and loops over all keys. It keeps the queries and their weighted sums of
 * values in registers, so the code is generated for one head width. `largest` is a query's greatest score so far;
 * whenever it grows, the sums so far are scaled down by the same factor. Where keys are passed no invocation returns
 * early, since the others read values from it.
 * @param vectors head width / 4
 */
export function attentionCode(variant: AttentionVariant, vectors: number): string {
  const { queries: tile, keys } = variant;
  const queries = (code: (query: number) => string): string => unroll(tile, code);
  const channelsOf = (code: (vector: number) => string): string => unroll(vectors, code);
  const loop = keys === 'read' ? readLoop : passedLoop;
  return `
  ${keys === 'passed' ? subgroupTop : ''}
  fn main() {
    let tokens = uniforms.outShape.x;
    let channels = uniforms.outShape.y / 4;
    let stride = 3 * channels;
    let head = i32(workgroupId.y) * ${vectors};
    let first = i32(globalId.x) * ${tile};
    ${keys === 'read' ? 'if (first >= tokens) { return; }' : ''}
    ${queries(
      (q) => `
    let query_${q} = min(first + ${q}, tokens - 1);
    ${channelsOf((i) => `let q_${q}_${i} = qkv[query_${q} * stride + head + ${i}] * uniforms.scale;`)}
    ${channelsOf((i) => `var mixed_${q}_${i} = vec4<f32>(0.0);`)}
    var largest_${q} = -3.0e38;
    var total_${q} = 0.0;`,
    )}
    ${loop(tile, vectors, keysAtOnce(variant))}
    ${queries(
      (q) => `
    if (first + ${q} < tokens) {
      let to = (first + ${q}) * channels + head;
      ${channelsOf((i) => `result[to + ${i}] = mixed_${q}_${i} / total_${q};`)}
    }`,
    )}
  }`;
}
