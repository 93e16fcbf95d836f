/** Random parameters for architectures without a fixture. */
import * as tf from '@tensorflow/tfjs-core';
import {
  elementCount,
  parameterShapes,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';

/** Normally distributed values, the same in every run. */
export function randomValues(shape: readonly number[], seed: number, deviation = 1): Float32Array {
  const tensor = tf.randomNormal([elementCount(shape)], 0, deviation, 'float32', seed);
  const values = tensor.dataSync() as Float32Array;
  tensor.dispose();
  return values;
}

export function randomParameters(architecture: VitArchitecture): Map<string, NamedTensor> {
  const named = new Map<string, NamedTensor>();
  let seed = 1;
  for (const [name, shape] of parameterShapes(architecture))
    named.set(name, { shape, values: randomValues(shape, seed++, 0.2) });
  return named;
}
