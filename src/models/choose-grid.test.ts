import { describe, expect, test } from 'vitest';
import type { PatchGrid, Size } from '../core/geometry.ts';
import { chooseGrid, type GridClues } from './choose-grid.ts';

const nothing: GridClues = {
  said: undefined,
  described: undefined,
  imageSizesPx: [],
  patchSizePx: 8,
  lacksClsPosition: false,
};

const grid = (rows: number, columns: number): PatchGrid => ({ rows, columns });
const size = (height: number, width: number): Size => ({ height, width });

test.each([
  [197, 14],
  [1370, 37],
  [2, 1],
])('%d positions of which nothing is known are CLS and a square of %d', (positions, side) => {
  expect(chooseGrid(positions, nothing)).toEqual({ grid: grid(side, side), hasClsPosition: true });
});

// n × (n + 2) patches and CLS are as many as (n + 1)² patches.
test.each([49, 9, 196, 1369, 46, 198, 3, 1, 0])(
  '%d positions of which nothing is known are never guessed',
  (positions) => {
    expect(() => chooseGrid(positions, nothing)).toThrow(
      expect.objectContaining({ failure: { code: 'grid-unknown', positions } }) as Error,
    );
  },
);

test.each([
  // 2 × 5 and 10 × 17 patches are as many as CLS and a square.
  [10, undefined],
  [170, undefined],
  [196, grid(14, 14)],
])('%d positions of a network with timm’s registers are %j, or never guessed', (positions, square) => {
  const clues = { ...nothing, lacksClsPosition: true, hasTimmRegisters: true };
  if (square !== undefined)
    expect(chooseGrid(positions, clues)).toEqual({ grid: square, hasClsPosition: false });
  else
    expect(() => chooseGrid(positions, clues)).toThrow(
      expect.objectContaining({ failure: { code: 'grid-unknown', positions } }) as Error,
    );
});

describe('what somebody says is believed', () => {
  test.each([
    [49, grid(6, 8), true],
    [49, grid(8, 6), true],
    [49, grid(7, 7), false],
    [17, grid(2, 8), true],
    [196, grid(14, 14), false],
    [196, grid(13, 15), true],
  ])('%d positions, %j', (positions, said, hasClsPosition) => {
    // Against an image size, too.
    const clues = { ...nothing, said, imageSizesPx: [size(32, 32)], lacksClsPosition: true };
    expect(chooseGrid(positions, clues)).toEqual({ grid: said, hasClsPosition });
  });

  test('unless it does not fit', () => {
    expect(() => chooseGrid(49, { ...nothing, said: grid(5, 9) })).toThrow(
      expect.objectContaining({
        failure: {
          code: 'checkpoint-invalid',
          problem:
            'its pos_embed has 49 positions, which are not those of 5 × 9 patches, with or without CLS',
        },
      }) as Error,
    );
  });
});

test('our own config is believed, also where it does not fit: then the check of all parameters says so', () => {
  const described = grid(6, 8);
  expect(chooseGrid(49, { ...nothing, described })).toEqual({ grid: described, hasClsPosition: true });
  expect(chooseGrid(48, { ...nothing, described })).toEqual({ grid: described, hasClsPosition: false });
  expect(chooseGrid(17, { ...nothing, described })).toEqual({ grid: described, hasClsPosition: true });
  expect(chooseGrid(49, { ...nothing, described, said: grid(8, 6) }).grid).toEqual(grid(8, 6));
});

describe('an image size tells the grid where exactly one fits', () => {
  test.each<[string, number, Size[], PatchGrid, boolean]>([
    ['oblong', 49, [size(48, 64)], grid(6, 8), true],
    ['without CLS', 49, [size(56, 56)], grid(7, 7), false],
    ['not whole patches', 49, [size(55, 71)], grid(6, 8), true],
    ['oblong with as many as a square', 17, [size(16, 64)], grid(2, 8), true],
    ['one of another training', 49, [size(224, 224), size(48, 64)], grid(6, 8), true],
    ['of another training alone, and a square', 17, [size(224, 224)], grid(4, 4), true],
    ['the same twice', 49, [size(48, 64), size(48, 64)], grid(6, 8), true],
  ])('%s', (_, positions, imageSizesPx, expected, hasClsPosition) => {
    expect(chooseGrid(positions, { ...nothing, imageSizesPx })).toEqual({ grid: expected, hasClsPosition });
  });

  test.each<[string, Size[], number | undefined]>([
    ['two that fit', [size(48, 64), size(64, 48)], 8],
    ['none', [size(224, 224)], 8],
    ['no patch size', [size(48, 64)], undefined],
    ['a patch size of nothing', [size(48, 64)], 0],
  ])('not %s', (_, imageSizesPx, patchSizePx) => {
    expect(() => chooseGrid(49, { ...nothing, imageSizesPx, patchSizePx })).toThrow('grid-unknown');
  });
});

test('names of a family that keeps no position for CLS make a square of a square, and nothing of the rest', () => {
  const clues = { ...nothing, lacksClsPosition: true };
  expect(chooseGrid(1369, clues)).toEqual({ grid: grid(37, 37), hasClsPosition: false });
  expect(chooseGrid(1370, clues)).toEqual({ grid: grid(37, 37), hasClsPosition: true });
  expect(() => chooseGrid(48, clues)).toThrow('grid-unknown');
});
