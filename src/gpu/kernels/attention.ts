/**
 * Self-attention of all tokens in one dispatch that never stores a T × T matrix: online softmax (Milakov and Gimelshein,
 * 2018).
 */
import type * as tf from '@tensorflow/tfjs-core';
import { attentionCode, attentionName, type AttentionVariant } from './attention-code.ts';
import { defineKernel, float32 } from './define-kernel.ts';
import { tuningOf } from './tuning.ts';

export interface AttentionInputs {
  /** shape [T, 3C]: q, k and v side by side, each with its heads side by side; the head width a multiple of 4 */
  readonly qkv: tf.TensorInfo;
}

const workgroupSize = 32;

/**
 * Queries an invocation before any timing. Each key and value is read once for all of them, so this is as many as fit into registers and
 * still leave enough invocations to keep a GPU busy. With four, SwiftShader is more than twice as fast as with one.
 * @param vectors head width / 4
 */
export function queriesAtOnce(tokens: number, numHeads: number, vectors: number): 1 | 2 | 4 {
  const enoughInvocations = 512;
  const mostVectors = 32;
  const fits = (queries: number): boolean =>
    (tokens * numHeads) / queries >= enoughInvocations && queries * vectors <= mostVectors;
  return ([4, 2] as const).find(fits) ?? 1;
}

/** softmax(q · kᵀ / √D) · v of every head, with the heads side by side, shape [T, C]. */
export const attentionKernel = defineKernel<AttentionInputs, { numHeads: number }>(
  'DinoscopeAttention',
  ({ qkv }, { numHeads }, backend) => {
    const [tokens = 0, width = 0] = qkv.shape;
    const channels = width / 3;
    const headWidth = channels / numHeads;
    const vectors = headWidth / 4;
    const variant: AttentionVariant = tuningOf(backend).attention ?? {
      queries: queriesAtOnce(tokens, numHeads, vectors),
      keys: 'read',
    };
    return {
      program: {
        variableNames: ['qkv'],
        variableComponents: [4],
        outputComponent: 4,
        outputShape: [tokens, channels],
        dispatchLayout: { x: [0], y: [1] },
        dispatch: [Math.ceil(tokens / (variant.queries * workgroupSize)), numHeads, 1],
        workgroupSize: [workgroupSize, 1, 1],
        uniforms: 'scale : f32,',
        shaderKey: `dinoscope-attention-${attentionName(variant)}-${headWidth}`,
        getUserCode: () => attentionCode(variant, vectors),
      },
      inputs: [qkv],
      uniforms: [float32(headWidth ** -0.5)],
    };
  },
);
