/** Measures the limit of a core in WebAssembly: multiply-adds in registers, without memory reads. None of our programs can be faster. */
import { ModuleWriter } from '../../src/wasm/wasm-module.ts';
import { f32x4, i32 } from '../../src/wasm/wasm-values.ts';

/** The number of independent sums: enough that no multiply-add waits for the one before it, and few enough for the registers. */
const chains = 10;
const steps = 200_000;

function compile(relaxed: boolean): (steps: number) => void {
  const module = new ModuleWriter();
  module.define('run', ['i32'], (f, count) => {
    const sums = Array.from({ length: chains }, () => f.local('v128', f32x4.const(0.5)));
    const [factor, term] = [f.local('v128', f32x4.const(0.999)), f.local('v128', f32x4.const(0.001))];
    const step = f.local('i32', i32.const(0));
    f.count(step, count, i32.const(1), () => {
      for (const sum of sums) f.set(sum, f32x4.multiplyAdd(sum, factor, term, relaxed));
    });
    for (const [i, sum] of sums.entries()) f.storeV128(i32.const(16 * i), sum);
  });
  const env = { memory: new WebAssembly.Memory({ initial: 1 }) };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode(false)), { env });
  return exports['run'] as (steps: number) => void;
}

/** @returns GFLOP/s of one thread: the best of many short runs. Multiply-adds are fused if the engine has relaxed SIMD. */
export function measureFmaLimit(): number {
  let best = 0;
  for (const relaxed of [true, false]) {
    let run: (steps: number) => void;
    try {
      run = compile(relaxed);
    } catch {
      continue; // The engine has no relaxed SIMD.
    }
    for (let attempt = 0; attempt < 200; attempt++) {
      const start = performance.now();
      run(steps);
      best = Math.max(best, (chains * 8 * steps) / (performance.now() - start) / 1e6);
    }
    break;
  }
  return best;
}
