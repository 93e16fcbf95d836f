/** Operations that record which thread did which unit, for tests of how threads share work. */
import { operations, type SimdFunctions } from '../gpu/simd/simd-module.ts';

export interface JobMemory {
  readonly block: Int32Array;
  /** For each unit, the number of times it was done, plus 1000 × the thread that did it. */
  readonly counts: Int32Array;
}

/** Positions among the values of a job: ms that a share takes, and 1 if helpers must fail. */
const pauseAt = 0;
const trapAt = 1;

/** Address of the first thread's scratch memory. With 1 byte for each thread, helpers have other addresses. */
export const firstScratch = 1;

export function countingFunctions(counts: Int32Array): SimdFunctions {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  const count = (scratch: number, begin: number, end: number, ...values: number[]): void => {
    if (values[trapAt] === 1 && scratch !== firstScratch) throw new WebAssembly.RuntimeError('unreachable');
    const pauseMs = values[pauseAt] ?? 0;
    if (pauseMs > 0) Atomics.wait(nothing, 0, 0, pauseMs);
    for (let unit = begin; unit < end; unit++) Atomics.add(counts, unit, 1 + 1000 * (scratch - firstScratch));
  };
  return Object.fromEntries(operations.map((name) => [name, count])) as unknown as SimdFunctions;
}
