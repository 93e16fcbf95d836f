import { describe, expect, it } from 'vitest';
import {
  isSamePatch,
  outlineOfPatches,
  patchAt,
  patchBeside,
  patchesWithin,
  pickedWithin,
  pointOf,
} from './photo-point.ts';

/** 6 × 12 patches that leave 10 px of the photograph's height at each end. */
const grid = {
  rows: 6,
  columns: 12,
  box: { top: 10, left: 0, height: 60, width: 120 },
  photoSizePx: { height: 80, width: 120 },
};

describe('a point of the photograph', () => {
  it.each([
    [
      { x: 0, y: 0.5 },
      { row: 3, column: 0 },
    ],
    [
      { x: 0.999, y: 0.13 },
      { row: 0, column: 11 },
    ],
    // Outside of the grid, and outside of the photograph.
    [
      { x: 1, y: 0.02 },
      { row: 0, column: 11 },
    ],
    [
      { x: -0.1, y: 1.2 },
      { row: 5, column: 0 },
    ],
  ])('%o lies in patch %o', (point, patch) => {
    expect(patchAt(point, grid)).toEqual(patch);
  });

  it('is the middle of its patch, for every patch', () => {
    for (let row = 0; row < grid.rows; row++)
      for (let column = 0; column < grid.columns; column++)
        expect(patchAt(pointOf({ row, column }, grid), grid)).toEqual({ row, column });
  });
});

it('beside the last patch is the last patch', () => {
  expect(patchBeside({ row: 5, column: 3 }, { down: 1, right: 0 }, grid)).toEqual({ row: 5, column: 3 });
  expect(patchBeside({ row: 0, column: 3 }, { down: -1, right: 0 }, grid)).toEqual({ row: 0, column: 3 });
  expect(patchBeside({ row: 2, column: 3 }, { down: 0, right: -1 }, grid)).toEqual({ row: 2, column: 2 });
});

it('keeps its place on a grid that is twice as fine', () => {
  const fine = { ...grid, rows: 12, columns: 24 };
  expect(patchAt(pointOf({ row: 3, column: 6 }, grid), fine)).toEqual({ row: 7, column: 13 });
});

it.each([
  [{ row: 2, column: 3 }, true],
  [{ row: 3, column: 2 }, false],
  [{ row: 2, column: 4 }, false],
])('patch (2, 3) is %o: %s', (other, isSame) => {
  expect(isSamePatch({ row: 2, column: 3 }, other)).toBe(isSame);
});

describe('an outline', () => {
  it('holds the patches whose middle is inside', () => {
    // Patches are 10 px a side and begin 10 px from the top: a triangle over the middles at (15, 15), (15, 25) and (25, 25).
    const triangle = [
      { x: 14 / 120, y: 12 / 80 },
      { x: 14 / 120, y: 26 / 80 },
      { x: 28 / 120, y: 26 / 80 },
    ];
    expect(patchesWithin(triangle, grid)).toEqual([
      { row: 0, column: 1 },
      { row: 1, column: 1 },
      { row: 1, column: 2 },
    ]);
    expect(patchesWithin(triangle.slice(0, 2), grid)).toEqual([]);
  });

  it('holds a rectangle of patches, from any corner to the opposite one', () => {
    const [a, b] = [
      { row: 4, column: 2 },
      { row: 3, column: 4 },
    ];
    const inside = [3, 4].flatMap((row) => [2, 3, 4].map((column) => ({ row, column })));
    expect(patchesWithin(outlineOfPatches(a, b, grid), grid)).toEqual(inside);
    expect(patchesWithin(outlineOfPatches(b, a, grid), grid)).toEqual(inside);
    expect(patchesWithin(outlineOfPatches(a, a, grid), grid)).toEqual([a]);
  });

  it('is picked in the middle of what it spans', () => {
    const outline = outlineOfPatches({ row: 0, column: 0 }, { row: 0, column: 2 }, grid);
    const picked = pickedWithin(outline);
    expect(picked.outline).toBe(outline);
    expect(patchAt(picked, grid)).toEqual({ row: 0, column: 1 });
  });
});
