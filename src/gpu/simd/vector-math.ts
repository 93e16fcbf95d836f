/** Powers of 2, GELU and its derivative, of four numbers at once. */
import type { FunctionWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32x4, type V128 } from '../../wasm/wasm-values.ts';

/** Coefficients start with the highest power. */
function polynomial(x: V128, coefficients: readonly number[], relaxed: boolean): V128 {
  const [first = 0, ...others] = coefficients;
  return others.reduce(
    (sum, coefficient) => f32x4.multiplyAdd(sum, x, f32x4.const(coefficient), relaxed),
    f32x4.const(first),
  );
}

const roundingShift = 1.5 * 2 ** 23;

/**
 * 2^x for x ≤ 0, accurate to two units in the last place; below −126 the result is about 1e-38 instead of less.
 *
 * With x = n + r, 2^r is a minimax polynomial, and 2^n is built from its bits. The sum of x and 1.5 × 2^23 has n,
 * rounded, in its lowest bits; a conversion to integers would take many instructions on x64.
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

/** An odd function as x P(x²) / Q(x²); coefficients start with the lowest power. */
interface OddRational {
  /** At this x the function is within half a unit in the last place of its limit; beyond it, the value stays constant. */
  readonly end: number;
  readonly numerator: readonly number[];
  /** The first coefficient is 1. All are above 0, so that there is no cancellation. */
  readonly denominator: readonly number[];
}

/**
 * Φ(x) − ½, where Φ is the normal distribution: minimax fit by linear programs, error 5e-8; in float32 at most 2.3e-7.
 */
const distribution: OddRational = {
  end: 5.5,
  numerator: [0.398942381, 0.0281560477, 0.00432828162, 0.000111055269, 5.99324267e-6, 2.74602332e-8],
  denominator: [1, 0.237245828, 0.0253859144, 0.00155780185, 5.5315897e-5, 1.30863305e-6],
};

/** Φ(x) + x φ(x) − ½, GELU's derivative minus a half: fitted in the same way, error 1.3e-7; in float32 at most 3.5e-7. */
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

/** GELU's derivative. */
export const geluSlope = (f: FunctionWriter, x: V128, relaxed: boolean): V128 =>
  f32x4.add(oddRational(f, x, slope, relaxed), f32x4.const(0.5));
