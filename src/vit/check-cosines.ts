import { FailureError } from '../core/failure.ts';

/** float32 sums of a few hundred products are this exact. */
const roundingSlack = 1e-3;

/** @throws FailureError 'wrong-result' where a value is no cosine: not finite, or beyond 1 */
export function checkCosines(values: ArrayLike<number>): void {
  for (let at = 0; at < values.length; at++) {
    const value = values[at] as number;
    if (!(Math.abs(value) <= 1 + roundingSlack))
      throw new FailureError({ code: 'wrong-result', problem: `a cosine is ${value}` });
  }
}
