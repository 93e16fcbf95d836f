import { expect, test } from 'vitest';
import { seededRandom } from '../core/seeded-random.ts';
import { findLowestEntries } from './lowest-entries.ts';

const random = seededRandom(3);
/** From 2⁻³⁰ to 1, as attention spreads, with zeros and many equal ones. */
const values = Float32Array.from({ length: 3000 }, (_, i) =>
  i % 50 === 0 ? 0 : i % 7 === 0 ? 0.125 : 2 ** (-random.below(3_000_000) / 100_000),
);
const sorted = values.toSorted();

const inRows = (visit: (rows: Float32Array) => void): Promise<void> => {
  for (let begin = 0; begin < values.length; begin += 700) visit(values.subarray(begin, begin + 700));
  return Promise.resolve();
};

test.each([1, 5, 60, 61, 1234, 2400, 2700, 2999, 3000])('the %i lowest of 3000', async (n) => {
  const { threshold, ties } = await findLowestEntries(n, inRows);
  expect(threshold).toBe(sorted[n - 1]);
  const below = values.filter((value) => value < threshold).length;
  expect(below + ties).toBe(n);
  expect(ties).toBeGreaterThan(0);
});
