import { afterEach, expect, test, vi } from 'vitest';
import { fewestGood, mayBeGood, timeRuns } from './tune-threads.ts';

type Times = readonly (readonly [threads: number, ms: number])[];

test.each<[string, Times, number]>([
  // A training step in WebKit, which reports four cores on a machine with two.
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

test.each<[string, [threads: number, msOfOne: number, leastMs: number], boolean]>([
  ['they would have to be more than twice as fast as one', [2, 40, 10], false],
  ['they may be as fast as four', [2, 24, 12], true],
  ['one thread is the fastest so far', [2, 30, 30], true],
])('half of the threads are timed where they may be good: %s', (_, times, expected) => {
  expect(mayBeGood(...times)).toBe(expected);
});

afterEach(() => vi.restoreAllMocks());

/**
 * Simulates runs of the given lengths, one after the other.
 * @returns the time that `timeRuns` reports, and the number of runs
 */
function timed(lengths: readonly number[], leastMs: number): { ms: number; runs: number } {
  let now = 0;
  let runs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const run = (): void => {
    now += lengths[runs] ?? NaN;
    runs += 1;
  };
  return { ms: timeRuns(run, leastMs), runs };
}

test('of a few runs the fastest counts', () => {
  expect(timed([30, 12, 10], Infinity)).toEqual({ ms: 10, runs: 3 });
  expect(timed([31, 12, 10, 11], 20)).toEqual({ ms: 31, runs: 1 });
  expect(timed([14, 12, 10], 10)).toEqual({ ms: 10, runs: 3 });
});
