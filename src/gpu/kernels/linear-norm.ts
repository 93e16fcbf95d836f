/**
 * A linear layer, the residual sum that it goes into, and the LayerNorm that follows, in one dispatch. The end of both
 * halves of a block is of this kind: the sum is the network's running state, its normalised values are what the next
 * layer reads.
 */
import type * as tf from '@tensorflow/tfjs-core';
import { definePairKernel, float32 } from './define-kernel.ts';
import { storageOf } from './half-weights.ts';
import { fitsRow, linearNormCode, rowLanes } from './linear-norm-code.ts';
import { variantName, type RegisterVariant } from './linear-code.ts';
import type { LinearInputs } from './linear.ts';
import { tuningOf } from './tuning.ts';

export interface LinearNormInputs extends LinearInputs {
  /** shape [rows, in]; in a multiple of 4 */
  readonly x: tf.TensorInfo;
  /** shape [rows, columns] */
  readonly residual: tf.TensorInfo;
  /** LayerNorm's, shape [columns] */
  readonly gain: tf.TensorInfo;
  /** LayerNorm's bias, shape [columns] */
  readonly shift: tf.TensorInfo;
}

/** Before any timing: on software adapters the fastest (docs/bench/dispatches.md), and it needs the fewest invocations for a row. */
const usualVariant: RegisterVariant = { kind: 'registers', rows: 8, vectors: 2 };

/** @returns null if the linear layer and LayerNorm run one after the other: a row does not fit, or that was faster here */
export function linearNormVariant(
  backend: object,
  { x, residual, weight }: Pick<LinearNormInputs, 'x' | 'residual' | 'weight'>,
): RegisterVariant | null {
  const [rows = 0, columns = 0] = residual.shape;
  const depth = x.shape[1] ?? 0;
  const { limits } = (backend as { readonly device: GPUDevice }).device;
  const timed = tuningOf(backend).linearNorm(rows, depth, columns, storageOf(weight));
  if (timed === 'apart' || depth % 4 !== 0) return null;
  return [timed ?? usualVariant, usualVariant].find((variant) => fitsRow(variant, columns, limits)) ?? null;
}

/** [x · weight + bias + residual, LayerNorm of that], each of shape [rows, columns]. */
export const linearNormKernel = definePairKernel<LinearNormInputs, { eps: number }>(
  'DinoscopeLinearNorm',
  (given, { eps }, backend) => {
    const { x, weight, bias, residual, gain, shift } = given;
    const variant = linearNormVariant(backend, given);
    if (variant === null) throw new Error('rows that do not fit into a workgroup');
    const storage = storageOf(weight);
    const [rows = 0, columns = 0] = residual.shape;
    const hasBias = bias !== undefined;
    const lanes = rowLanes(variant, columns);
    return {
      second: { name: 'normed', shape: [rows, columns], components: 4 },
      program: {
        variableNames: ['x', 'weight', ...(hasBias ? ['bias'] : []), 'residual', 'gain', 'shift'],
        variableComponents: [4, storage === 'float16' ? 2 : 4, ...(hasBias ? [4] : []), 4, 4, 4],
        outputComponent: 4,
        outputShape: [rows, columns],
        dispatchLayout: { x: [1], y: [0] },
        dispatch: [1, Math.ceil(rows / variant.rows), 1],
        workgroupSize: [lanes, 1, 1],
        uniforms: 'eps : f32,',
        shaderKey: `dinoscope-linear-norm-${variantName(variant)}-${columns}`,
        getUserCode: () => linearNormCode(variant, columns, { hasBias, storage }),
      },
      inputs: [x, weight, ...(hasBias ? [bias] : []), residual, gain, shift],
      uniforms: [float32(eps)],
    };
  },
);
