/** The fast step's layers by tfjs's own ops, with their gradients written out: for wasm, plain JavaScript, and odd widths. */
import * as tf from '@tensorflow/tfjs-core';
import { gelu, layerNorm, linear } from '../vit/layers.ts';
import type { Segment } from './packed-batch.ts';
import { l2Normalise } from './plain-forward.ts';
import type { StepLayers } from './step-layers.ts';

const columnSums = (x: tf.Tensor2D): tf.Tensor1D => tf.sum<tf.Tensor1D>(x, 0);

interface Heads {
  readonly q: tf.Tensor4D;
  readonly k: tf.Tensor4D;
  readonly v: tf.Tensor4D;
  /** softmax(QKᵀ/√D), shape [S, H, T, T] */
  readonly weights: tf.Tensor4D;
}

const joinHeads = (x: tf.Tensor4D): tf.Tensor2D =>
  tf.reshape(tf.transpose(x, [0, 2, 1, 3]), [x.shape[0] * x.shape[2], x.shape[1] * x.shape[3]]);

const rowsOfSegment = (x: tf.Tensor2D, { firstRow, sequences, tokens }: Segment): tf.Tensor2D =>
  firstRow === 0 && x.shape[0] === sequences * tokens
    ? x
    : tf.slice2d(x, [firstRow, 0], [sequences * tokens, -1]);

function headsOf(qkv: tf.Tensor2D, segment: Segment, numHeads: number): Heads {
  const { sequences, tokens } = segment;
  const byHead = tf.reshape(rowsOfSegment(qkv, segment), [sequences, tokens, 3, numHeads, -1]);
  const [q, k, v] = tf.unstack(tf.transpose(byHead, [2, 0, 3, 1, 4])) as [
    tf.Tensor4D,
    tf.Tensor4D,
    tf.Tensor4D,
  ];
  const scale = (q.shape[3] as number) ** -0.5;
  return { q, k, v, weights: tf.softmax(tf.mul(tf.matMul(q, k, false, true), scale)) };
}

const bySegment = (segments: readonly Segment[], compute: (segment: Segment) => tf.Tensor2D): tf.Tensor2D => {
  const parts = segments.map((segment) => tf.tidy(() => compute(segment)));
  return parts.length === 1 ? (parts[0] as tf.Tensor2D) : tf.concat(parts, 0);
};

/** The gradient through x / |x|: what lies along the direction is gone, the rest is divided by the length. */
function normaliseGradient(
  x: tf.Tensor2D,
  direction: tf.Tensor2D,
  above: tf.Tensor2D,
  axis: 0 | 1,
  smallest: number,
): tf.Tensor2D {
  const along = tf.mul(direction, tf.sum(tf.mul(direction, above), axis, true));
  const perLength = tf.rsqrt(tf.maximum(tf.sum(tf.square(x), axis, true), smallest * smallest));
  return tf.mul(tf.sub(above, along), perLength);
}

export const plainStepLayers: StepLayers = {
  keptBytes: 0,
  layerNorm,
  layerNormGradients: (x, { gain }, eps, above, residual) => {
    const { mean, variance } = tf.moments(x, 1, true);
    const scale = tf.rsqrt(tf.add(variance, eps));
    const standardised = tf.mul<tf.Tensor2D>(tf.sub(x, mean), scale);
    const weighted = tf.mul<tf.Tensor2D>(above, gain);
    const along = tf.mul(standardised, tf.mean(tf.mul(weighted, standardised), 1, true));
    const gradient = tf.mul<tf.Tensor2D>(tf.sub(tf.sub(weighted, tf.mean(weighted, 1, true)), along), scale);
    return {
      x: residual === null ? gradient : tf.add(gradient, residual),
      gain: columnSums(tf.mul(above, standardised)),
      bias: columnSums(above),
    };
  },
  linear,
  linearGelu: (x, parameters) => gelu(linear(x, parameters)),
  linearAndGelu: (x, parameters) => {
    const hidden = linear(x, parameters);
    return { hidden, active: gelu(hidden) };
  },
  linearResidual: (x, parameters, residual) => tf.add(residual, linear(x, parameters)),
  linearResidualNorm: (x, parameters, residual, norm, eps) => {
    const sum = tf.add<tf.Tensor2D>(residual, linear(x, parameters));
    return { sum, normed: layerNorm(sum, norm, eps) };
  },
  gelu,
  geluGradient: (x, above) => {
    // d/dx x Φ(x) = Φ(x) + x φ(x)
    const distribution = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
    const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return tf.mul(above, tf.add(distribution, tf.mul(x, density)));
  },
  attention: (qkv, segments, numHeads) =>
    bySegment(segments, (segment) => {
      const { v, weights } = headsOf(qkv, segment, numHeads);
      return joinHeads(tf.matMul(weights, v));
    }),
  attentionGradient: (qkv, segments, numHeads, above) =>
    bySegment(segments, (segment) => {
      const { q, k, v, weights } = headsOf(qkv, segment, numHeads);
      const { sequences, tokens } = segment;
      const mixed = tf.transpose(
        tf.reshape(rowsOfSegment(above, segment), [sequences, tokens, numHeads, -1]),
        [0, 2, 1, 3],
      );
      const ofWeights = tf.matMul(mixed, v, false, true);
      const mean = tf.sum(tf.mul(ofWeights, weights), 3, true);
      const ofScores = tf.mul(tf.mul(weights, tf.sub(ofWeights, mean)), (q.shape[3] as number) ** -0.5);
      return tf.concat(
        [
          joinHeads(tf.matMul(ofScores, k)),
          joinHeads(tf.matMul(ofScores, q, true, false)),
          joinHeads(tf.matMul(weights, mixed, true, false)),
        ],
        1,
      );
    }),
  product: (a, b, transposed) => {
    // tfjs's wasm product is several times faster on matrices as they are than on one that it reads across.
    if (tf.getBackend() === 'wasm')
      return transposed === 'a' ? tf.matMul(tf.transpose(a), b) : tf.matMul(a, tf.transpose(b));
    return tf.matMul(a, b, transposed === 'a', transposed === 'b');
  },
  weightGradients: (x, above) => ({
    weight: plainStepLayers.product(x, above, 'a'),
    bias: columnSums(above),
  }),
  normalise: l2Normalise,
  normaliseGradient,
  columnSums,
};
