/** exp, GELU and its slope of four numbers at once. */
import type { FunctionWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32x4, type Local, type V128 } from '../../wasm/wasm-values.ts';

/** highest power first */
function polynomial(x: V128, coefficients: readonly number[], relaxed: boolean): V128 {
  const [first = 0, ...others] = coefficients;
  return others.reduce(
    (sum, coefficient) => f32x4.multiplyAdd(sum, x, f32x4.const(coefficient), relaxed),
    f32x4.const(first),
  );
}

const roundingShift = 1.5 * 2 ** 23;

/**
 * e^x for x ≤ 0, to two units in the last place; below −87.3 about 1e-38 instead of less.
 * x = n ln 2 + r, ln 2 in two parts so that r keeps its digits; e^r by the polynomial of Cephes' expf (S. Moshier), 2^n by its
 * bits. A sum with 1.5 × 2^23 has n, rounded, in its lowest bits; a conversion to integers takes many instructions on x64.
 */
export function exp(f: FunctionWriter, x: V128, relaxed: boolean): V128 {
  const bounded = f.local('v128', f32x4.max(x, f32x4.const(-87.3)));
  const shifted = f.local(
    'v128',
    f32x4.multiplyAdd(bounded, f32x4.const(Math.LOG2E), f32x4.const(roundingShift), relaxed),
  );
  const n = f.local('v128', f32x4.sub(shifted, f32x4.const(roundingShift)));
  const high = f32x4.multiplyAdd(n, f32x4.const(-0.693359375), bounded, relaxed);
  const r = f.local('v128', f32x4.multiplyAdd(n, f32x4.const(2.1219444e-4), high, relaxed));
  const coefficients = [
    1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1,
  ];
  const tail = f32x4.multiplyAdd(polynomial(r, coefficients, relaxed), f32x4.mul(r, r), r, relaxed);
  const power = i32x4.shiftLeft(i32x4.add(shifted, i32x4.const(127)), 23);
  return f32x4.mul(f32x4.add(tail, f32x4.const(1)), power);
}

/** The part of GELU that its slope has too: Φ(x), the share of a normal distribution that lies below x, and e^(−x²/2). */
function normalDistribution(
  f: FunctionWriter,
  value: Local<'v128'>,
  relaxed: boolean,
): { readonly twice: V128; readonly decay: Local<'v128'> } {
  const scaled = f.local('v128', f32x4.abs(f32x4.mul(value, f32x4.const(Math.SQRT1_2))));
  const one = f32x4.const(1);
  const t = f.local(
    'v128',
    f32x4.divide(one, f32x4.multiplyAdd(scaled, f32x4.const(0.3275911), one, relaxed)),
  );
  const coefficients = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const decay = f.local('v128', exp(f, f32x4.sub(f32x4.const(0), f32x4.mul(scaled, scaled)), relaxed));
  const erf = f.local(
    'v128',
    f32x4.sub(one, f32x4.mul(f32x4.mul(polynomial(t, coefficients, relaxed), t), decay)),
  );
  const sign = f32x4.bitAnd(value, f32x4.const(-0));
  return { twice: f32x4.add(one, f32x4.bitOr(erf, sign)), decay };
}

/** Exact GELU, x Φ(x), by erf; Abramowitz and Stegun 7.1.26, whose error is at most 1.5e-7, as in the WGSL kernel. */
export function gelu(f: FunctionWriter, x: V128, relaxed: boolean): V128 {
  const value = f.local('v128', x);
  const { twice } = normalDistribution(f, value, relaxed);
  return f32x4.mul(f32x4.mul(value, f32x4.const(0.5)), twice);
}

/** Φ(x) + x φ(x) */
export function geluSlope(f: FunctionWriter, x: V128, relaxed: boolean): V128 {
  const value = f.local('v128', x);
  const { twice, decay } = normalDistribution(f, value, relaxed);
  const density = f32x4.mul(f32x4.mul(value, f32x4.const(1 / Math.sqrt(2 * Math.PI))), decay);
  return f32x4.multiplyAdd(twice, f32x4.const(0.5), density, relaxed);
}
