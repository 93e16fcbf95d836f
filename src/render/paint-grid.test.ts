import { expect, test } from 'vitest';
import { savedGridSize } from './paint-grid.ts';

test('photographs of any shape have cells of one, 1024 px wide while that fits', () => {
  expect(savedGridSize(3, 3)).toMatchObject({ cell: { width: 1024, height: 768 }, width: 3088, height: 768 });
  expect(savedGridSize(10, 5)).toMatchObject({ cell: { width: 811, height: 608 } });
  expect(savedGridSize(10, 5).width).toBeLessThanOrEqual(4096);
});

test('the sides of a comparison have the photograph’s shape and size', () => {
  const square = savedGridSize(2, 2, { width: 512, height: 512 });
  expect(square).toMatchObject({ cell: { width: 512, height: 512 }, width: 1032, height: 512 });
  // 2 × 2040 and the space between them are 4088 px.
  expect(savedGridSize(2, 2, { width: 4080, height: 3060 }).cell).toEqual({ width: 2040, height: 1530 });
  expect(savedGridSize(2, 2, { width: 1500, height: 8000 }).cell).toEqual({ width: 767, height: 4088 });
});
