/** What a core can do at best in WebAssembly: multiply-adds in registers, nothing read. No program of ours can be faster. */
import { ModuleWriter } from '../../src/wasm/wasm-module.ts';
import { f32x4, i32 } from '../../src/wasm/wasm-values.ts';

/** So many that none waits for its own last sum, and that they fit into registers. */
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

/** @returns GFLOP/s of one thread, the best of many short runs; fused where the engine has relaxed SIMD */
export function measureFmaLimit(): number {
  let best = 0;
  for (const relaxed of [true, false]) {
    let run: (steps: number) => void;
    try {
      run = compile(relaxed);
    } catch {
      continue; // No relaxed SIMD here.
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
