/**
 * A row vector times the attention of all tokens, averaged over heads, without storing any row of that attention. Two
 * kernels similar to `attention`: the first loops over the keys and computes the sum of each query's exponentials; the
 * second loops over the queries and computes the sum for each key.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { queriesAtOnce } from './attention.ts';
import { defineKernel, float32, int32, unroll } from './define-kernel.ts';
import { fuseHeadsKernel } from './fuse-heads.ts';

interface Tokens {
  /** shape [T, C], each row with its heads side by side; the head width a multiple of 4 */
  readonly queries: tf.TensorInfo;
  /** shape [T, C] */
  readonly keys: tf.TensorInfo;
}

interface WeighInputs extends Tokens {
  /** shape [T, H] */
  readonly logSums: tf.TensorInfo;
  /** shape [1, T] */
  readonly weights: tf.TensorInfo;
}

const workgroupSize = 32;

interface Loop {
  /** The tokens that an invocation holds in registers (a few tokens of one head), and the tokens that it loops over. */
  readonly own: keyof Tokens;
  readonly others: keyof Tokens;
  /** WGSL for each own token `t`: before the loop, for each other token with `score`, and after the loop. */
  before(t: number): string;
  each(t: number): string;
  after(t: number): string;
}

/**
 * @param tile own tokens
 * @param vectors head width / 4
 */
function loopCode({ own, others, before, each, after }: Loop, tile: number, vectors: number): string {
  const tokens = (code: (t: number) => string): string => unroll(tile, code);
  const channels = (code: (i: number) => string): string => unroll(vectors, code);
  return `
  fn main() {
    let tokens = uniforms.${own}Shape.x;
    let channels = uniforms.${own}Shape.y / 4;
    let head = i32(workgroupId.y);
    let place = head * ${vectors};
    let first = i32(globalId.x) * ${tile};
    if (first >= tokens) { return; }
    ${tokens(
      (t) => `
    let at_${t} = min(first + ${t}, tokens - 1) * channels + place;
    ${channels((i) => `let own_${t}_${i} = ${own}[at_${t} + ${i}] * uniforms.scale;`)}
    ${before(t)}`,
    )}
    for (var other = 0; other < tokens; other++) {
      let there = other * channels + place;
      ${tokens((t) => `var score_${t} = 0.0;`)}
      ${channels(
        (i) => `
      let other_${i} = ${others}[there + ${i}];
      ${tokens((t) => `score_${t} += dot(own_${t}_${i}, other_${i});`)}`,
      )}
      ${tokens(each)}
    }
    ${tokens((t) => `if (first + ${t} < tokens) { let token = first + ${t}; ${after(t)} }`)}
  }`;
}

const logSumsLoop: Loop = {
  own: 'queries',
  others: 'keys',
  before: (t) => `var largest_${t} = -3.0e38; var total_${t} = 0.0;`,
  each: (t) => `
      let next_${t} = max(largest_${t}, score_${t});
      total_${t} = total_${t} * exp(largest_${t} - next_${t}) + exp(score_${t} - next_${t});
      largest_${t} = next_${t};`,
  after: (t) => `result[token * uniforms.heads + head] = largest_${t} + log(total_${t});`,
};

const weighLoop: Loop = {
  own: 'keys',
  others: 'queries',
  before: (t) => `var sum_${t} = 0.0;`,
  each: (t) => `sum_${t} += weights[other] * exp(score_${t} - logSums[other * uniforms.heads + head]);`,
  after: (t) => `result[head * tokens + token] = sum_${t};`,
};

/** The dispatch, common to both kernels. */
function planOf(
  tokens: number,
  channels: number,
  numHeads: number,
): {
  readonly tile: number;
  readonly vectors: number;
  readonly dispatch: [number, number, number];
  readonly uniforms: ReturnType<typeof int32>[];
} {
  const headWidth = channels / numHeads;
  const vectors = headWidth / 4;
  const tile = queriesAtOnce(tokens, numHeads, vectors);
  return {
    tile,
    vectors,
    dispatch: [Math.ceil(tokens / (tile * workgroupSize)), numHeads, 1],
    uniforms: [float32(headWidth ** -0.5), int32(numHeads)],
  };
}

/** shape [T, H]: the log of the sum of each query's exponentials. */
const rowLogSumsKernel = defineKernel<Tokens, { numHeads: number }>(
  'DinoscopeRowLogSums',
  ({ queries, keys }, { numHeads }) => {
    const [tokens = 0, channels = 0] = queries.shape;
    const { tile, vectors, dispatch, uniforms } = planOf(tokens, channels, numHeads);
    return {
      program: {
        variableNames: ['queries', 'keys'],
        variableComponents: [4, 4],
        outputComponent: 1,
        outputShape: [tokens, numHeads],
        dispatchLayout: { x: [0], y: [1] },
        dispatch,
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: 'scale : f32, heads : i32,',
        shaderKey: `dinoscope-row-log-sums-${tile}-${vectors}`,
        getUserCode: () => loopCode(logSumsLoop, tile, vectors),
      },
      inputs: [queries, keys],
      uniforms,
    };
  },
);

/** shape [H, T]: for each key, the weighted sum over all queries. */
const weighRowsKernel = defineKernel<WeighInputs, { numHeads: number }>(
  'DinoscopeWeighRows',
  ({ queries, keys, logSums, weights }, { numHeads }) => {
    const [tokens = 0, channels = 0] = keys.shape;
    const { tile, vectors, dispatch, uniforms } = planOf(tokens, channels, numHeads);
    return {
      program: {
        variableNames: ['queries', 'keys', 'logSums', 'weights'],
        variableComponents: [4, 4, 1, 1],
        outputComponent: 1,
        outputShape: [numHeads, tokens],
        dispatchLayout: { x: [1], y: [0] },
        dispatch,
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: 'scale : f32, heads : i32,',
        shaderKey: `dinoscope-weigh-rows-${tile}-${vectors}`,
        getUserCode: () => loopCode(weighLoop, tile, vectors),
      },
      inputs: [queries, keys, logSums, weights],
      uniforms,
    };
  },
);

export const weighRowsConfigs = [rowLogSumsKernel.config, weighRowsKernel.config] as const;

/**
 * weights · mean over heads of softmax(queries · keysᵀ / √D). Runs inside the caller's tidy.
 * @param weights shape [1, T] @param queries shape [T, C] @param keys shape [T, C] @returns shape [1, T]
 */
export function weighMeanRows(
  weights: tf.Tensor2D,
  queries: tf.Tensor2D,
  keys: tf.Tensor2D,
  numHeads: number,
): tf.Tensor2D {
  const logSums = rowLogSumsKernel.run({ queries, keys }, { numHeads });
  const rows = weighRowsKernel.run({ queries, keys, logSums, weights }, { numHeads });
  return numHeads === 1 ? rows : fuseHeadsKernel.run({ rows }, { numHeads, fusion: 'mean' });
}
