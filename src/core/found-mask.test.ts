import { describe, expect, it, test } from 'vitest';
import { largestPart } from './connected-part.ts';
import { boxOfMask, type MaskGrid } from './found-mask.ts';

const mask = (...rows: string[]): Uint8Array =>
  Uint8Array.from(rows.join(''), (cell) => (cell === '#' ? 1 : 0));

describe('the box of a mask', () => {
  const grid: MaskGrid = {
    rows: 2,
    columns: 4,
    box: { top: 10, left: 0, height: 40, width: 120 },
    photoSizePx: { height: 60, width: 120 },
  };

  it('is in pixels of the photograph', () => {
    expect(boxOfMask(mask('....', '.##.'), grid)).toEqual({ top: 30, left: 30, height: 20, width: 60 });
  });

  it('stays within a photograph that the grid reaches over', () => {
    const wide = { ...grid, box: { top: -10, left: -4, height: 80, width: 128 } };
    expect(boxOfMask(mask('####', '####'), wide)).toEqual({ top: 0, left: 0, height: 60, width: 120 });
  });

  it('of an empty mask is none', () => {
    expect(boxOfMask(mask('....', '....'), grid)).toBeNull();
  });
});

test('the largest part is connected through sides; of equal ones it is the first', () => {
  const grid = { rows: 3, columns: 4 };
  expect(largestPart(mask('##..', '..##', '..#.'), grid)).toEqual(mask('....', '..##', '..#.'));
  expect(largestPart(mask('#..#', '#..#', '....'), grid)).toEqual(mask('#...', '#...', '....'));
  expect(largestPart(mask('....', '....', '....'), grid)).toEqual(mask('....', '....', '....'));
});
