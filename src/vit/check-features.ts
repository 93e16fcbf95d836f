import { FailureError } from '../core/failure.ts';

/** @throws FailureError 'wrong-result' where a value is not finite: parameters behind the last attention may be damaged, or a device may be */
export function checkFeatures(values: Float32Array): void {
  const stray = values.find((value) => !Number.isFinite(value));
  if (stray !== undefined) throw new FailureError({ code: 'wrong-result', problem: `a feature is ${stray}` });
}
