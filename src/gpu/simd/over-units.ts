import type { FunctionWriter } from '../../wasm/wasm-module.ts';
import { i32, type I32, type Local } from '../../wasm/wasm-values.ts';

/**
 * Runs `body` for each vector of the units [begin, end), each of `unit` numbers. `bytes` is the length of all numbers;
 * the last unit is cut off there.
 */
export function overUnits(
  f: FunctionWriter,
  unit: number,
  begin: I32,
  end: I32,
  bytes: I32,
  body: (at: Local<'i32'>) => void,
): void {
  const at = f.local('i32', i32.mul(begin, i32.const(4 * unit)));
  const last = f.local('i32', i32.mul(end, i32.const(4 * unit)));
  f.set(last, i32.select(last, bytes, i32.lessThan(last, bytes)));
  f.count(at, last, i32.const(16), () => body(at));
}
