import { describe, expect, it, test } from 'vitest';
import { largestPart } from './connected-part.ts';
import { boxOfMask, cellsOfPixels, pixelsOfMasks, type MaskGrid } from './found-mask.ts';

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

  it('of cells that are smaller than a pixel has a pixel at least', () => {
    const fine: MaskGrid = {
      ...grid,
      rows: 240,
      columns: 480,
      box: { top: 0, left: 0, height: 60, width: 120 },
    };
    const last = new Uint8Array(240 * 480);
    last[last.length - 1] = 1;
    expect(boxOfMask(last, fine)).toEqual({ top: 59, left: 119, height: 1, width: 1 });
  });

  it('of an empty mask is none', () => {
    expect(boxOfMask(mask('....', '....'), grid)).toBeNull();
  });
});

describe('cells of patches that overlap', () => {
  // A patch of 4 px every 2 px: its cell is the 2 px around its middle. The network saw 1 px more on each side.
  const grid: MaskGrid = {
    rows: 1,
    columns: 3,
    box: { top: 1, left: 1, height: 2, width: 6 },
    seenBox: { top: 0, left: 0, height: 4, width: 8 },
    photoSizePx: { height: 4, width: 9 },
  };

  it('reach at the edges as far as the network saw', () => {
    const { rowOf, columnOf } = cellsOfPixels(grid);
    expect([...rowOf]).toEqual([0, 0, 0, 0]);
    expect([...columnOf]).toEqual([0, 0, 0, 1, 1, 2, 2, 2, -1]);
    expect(boxOfMask(mask('##.'), grid)).toEqual({ top: 0, left: 0, height: 4, width: 5 });
    expect(boxOfMask(mask('.##'), grid)).toEqual({ top: 0, left: 3, height: 4, width: 5 });
    const { inside } = pixelsOfMasks([{ title: '', grid, values: mask('.##'), box: null }]);
    expect([...inside.subarray(0, 9)]).toEqual([0, 0, 0, 1, 1, 1, 1, 1, 0]);
  });

  it('are the same on pixels of another size', () => {
    const { columnOf } = cellsOfPixels(grid, { height: 8, width: 18 });
    expect([...columnOf]).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, -1, -1]);
  });
});

test('the largest part is connected through sides; of equal ones it is the first', () => {
  const grid = { rows: 3, columns: 4 };
  expect(largestPart(mask('##..', '..##', '..#.'), grid)).toEqual(mask('....', '..##', '..#.'));
  expect(largestPart(mask('#..#', '#..#', '....'), grid)).toEqual(mask('#...', '#...', '....'));
  expect(largestPart(mask('....', '....', '....'), grid)).toEqual(mask('....', '....', '....'));
});
