import { expect, test } from 'vitest';
import { transposed } from './transposed.ts';

test.each([
  [1, 7],
  [7, 1],
  [32, 64],
  [33, 65],
  [70, 31],
])('%i × %i is transposed', (rows, columns) => {
  const values = Float32Array.from({ length: rows * columns }, (_, i) => i);
  const turned = transposed(values, rows, columns);
  const back = Array.from(
    { length: rows * columns },
    (_, i) => turned[(i % columns) * rows + Math.floor(i / columns)],
  );
  expect(back).toEqual([...values]);
});
