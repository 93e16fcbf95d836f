import { expect, test } from 'vitest';
import { ModuleWriter, type FunctionWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32, type V128 } from '../../wasm/wasm-values.ts';
import { exp2, gelu, geluSlope } from './vector-math.ts';

/** Runs vector code, which takes four numbers, on many numbers. */
function run(
  values: Float32Array,
  write: (f: FunctionWriter, x: V128, relaxed: boolean) => V128,
): Float32Array {
  const module = new ModuleWriter();
  module.define('run', ['i32'], (f, end) => {
    const at = f.local('i32', i32.const(0));
    f.count(at, end, i32.const(16), () => f.storeV128(at, write(f, f32x4.load(at), false)));
  });
  const memory = new WebAssembly.Memory({ initial: Math.ceil(values.byteLength / 65_536) });
  const floats = new Float32Array(memory.buffer, 0, values.length);
  floats.set(values);
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module.encode(false)), {
    env: { memory },
  });
  (exports['run'] as (end: number) => void)(values.byteLength);
  return floats;
}

/**
 * The cumulative normal distribution at x, by the series of the error function, Abramowitz and Stegun 7.1.5, in double
 * precision.
 */
function distribution(x: number): number {
  const z = x / Math.SQRT2;
  // Beyond this, the remaining share is below 1e-9.
  if (Math.abs(z) > 4.3) return x < 0 ? 0 : 1;
  let [term, sum] = [z, z];
  for (let n = 1; n < 120; n++) {
    term *= (-z * z) / n;
    sum += term / (2 * n + 1);
  }
  return 0.5 + sum / Math.sqrt(Math.PI);
}
const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);

/** From −20 to 20, and more closely around 0. */
const numbers = Float32Array.from({ length: 240_000 }, (_, i) =>
  i < 200_000 ? -20 + i * 2e-4 : (i % 2 === 0 ? 1 : -1) * 10 ** (-8 + (i - 200_000) / 5000),
);

const largest = (
  values: Float32Array,
  expected: (x: number) => number,
  scale: (x: number) => number,
): number =>
  values.reduce((most, value, i) => {
    const x = numbers[i] as number;
    return Math.max(most, Math.abs(value - expected(x)) / scale(x));
  }, 0);

test('GELU is off by 2.5e-7 of its number at most, and ends at 0 and at the number itself', () => {
  const values = run(numbers, gelu);
  expect(
    largest(
      values,
      (x) => x * distribution(x),
      (x) => Math.max(Math.abs(x), 1e-30),
    ),
  ).toBeLessThan(2.5e-7);
  const ends = run(Float32Array.of(-1e30, -6, 6, 1e30), gelu);
  expect([...ends]).toEqual([-0, -0, 6, Math.fround(1e30)]);
});

test('GELU’s slope is off by 4e-7 at most', () => {
  const values = run(numbers, geluSlope);
  expect(
    largest(
      values,
      (x) => distribution(x) + x * density(x),
      () => 1,
    ),
  ).toBeLessThan(4e-7);
});

test('what is no number stays none', () => {
  for (const write of [gelu, geluSlope])
    expect([...run(new Float32Array(4).fill(NaN), write)]).toEqual([NaN, NaN, NaN, NaN]);
});

test('2 to the power of what is below 0 is off by two units in the last place at most', () => {
  const below = Float32Array.from({ length: 80_000 }, (_, i) => -80 + i * 1e-3);
  const values = run(below, exp2);
  const off = values.reduce((most, value, i) => {
    const expected = 2 ** (below[i] as number);
    return Math.max(most, Math.abs(value - expected) / expected);
  }, 0);
  expect(off).toBeLessThan(2 * 2 ** -23);
});
