/** LayerNorm over the last axis in one dispatch instead of tfjs's nine. */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, float32 } from './define-kernel.ts';

export interface LayerNormInputs {
  /** shape [T, C]; C a multiple of 4 */
  readonly x: tf.TensorInfo;
  /** shape [C] */
  readonly gain: tf.TensorInfo;
  /** shape [C] */
  readonly bias: tf.TensorInfo;
}

/** Size of a workgroup: the number of tokens, and the number of invocations for each. */
const workgroup = { lanes: 8, tokens: 4 };

/**
 * Each invocation of a token takes every eighth vector of four channels. There are two passes, the mean first: computing
 * the variance as the sum of squares minus the square of the sum would lose half the digits. Each invocation adds up all
 * partial sums itself, which takes one barrier; a tree of sums takes three, and barriers are slowest on SwiftShader. No
 * invocation returns early, because all must reach the barrier.
 */
const code = `
  const lanes = ${workgroup.lanes};
  var<workgroup> sums: array<f32, ${workgroup.lanes * workgroup.tokens}>;
  var<workgroup> squares: array<f32, ${workgroup.lanes * workgroup.tokens}>;
  fn main() {
    let width = f32(uniforms.outShape.y);
    let vectors = uniforms.outShape.y / 4;
    let lane = i32(localId.x);
    let partials = i32(localId.y) * lanes;
    let token = i32(globalId.y);
    let row = min(token, uniforms.outShape.x - 1) * vectors;
    var sum = vec4<f32>(0.0);
    for (var c = lane; c < vectors; c += lanes) { sum += x[row + c]; }
    sums[partials + lane] = dot(sum, vec4<f32>(1.0));
    workgroupBarrier();
    var mean = 0.0;
    for (var i = 0; i < lanes; i++) { mean += sums[partials + i]; }
    mean /= width;
    var square = vec4<f32>(0.0);
    for (var c = lane; c < vectors; c += lanes) {
      let off = x[row + c] - mean;
      square += off * off;
    }
    squares[partials + lane] = dot(square, vec4<f32>(1.0));
    workgroupBarrier();
    if (token >= uniforms.outShape.x) { return; }
    var variance = 0.0;
    for (var i = 0; i < lanes; i++) { variance += squares[partials + i]; }
    let scale = inverseSqrt(variance / width + uniforms.eps);
    for (var c = lane; c < vectors; c += lanes) {
      result[row + c] = (x[row + c] - mean) * scale * gain[c] + bias[c];
    }
  }`;

/** (x − mean) / √(variance + eps) × gain + bias, shape [T, C]. */
export const layerNormKernel = defineKernel<LayerNormInputs, { eps: number }>(
  'DinoscopeLayerNorm',
  ({ x, gain, bias }, { eps }) => ({
    program: {
      variableNames: ['x', 'gain', 'bias'],
      variableComponents: [4, 4, 4],
      outputComponent: 4,
      outputShape: x.shape,
      dispatchLayout: { x: [1], y: [0] },
      dispatch: [1, Math.ceil((x.shape[0] ?? 0) / workgroup.tokens), 1],
      workgroupSize: [workgroup.lanes, workgroup.tokens, 1],
      uniforms: 'eps : f32,',
      shaderKey: 'dinoscope-layer-norm',
      getUserCode: () => code,
    },
    inputs: [x, gain, bias],
    uniforms: [float32(eps)],
  }),
);
