import { describe, expect, test } from 'vitest';
import { boxesOfObjects, borderLabel, type Objects } from './objects.ts';
import { bestFit, bestOverlap, countCells, haveSameShape, jaccardOfObjects, overlapOfBoxes } from './fit.ts';

/** @param rows one string a row of pixels, one digit a pixel; 9 is the border */
function objects(...rows: readonly string[]): Objects {
  const digits = Array.from(rows.join(''), Number);
  const labels = Uint8Array.from(digits, (digit) => (digit === 9 ? borderLabel : digit));
  const count = Math.max(...digits.filter((digit) => digit !== 9));
  return { height: rows.length, width: rows[0]?.length ?? 0, count, labels };
}
/** The objects fill the photograph, whose size may be another. */
const fitOf = (
  { rows, columns, kept }: { rows: number; columns: number; kept: ArrayLike<number> },
  scene: Objects,
  box = { top: 0, left: 0, height: scene.height, width: scene.width },
  photoSizePx = { height: scene.height, width: scene.width },
): number[] => [...jaccardOfObjects(kept, countCells(scene, { rows, columns, box, photoSizePx }))];

describe('the Jaccard index of a mask of 2 × 2 patches', () => {
  // Each patch is two pixels wide and high.
  const upperLeft = { rows: 2, columns: 2, kept: Uint8Array.of(1, 0, 0, 0) };

  test('counts pixels: 4 kept, 6 of the object, 3 of both', () => {
    expect(fitOf(upperLeft, objects('0110', '1100', '1100', '0000'))).toEqual([3 / (4 + 6 - 3)]);
  });

  test('is 1 on the object itself and 0 beside it', () => {
    expect(fitOf(upperLeft, objects('1100', '1100', '0022', '0022'))).toEqual([1, 0]);
  });

  test('takes each object by itself: another object is background', () => {
    expect(fitOf(upperLeft, objects('1222', '1200', '0000', '0000'))).toEqual([2 / 4, 2 / (4 + 4 - 2)]);
  });

  test('leaves the border out, inside the mask and outside of it', () => {
    // Kept: 3 pixels that count, 2 of them of the object, which has 3 that count.
    expect(fitOf(upperLeft, objects('1990', '1010', '0099', '0000'))).toEqual([2 / (3 + 3 - 2)]);
  });

  test('gives a pixel between two patches to the patch that its centre lies in', () => {
    const scene = objects('111'); // the left patch: pixel 0, and pixel 1 whose centre is at its right edge
    const fits = [
      [1, 0],
      [0, 1],
    ].map((kept) => fitOf({ rows: 1, columns: 2, kept }, scene));
    expect(fits).toEqual([[1 / 3], [2 / 3]]);
  });

  test('counts what was cut from the photograph as missed', () => {
    const middle = { top: 0, left: 1, height: 1, width: 4 };
    const scene = objects('111111');
    expect(fitOf({ rows: 1, columns: 2, kept: [1, 1] }, scene, middle)).toEqual([4 / 6]);
    expect(fitOf({ rows: 1, columns: 2, kept: [0, 1] }, scene, middle)).toEqual([2 / 6]);
  });

  test('is 0 where nothing is kept', () => {
    expect(fitOf({ rows: 1, columns: 1, kept: [0] }, objects('11'))).toEqual([0]);
  });

  test('is the same at another size of the mask', () => {
    const photo = { height: 12, width: 12 };
    const small = objects('0110', '1100', '1100', '0000');
    const box = { top: 0, left: 0, ...photo };
    expect(fitOf(upperLeft, small, box, photo)).toEqual([3 / (4 + 6 - 3)]);
  });
});

test('cells that are as many as pixels of a large photograph still count right', () => {
  const scene: Objects = { height: 300, width: 300, count: 1, labels: new Uint8Array(90_000).fill(1) };
  expect(fitOf({ rows: 1, columns: 1, kept: [1] }, scene)).toEqual([1]);
  expect(fitOf({ rows: 300, columns: 300, kept: new Uint8Array(90_000).fill(1, 0, 45_000) }, scene)).toEqual([
    0.5,
  ]);
});

test('a mask of another grid is a bug', () => {
  expect(() => fitOf({ rows: 1, columns: 2, kept: [1] }, objects('11'))).toThrow('1 cells');
});

describe('boxes', () => {
  const box = (top: number, left: number, height: number, width: number) => ({ top, left, height, width });

  test.each([
    ['the same', box(1, 2, 3, 4), 1],
    ['half as wide', box(1, 2, 3, 2), 0.5],
    // 2 × 3 of both, 12 and 6 of one.
    ['within', box(2, 3, 2, 3), 0.5],
    // 1 × 2 of both, 12 and 4 of one.
    ['at a corner', box(3, 4, 2, 2), 2 / 14],
    ['beside it', box(1, 6, 3, 4), 0],
    ['elsewhere', box(90, 90, 3, 4), 0],
  ])('%s', (_, other, overlap) => {
    expect(overlapOfBoxes(box(1, 2, 3, 4), other)).toBeCloseTo(overlap, 12);
    expect(overlapOfBoxes(other, box(1, 2, 3, 4))).toBeCloseTo(overlap, 12);
  });

  test('of several objects the best fitting one counts, and no box fits none', () => {
    const scene = objects('1100', '1100', '0022', '0022');
    const boxes = boxesOfObjects(scene, scene);
    expect(bestOverlap(box(2, 2, 2, 2), boxes)).toBe(1);
    expect(bestOverlap(box(0, 0, 2, 4), boxes)).toBe(0.5);
    expect(bestOverlap(null, boxes)).toBe(0);
  });
});

test('the best of several masks is chosen for each object', () => {
  expect(bestFit([Float64Array.of(0.75, 0.125), Float64Array.of(0.25, 0.5)])).toBe(0.625);
});

test.each([
  [{ height: 300, width: 451 }, { height: 300, width: 451 }, true],
  [{ height: 150, width: 225 }, { height: 300, width: 451 }, true],
  [{ height: 600, width: 902 }, { height: 300, width: 451 }, true],
  [{ height: 451, width: 300 }, { height: 300, width: 451 }, false],
  [{ height: 10, width: 10 }, { height: 300, width: 451 }, false],
  [{ height: 300, width: 440 }, { height: 300, width: 451 }, false],
  [{ height: 1, width: 1 }, { height: 1, width: 3 }, false],
])('%o is of the shape of %o: %s', (mask, photo, expected) => {
  expect(haveSameShape(mask, photo)).toBe(expected);
});
