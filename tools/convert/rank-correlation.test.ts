import { expect, test } from 'vitest';
import { rankCorrelation } from './rank-correlation.ts';

// SciPy's spearmanr of the same numbers.
test.each<[string, number[], number[], number]>([
  ['the same order', [1, 2, 3], [10, 20, 1000], 1],
  ['the reverse', [1, 2, 3, 4], [4, 3, 2, -1], -1],
  ['one exchange', [1, 2, 3, 4, 5], [2, 1, 3, 4, 5], 0.9],
  ['ties', [1, 1, 2, 3], [1, 2, 3, 4], 0.9486832980505139],
  ['nothing in common', [1, 2, 3, 4], [2, 4, 1, 3], 0],
])('%s', (_, a, b, expected) => {
  expect(rankCorrelation(Float32Array.from(a), Float32Array.from(b))).toBeCloseTo(expected, 12);
});

test('values that are all equal have no order', () => {
  expect(rankCorrelation(Float32Array.of(1, 1), Float32Array.of(1, 2))).toBeNaN();
});

test('arrays of different lengths are a bug', () => {
  expect(() => rankCorrelation(new Float32Array(2), new Float32Array(3))).toThrow('2 and 3');
});
