/** Powers of 2, GELU and its slope, of four numbers at once. */
import type { FunctionWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32x4, type V128 } from '../../wasm/wasm-values.ts';

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
 * 2^x for x ≤ 0, to two units in the last place; below −126 about 1e-38 instead of less.
 * x = n + r; 2^r by a minimax polynomial, 2^n by its bits. A sum with 1.5 × 2^23 has n, rounded, in its lowest bits; a conversion to
 * integers takes many instructions on x64.
 */
export function exp2(f: FunctionWriter, x: V128, relaxed: boolean): V128 {
  const bounded = f.local('v128', f32x4.max(x, f32x4.const(-126)));
  const shifted = f.local('v128', f32x4.add(bounded, f32x4.const(roundingShift)));
  const rest = f.local('v128', f32x4.sub(bounded, f32x4.sub(shifted, f32x4.const(roundingShift))));
  const coefficients = [
    1.327646921e-3, 9.675541378e-3, 5.55071328e-2, 0.2402211972, 0.6931469671, 1.000000072,
  ];
  const power = i32x4.shiftLeft(i32x4.add(shifted, i32x4.const(127)), 23);
  return f32x4.mul(polynomial(rest, coefficients, relaxed), power);
}

/** An odd function as x P(x²) / Q(x²); lowest powers first. */
interface OddRational {
  /** Where it has reached its end to half a unit in the last place, and beyond which it stays as it is. */
  readonly end: number;
  readonly numerator: readonly number[];
  /** Of which the first is 1. All above 0, so that nothing cancels out. */
  readonly denominator: readonly number[];
}

/** Φ(x) − ½, Φ the normal distribution: minimax fit by linear programs, 5e-8; in float32 2.3e-7 at most. */
const distribution: OddRational = {
  end: 5.5,
  numerator: [0.398942381, 0.0281560477, 0.00432828162, 0.000111055269, 5.99324267e-6, 2.74602332e-8],
  denominator: [1, 0.237245828, 0.0253859144, 0.00155780185, 5.5315897e-5, 1.30863305e-6],
};

/** Φ(x) + x φ(x) − ½, GELU's slope less a half: likewise, 1.3e-7; in float32 3.5e-7 at most. */
const slope: OddRational = {
  end: 5.7,
  numerator: [0.797884881, -0.0307398047, 0.0142072681, 2.43956329e-5, 3.58085526e-5, 1.90420934e-7],
  denominator: [1, 0.294812292, 0.041062288, 0.00352885248, 0.000193429485, 8.87189344e-6],
};

function oddRational(
  f: FunctionWriter,
  x: V128,
  { end, numerator, denominator }: OddRational,
  relaxed: boolean,
): V128 {
  const bounded = f.local('v128', f32x4.min(f32x4.max(x, f32x4.const(-end)), f32x4.const(end)));
  const square = f.local('v128', f32x4.mul(bounded, bounded));
  const above = polynomial(square, numerator.toReversed(), relaxed);
  const below = polynomial(square, denominator.toReversed(), relaxed);
  return f32x4.mul(bounded, f32x4.divide(above, below));
}

/** Exact GELU, x Φ(x). */
export function gelu(f: FunctionWriter, x: V128, relaxed: boolean): V128 {
  const value = f.local('v128', x);
  const half = f32x4.const(0.5);
  const off = f32x4.max(oddRational(f, value, distribution, relaxed), f32x4.const(-0.5));
  return f32x4.mul(value, f32x4.add(f32x4.min(off, half), half));
}

/** GELU's slope. */
export const geluSlope = (f: FunctionWriter, x: V128, relaxed: boolean): V128 =>
  f32x4.add(oddRational(f, x, slope, relaxed), f32x4.const(0.5));
