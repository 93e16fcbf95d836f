/**
 * Self-attention for training: many short sequences in one matrix, forward and backward, both without a T × T matrix. The
 * backward pass recomputes each weight from the log-sum of its row (Dao et al., 2022).
 *
 * Sequences are stored one after the other: first those of `longTokens` tokens up to row `longRows`, then those of
 * `shortTokens`.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, float32, int32, unroll } from './define-kernel.ts';

export interface PackedAttributes {
  readonly numHeads: number;
  readonly longRows: number;
  readonly longTokens: number;
  /** 1 if there are no short sequences. */
  readonly shortTokens: number;
}

interface AttentionInputs {
  /** shape [rows, 3C]: q, k and v side by side, each with its heads side by side; the head width a multiple of 4 */
  readonly qkv: tf.TensorInfo;
}

interface StatisticsInputs extends AttentionInputs {
  /** Gradient of the mixed values, shape [rows, C]. */
  readonly above: tf.TensorInfo;
}

interface GradientInputs extends StatisticsInputs {
  /** Result of `attentionStatisticsKernel`, shape [rows, 2H]. */
  readonly statistics: tf.TensorInfo;
}

const workgroupSize = 32;

const packedUniforms = 'scale : f32, longRows : i32, longTokens : i32, shortTokens : i32, heads : i32,';

const uniformValues = (
  { numHeads, longRows, longTokens, shortTokens }: PackedAttributes,
  headWidth: number,
): ReturnType<typeof int32>[] => [
  float32(headWidth ** -0.5),
  int32(longRows),
  int32(longTokens),
  int32(shortTokens),
  int32(numHeads),
];

/** First row and end of the sequence that a row belongs to. */
const sequenceCode = `
  fn sequenceOf(row: i32) -> vec2<i32> {
    if (row < uniforms.longRows) {
      let first = row / uniforms.longTokens * uniforms.longTokens;
      return vec2<i32>(first, first + uniforms.longTokens);
    }
    let first = uniforms.longRows + (row - uniforms.longRows) / uniforms.shortTokens * uniforms.shortTokens;
    return vec2<i32>(first, first + uniforms.shortTokens);
  }`;

/** Common to all kernels here: an invocation takes one row of one head and holds its vectors in registers. */
const rowCode = (channelsFrom: string, vectors: number): string => `
    let row = i32(globalId.x);
    if (row >= uniforms.qkvShape.x) { return; }
    let head = i32(workgroupId.y);
    let channels = ${channelsFrom};
    let stride = 3 * channels;
    let place = head * ${vectors};
    let bounds = sequenceOf(row);`;

function forwardCode(vectors: number): string {
  const each = (code: (index: number) => string): string => unroll(vectors, code);
  return `
  ${sequenceCode}
  fn main() {
    ${rowCode('uniforms.outShape.y / 4', vectors)}
    ${each((i) => `let q_${i} = qkv[row * stride + place + ${i}] * uniforms.scale;`)}
    ${each((i) => `var mixed_${i} = vec4<f32>(0.0);`)}
    var largest = -3.0e38;
    var total = 0.0;
    for (var other = bounds.x; other < bounds.y; other++) {
      let key = other * stride + channels + place;
      var score = 0.0;
      ${each((i) => `score += dot(q_${i}, qkv[key + ${i}]);`)}
      let next = max(largest, score);
      let shrink = exp(largest - next);
      let weight = exp(score - next);
      largest = next;
      total = total * shrink + weight;
      ${each((i) => `mixed_${i} = mixed_${i} * shrink + weight * qkv[key + channels + ${i}];`)}
    }
    ${each((i) => `result[row * channels + place + ${i}] = mixed_${i} / total;`)}
  }`;
}

/** For each row and head: the log of the sum of exponentials, and the mean gradient of the row's weights. */
function statisticsCode(vectors: number): string {
  const each = (code: (index: number) => string): string => unroll(vectors, code);
  return `
  ${sequenceCode}
  fn main() {
    ${rowCode('uniforms.aboveShape.y / 4', vectors)}
    ${each((i) => `let q_${i} = qkv[row * stride + place + ${i}] * uniforms.scale;`)}
    ${each((i) => `let above_${i} = above[row * channels + place + ${i}];`)}
    var largest = -3.0e38;
    var total = 0.0;
    var weighted = 0.0;
    for (var other = bounds.x; other < bounds.y; other++) {
      let key = other * stride + channels + place;
      var score = 0.0;
      var gradient = 0.0;
      ${each((i) => `score += dot(q_${i}, qkv[key + ${i}]);`)}
      ${each((i) => `gradient += dot(above_${i}, qkv[key + channels + ${i}]);`)}
      let next = max(largest, score);
      let shrink = exp(largest - next);
      let weight = exp(score - next);
      largest = next;
      total = total * shrink + weight;
      weighted = weighted * shrink + weight * gradient;
    }
    let to = (row * uniforms.heads + head) * 2;
    result[to] = largest + log(total);
    result[to + 1] = weighted / total;
  }`;
}

/**
 * A workgroup computes the gradient of either q, k or v, selected by its z: all three at once would not fit into
 * registers.
 */
function gradientCode(vectors: number): string {
  const each = (code: (index: number) => string): string => unroll(vectors, code);
  const write = (part: number, factor: string): string =>
    each((i) => `result[row * stride + ${part} * channels + place + ${i}] = sum_${i}${factor};`);
  return `
  ${sequenceCode}
  fn main() {
    ${rowCode('uniforms.aboveShape.y / 4', vectors)}
    let own = row * stride + place;
    ${each((i) => `var sum_${i} = vec4<f32>(0.0);`)}
    if (workgroupId.z == 0u) {
      ${each((i) => `let q_${i} = qkv[own + ${i}] * uniforms.scale;`)}
      ${each((i) => `let above_${i} = above[row * channels + place + ${i}];`)}
      let at = (row * uniforms.heads + head) * 2;
      let logSum = statistics[at];
      let mean = statistics[at + 1];
      for (var other = bounds.x; other < bounds.y; other++) {
        let key = other * stride + channels + place;
        var score = 0.0;
        var gradient = 0.0;
        ${each((i) => `let k_${i} = qkv[key + ${i}]; score += dot(q_${i}, k_${i});`)}
        ${each((i) => `gradient += dot(above_${i}, qkv[key + channels + ${i}]);`)}
        let ofScore = exp(score - logSum) * (gradient - mean);
        ${each((i) => `sum_${i} += ofScore * k_${i};`)}
      }
      ${write(0, ' * uniforms.scale')}
    } else if (workgroupId.z == 1u) {
      ${each((i) => `let k_${i} = qkv[own + channels + ${i}] * uniforms.scale;`)}
      ${each((i) => `let v_${i} = qkv[own + 2 * channels + ${i}];`)}
      for (var other = bounds.x; other < bounds.y; other++) {
        let query = other * stride + place;
        let mixedAt = other * channels + place;
        var score = 0.0;
        var gradient = 0.0;
        ${each((i) => `let q_${i} = qkv[query + ${i}]; score += dot(q_${i}, k_${i});`)}
        ${each((i) => `gradient += dot(above[mixedAt + ${i}], v_${i});`)}
        let at = (other * uniforms.heads + head) * 2;
        let ofScore = exp(score - statistics[at]) * (gradient - statistics[at + 1]);
        ${each((i) => `sum_${i} += ofScore * q_${i};`)}
      }
      ${write(1, ' * uniforms.scale')}
    } else {
      ${each((i) => `let k_${i} = qkv[own + channels + ${i}] * uniforms.scale;`)}
      for (var other = bounds.x; other < bounds.y; other++) {
        let query = other * stride + place;
        let mixedAt = other * channels + place;
        var score = 0.0;
        ${each((i) => `score += dot(qkv[query + ${i}], k_${i});`)}
        let weight = exp(score - statistics[(other * uniforms.heads + head) * 2]);
        ${each((i) => `sum_${i} += weight * above[mixedAt + ${i}];`)}
      }
      ${write(2, '')}
    }
  }`;
}

const sizesOf = (
  qkv: tf.TensorInfo,
  numHeads: number,
): { rows: number; channels: number; headWidth: number } => {
  const [rows = 0, width = 0] = qkv.shape;
  return { rows, channels: width / 3, headWidth: width / 3 / numHeads };
};

/** softmax(q · kᵀ / √D) · v of every head within each sequence, shape [rows, C]. */
export const packedAttentionKernel = defineKernel<AttentionInputs, PackedAttributes>(
  'DinoscopePackedAttention',
  ({ qkv }, attributes) => {
    const { rows, channels, headWidth } = sizesOf(qkv, attributes.numHeads);
    return {
      program: {
        variableNames: ['qkv'],
        variableComponents: [4],
        outputComponent: 4,
        outputShape: [rows, channels],
        dispatchLayout: { x: [0], y: [1] },
        dispatch: [Math.ceil(rows / workgroupSize), attributes.numHeads, 1],
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: packedUniforms,
        shaderKey: `dinoscope-packed-attention-${headWidth}`,
        getUserCode: () => forwardCode(headWidth / 4),
      },
      inputs: [qkv],
      uniforms: uniformValues(attributes, headWidth),
    };
  },
);

/** shape [rows, 2H]: the statistics of each row and head that the gradient needs. */
const attentionStatisticsKernel = defineKernel<StatisticsInputs, PackedAttributes>(
  'DinoscopeAttentionStatistics',
  ({ qkv, above }, attributes) => {
    const { rows, headWidth } = sizesOf(qkv, attributes.numHeads);
    return {
      program: {
        variableNames: ['qkv', 'above'],
        variableComponents: [4, 4],
        outputComponent: 1,
        outputShape: [rows, 2 * attributes.numHeads],
        dispatchLayout: { x: [0], y: [1] },
        dispatch: [Math.ceil(rows / workgroupSize), attributes.numHeads, 1],
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: packedUniforms,
        shaderKey: `dinoscope-attention-statistics-${headWidth}`,
        getUserCode: () => statisticsCode(headWidth / 4),
      },
      inputs: [qkv, above],
      uniforms: uniformValues(attributes, headWidth),
    };
  },
);

const attentionGradientKernel = defineKernel<GradientInputs, PackedAttributes>(
  'DinoscopeAttentionGradient',
  ({ qkv, above, statistics }, attributes) => {
    const { rows, headWidth } = sizesOf(qkv, attributes.numHeads);
    return {
      program: {
        variableNames: ['qkv', 'above', 'statistics'],
        variableComponents: [4, 4, 1],
        outputComponent: 4,
        outputShape: [...qkv.shape],
        dispatchLayout: { x: [0], y: [1] },
        dispatch: [Math.ceil(rows / workgroupSize), attributes.numHeads, 3],
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: packedUniforms,
        shaderKey: `dinoscope-attention-gradient-${headWidth}`,
        getUserCode: () => gradientCode(headWidth / 4),
      },
      inputs: [qkv, above, statistics],
      uniforms: uniformValues(attributes, headWidth),
    };
  },
);

export const packedAttentionConfigs = [
  packedAttentionKernel.config,
  attentionStatisticsKernel.config,
  attentionGradientKernel.config,
] as const;

/** @returns the gradient of qkv, shape [rows, 3C] */
export function packedAttentionGradient(
  qkv: tf.Tensor2D,
  above: tf.Tensor2D,
  attributes: PackedAttributes,
): tf.Tensor2D {
  const statistics = attentionStatisticsKernel.run({ qkv, above }, attributes);
  const gradient = attentionGradientKernel.run({ qkv, above, statistics }, attributes);
  statistics.dispose();
  return gradient;
}
