/** A linear layer in one dispatch, including its bias and the GELU or the residual sum that follows it. */
import type * as tf from '@tensorflow/tfjs-core';
import { defineKernel, definePairKernel, int32, type Dispatch } from './define-kernel.ts';
import { storageOf } from './half-weights.ts';
import {
  linearCode,
  variantName,
  workgroupSize,
  workgroupTile,
  type Activation,
  type LinearVariant,
} from './linear-code.ts';
import { tuningOf } from './tuning.ts';

export interface LinearInputs {
  /** shape [≥ rows, in] */
  readonly x: tf.TensorInfo;
  /** shape [in, ≥ firstColumn + columns], its width a multiple of 4; or half that width as int32, see half-weights */
  readonly weight: tf.TensorInfo;
  /** shape [the weight's columns] */
  readonly bias?: tf.TensorInfo;
  /** shape [rows, columns], added to the result */
  readonly residual?: tf.TensorInfo;
}

export interface LinearAttributes {
  /** How many rows of x are used, from the first. */
  readonly rows: number;
  /** The part of the weight's columns that is computed; both are multiples of 4. */
  readonly firstColumn: number;
  readonly columns: number;
  readonly activation: 'none' | 'gelu';
}

/** The variant to use before any timing: eight rows if that leaves enough invocations to keep a GPU busy, else four. */
function usualVariant(rows: number, columns: number): LinearVariant {
  const enoughInvocations = 4096;
  return {
    kind: 'registers',
    rows: (rows / 8) * (columns / 4) >= enoughInvocations ? 8 : 4,
    vectors: 1,
  };
}

function planOf(
  { x, weight, bias, residual }: LinearInputs,
  { rows, firstColumn, columns }: Omit<LinearAttributes, 'activation'>,
  activation: Activation,
  backend: object,
): Dispatch {
  const storage = storageOf(weight);
  const step = (x.shape[1] ?? 0) % 4 === 0 ? 4 : 1;
  const timed = step === 4 ? tuningOf(backend).linear(rows, x.shape[1] ?? 0, columns, storage) : null;
  const variant = timed ?? usualVariant(rows, columns);
  const [tileVectors, tileRows] = workgroupTile(variant);
  const names = ['x', 'weight'];
  const inputs = [x, weight];
  if (bias !== undefined) {
    names.push('bias');
    inputs.push(bias);
  }
  if (residual !== undefined) {
    names.push('residual');
    inputs.push(residual);
  }
  return {
    program: {
      variableNames: names, // part of tfjs's key, so our key need not contain which optional inputs there are
      variableComponents: names.map((name) =>
        name === 'x' ? step : name === 'weight' && storage === 'float16' ? 2 : 4,
      ),
      outputComponent: 4,
      outputShape: [rows, columns],
      dispatchLayout: { x: [1], y: [0] },
      dispatch: [Math.ceil(columns / (4 * tileVectors)), Math.ceil(rows / tileRows), 1],
      workgroupSize: workgroupSize(variant),
      uniforms: 'firstColumn : i32,',
      shaderKey: `dinoscope-linear-${variantName(variant)}-${step}-${activation}`,
      getUserCode: () =>
        linearCode(variant, step, {
          storage,
          hasBias: bias !== undefined,
          hasResidual: residual !== undefined,
          activation,
        }),
    },
    inputs,
    uniforms: [int32(firstColumn)],
  };
}

/** activation(x · weight + bias) + residual over a part of x's rows and the weight's columns, shape [rows, columns]. */
export const linearKernel = defineKernel<LinearInputs, LinearAttributes>(
  'DinoscopeLinear',
  (inputs, attributes, backend) => planOf(inputs, attributes, attributes.activation, backend),
);

/** x · weight + bias, and GELU of it; each of shape [rows, columns]. Training needs both. */
export const linearPairKernel = definePairKernel<
  Omit<LinearInputs, 'residual'>,
  Omit<LinearAttributes, 'activation'>
>('DinoscopeLinearPair', (inputs, attributes, backend) => ({
  ...planOf(inputs, attributes, 'both', backend),
  second: { name: 'activated', shape: [attributes.rows, attributes.columns], components: 4 },
}));
