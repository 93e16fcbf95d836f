import { expect, test } from 'vitest';
import { ModuleWriter } from './wasm-module.ts';
import { f32, f32x4, i32, type I32 } from './wasm-values.ts';

/** Runs a function of one number that writes floats from address 0 on. */
function run(
  write: Parameters<typeof ModuleWriter.prototype.define<readonly ['i32']>>[2],
  argument = 0,
): number[] {
  const module = new ModuleWriter();
  module.define('run', ['i32'], write);
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(module.encode(false)), {
    env: { memory },
  });
  (instance.exports['run'] as (argument: number) => void)(argument);
  return [...new Float32Array(memory.buffer, 0, 4)];
}

const stored = (value: I32): number | undefined =>
  run((f) => f.storeF32(i32.const(0), f32.fromI32(value)))[0];

test.each([0, 63, 64, -64, -65, 127, 128, 8191, -8193, 2 ** 31 - 128, -(2 ** 31)])(
  'the constant %i arrives',
  (n) => {
    // Read as unsigned, as addresses are, and rounded to a float.
    expect(stored(i32.const(n))).toBe(Math.fround(n >>> 0));
  },
);

test('a loop whose condition never held runs not once', () => {
  const count = (from: number): number[] =>
    run((f, end) => {
      const i = f.local('i32', i32.const(from));
      const sum = f.local('f32', f32.const(0));
      f.count(i, end, i32.const(2), () => f.set(sum, f32.add(sum, f32.const(1))));
      f.storeF32(i32.const(0), sum);
    }, 5);
  expect(count(0)[0]).toBe(3);
  expect(count(5)[0]).toBe(0);
});

test.each([
  [1, 10],
  [0, 20],
])('of a condition %i one branch runs', (condition, expected) => {
  const [value] = run((f, given) => {
    const store = (n: number): void => f.storeF32(i32.const(0), f32.const(n));
    f.when(
      given,
      () => store(10),
      () => store(20),
    );
  }, condition);
  expect(value).toBe(expected);
});

test('vectors are multiplied and added lane by lane, with one number for all lanes', () => {
  const values = run((f) => {
    for (const [i, n] of [1, 2, 3, 4].entries()) f.storeF32(i32.const(16), f32.const(n), 4 * i);
    const v = f.local('v128', f32x4.load(i32.const(16)));
    f.storeV128(i32.const(0), f32x4.multiplyAdd(v, f32x4.loadSplat(i32.const(24)), v, false));
  });
  expect(values).toEqual([4, 8, 12, 16]);
});

test.each([
  ['too few values', [i32.const(1)], '(i32) for a function of (i32, f32)'],
  ['a value of another type', [i32.const(1), i32.const(2)], '(i32, i32) for a function of (i32, f32)'],
])('a call with %s is refused while it is written', (_, values, sentence) => {
  const module = new ModuleWriter();
  const callee = module.define(null, ['i32', 'f32'], () => {});
  expect(() => module.define('run', [], (f) => f.call(callee, ...values))).toThrow(sentence);
});
