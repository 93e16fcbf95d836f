import { expect, it } from 'vitest';
import { columnsFor } from './grid-columns.ts';

it.each([
  // One above the other on a phone, beside each other on a wide screen.
  [2, { width: 390, height: 700 }, 1],
  [2, { width: 800, height: 400 }, 2],
  [3, { width: 1200, height: 300 }, 3],
  [4, { width: 800, height: 600 }, 2],
  [9, { width: 800, height: 600 }, 3],
  [1, { width: 800, height: 600 }, 1],
])('%i pictures in %o stand in %i columns', (count, size, columns) => {
  expect(columnsFor(count, size)).toBe(columns);
});
