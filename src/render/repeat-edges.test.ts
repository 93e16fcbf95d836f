import { expect, it } from 'vitest';
import { repeatEdges } from './repeat-edges.ts';

it('repeats the outermost values beyond each edge', () => {
  const grid = { height: 2, width: 3, values: Float32Array.of(1, 2, 3, 4, 5, 6) };
  expect(repeatEdges(grid, 1)).toEqual({
    height: 4,
    width: 5,
    values: Float32Array.of(1, 1, 2, 3, 3, 1, 1, 2, 3, 3, 4, 4, 5, 6, 6, 4, 4, 5, 6, 6),
  });
});

it('keeps the kind of array, and the grid itself where nothing is repeated', () => {
  const grid = { height: 1, width: 1, values: Uint8Array.of(1) };
  expect(repeatEdges(grid, 2).values).toEqual(new Uint8Array(25).fill(1));
  expect(repeatEdges(grid, 0)).toBe(grid);
});
