import { describe, expect, test } from 'vitest';
import { centrePrior } from './centre-prior.ts';
import { jaccardOfObjects, maskOf } from './jaccard.ts';
import type { Objects } from './read-objects.ts';

/** @param rows one string a row of pixels, one digit a pixel */
function objects(...rows: readonly string[]): Objects {
  const labels = Uint8Array.from(rows.join(''), Number);
  return { height: rows.length, width: rows[0]?.length ?? 0, count: Math.max(...labels), labels };
}
const whole = ({ height, width }: Objects): { top: 0; left: 0; height: number; width: number } => ({
  top: 0,
  left: 0,
  height,
  width,
});

describe('the Jaccard index of a mask of 2 × 2 patches', () => {
  // Each patch is two pixels wide and high.
  const upperLeft = { rows: 2, columns: 2, kept: Uint8Array.of(1, 0, 0, 0) };

  test('counts pixels: 4 kept, 6 of the object, 3 of both', () => {
    const scene = objects('0110', '1100', '1100', '0000');
    expect([...jaccardOfObjects(upperLeft, whole(scene), scene)]).toEqual([3 / (4 + 6 - 3)]);
  });

  test('is 1 on the object itself and 0 beside it', () => {
    const scene = objects('1100', '1100', '0022', '0022');
    expect([...jaccardOfObjects(upperLeft, whole(scene), scene)]).toEqual([1, 0]);
  });

  test('takes each object by itself: another object is background', () => {
    const scene = objects('1222', '1200', '0000', '0000');
    expect([...jaccardOfObjects(upperLeft, whole(scene), scene)]).toEqual([2 / 4, 2 / (4 + 4 - 2)]);
  });

  test('gives a pixel between two patches to the patch that its centre lies in', () => {
    const scene = objects('111'); // the left patch: pixel 0, and pixel 1 whose centre is at its right edge
    const [left, right] = [Uint8Array.of(1, 0), Uint8Array.of(0, 1)].map(
      (kept) => jaccardOfObjects({ rows: 1, columns: 2, kept }, whole(scene), scene)[0],
    );
    expect([left, right]).toEqual([1 / 3, 2 / 3]);
  });

  test('counts what was cut from the photograph as missed', () => {
    const scene = objects('111111');
    const middle = { top: 0, left: 1, height: 1, width: 4 };
    expect([...jaccardOfObjects({ rows: 1, columns: 2, kept: Uint8Array.of(1, 1) }, middle, scene)]).toEqual([
      4 / 6,
    ]);
    expect([...jaccardOfObjects({ rows: 1, columns: 2, kept: Uint8Array.of(0, 1) }, middle, scene)]).toEqual([
      2 / 6,
    ]);
  });

  test('is 0 where nothing is kept', () => {
    const scene = objects('11');
    const nothing = { rows: 1, columns: 1, kept: Uint8Array.of(0) };
    expect([...jaccardOfObjects(nothing, whole(scene), scene)]).toEqual([0]);
  });
});

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
