import { describe, expect, test } from 'vitest';
import { centrePrior } from './centre-prior.ts';
import { maskOf } from './head-masks.ts';

test('a mask keeps the fewest patches with 60 % of the mass', () => {
  // 0.4 alone is too little, 0.4 + 0.3 is enough.
  expect([...maskOf(2, 2, Float32Array.of(0.1, 0.4, 0.2, 0.3)).kept]).toEqual([0, 1, 0, 1]);
});

describe('the centre prior', () => {
  test('keeps an ellipse around the middle, as wide as the photograph is', () => {
    const { rows, columns, kept } = centrePrior(60, 120);
    const isKept = (y: number, x: number): boolean => kept[y * columns + x] === 1;
    expect([rows, columns]).toEqual([60, 120]);
    // 60 % of a Gaussian's mass lie within √(−2 ln 0.4) = 1.354 sigma: 0.541 of the half side, were there no edges. The edges
    // cut 2.5 % of the mass, which brings it to 0.527; sides of 30 and 60 px give 15.8 and 31.6 px.
    expect([isKept(30 + 14, 60), isKept(30 + 17, 60)]).toEqual([true, false]);
    expect([isKept(30, 60 + 30), isKept(30, 60 + 33)]).toEqual([true, false]);
    // The corner of the box around the ellipse lies outside of it.
    expect(isKept(30 + 14, 60 + 30)).toBe(false);
  });

  test('is the same on both sides of the middle, but for ties at its edge', () => {
    const { kept } = centrePrior(31, 31);
    const turned = Uint8Array.from(kept).toReversed();
    expect(kept.filter((value, i) => value !== turned[i]).length).toBeLessThanOrEqual(8);
    expect(kept[15 * 31 + 15]).toBe(1);
  });
});
