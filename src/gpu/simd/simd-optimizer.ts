/** Sums of squares, and AdamW with the teacher's moving average, in place on the tensors of tfjs's wasm heap. */
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import type * as tf from '@tensorflow/tfjs-core';
import { optimizerUnit, updateRates, type UpdateRates } from './optimizer-code.ts';
import { checkWhole } from './simd-kernel.ts';
import { simdRunnerOf } from './simd-runner.ts';

/** Tensors that are written; all have the same size, a multiple of 4. */
export interface MovedParameter {
  readonly student: tf.Tensor;
  readonly teacher: tf.Tensor;
  readonly firstMoment: tf.Tensor;
  readonly secondMoment: tf.Tensor;
}

const addressIn = (backend: BackendWasm, { dataId }: tf.Tensor): number => backend.getMemoryOffset(dataId);

/**
 * @returns the sum of the squares of a float32 tensor whose size is a multiple of 4; not finite if a number is not finite
 */
export function squareSum(backend: BackendWasm, x: tf.Tensor): number {
  checkWhole(x.size);
  const { run, shared, floatsAt } = simdRunnerOf(backend);
  const units = Math.ceil(x.size / optimizerUnit);
  const sums = shared(4 * units);
  run('squareSums', units, [addressIn(backend, x), 4 * x.size, sums], 0);
  return floatsAt(sums, units).reduce((total, sum) => total + sum, 0);
}

/**
 * tfjs is not notified of the change: it reads wasm tensors directly from memory. But its `matMul` keeps a packed copy of
 * its second matrix while the tensor lives, and would continue to use the old values. So a tensor that is updated here
 * must never be passed to `matMul`.
 * @param gradient null if the student is frozen and only the teacher is updated
 */
export function moveParameter(
  backend: BackendWasm,
  { student, teacher, firstMoment, secondMoment }: MovedParameter,
  gradient: tf.Tensor | null,
  rates: UpdateRates,
): void {
  checkWhole(student.size);
  const { run, shared, floatsAt } = simdRunnerOf(backend);
  const ratesAt = shared(4 * updateRates.length);
  floatsAt(ratesAt, updateRates.length).set(updateRates.map((name) => rates[name]));
  const tensors = [student, firstMoment, secondMoment, teacher].map((each) => addressIn(backend, each));
  const from = gradient === null ? 0 : addressIn(backend, gradient);
  run('update', Math.ceil(student.size / optimizerUnit), [from, ...tensors, 4 * student.size, ratesAt], 0);
}
