import { describe, expect, it } from 'vitest';
import type { AttentionResult } from '../../rpc/engine-contract.ts';
import { patchAnswer } from '../../testing/patch-answer.ts';
import type { AskedPatch, Outcome, Photo } from './photo.ts';
import { markedPatch, patchAt, patchBeside, pointOf, shownQuery } from './query.ts';

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
    // Where the grid has ended, and past the photograph's own edge.
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

describe('what is drawn', () => {
  const result = { ...grid, numRegisters: 1 } as AttentionResult;
  const photoOf = (asked: AskedPatch | null): Photo =>
    ({ state: { status: 'done', outcome: { result } as Outcome }, asked }) as Photo;
  const attention = patchAnswer({ row: 3, column: 0 });
  const asked: AskedPatch = { point: { x: 0, y: 0.5 }, progress: null, answer: { of: result, attention } };

  it('is the patch once it has answered, and the special token until then', () => {
    expect(shownQuery(photoOf(null), 1)).toBe(1);
    expect(shownQuery(photoOf({ ...asked, answer: null }), 1)).toBe(1);
    expect(shownQuery(photoOf(asked), 1)).toBe(attention);
    expect(markedPatch(photoOf({ ...asked, answer: null }))).toEqual({ row: 3, column: 0 });
  });

  it('is no answer that belongs to another result', () => {
    expect(shownQuery(photoOf({ ...asked, answer: { of: { ...result }, attention } }), 0)).toBe(0);
  });

  it('is CLS where there is no such register', () => {
    expect(shownQuery(photoOf(null), 2)).toBe(0);
  });
});
