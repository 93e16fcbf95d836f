import { expect, test } from 'vitest';
import { fewestGood } from './tune-threads.ts';

type Times = readonly (readonly [threads: number, ms: number])[];

test.each<[string, Times, number]>([
  // A training step in WebKit, which says four cores of two.
  [
    'one, where more are slower',
    [
      [4, 557],
      [2, 400],
      [1, 314],
    ],
    1,
  ],
  [
    'all, where each one helps',
    [
      [4, 10],
      [2, 18],
      [1, 35],
    ],
    4,
  ],
  [
    'half, where the rest are no cores of their own',
    [
      [4, 10],
      [2, 10.5],
      [1, 20],
    ],
    2,
  ],
  ['the only ones', [[2, 10]], 2],
])('the threads that are taken: %s', (_, times, expected) => {
  expect(fewestGood(times)).toBe(expected);
});
