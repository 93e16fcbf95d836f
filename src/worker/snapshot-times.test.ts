import { expect, test } from 'vitest';
import { thinSteps } from './snapshot-times.ts';

test('few are all kept', () => {
  expect(thinSteps([0, 5, 10], 4)).toEqual([0, 5, 10]);
});

test('of many the first, the last, and an even choice between them', () => {
  let kept: readonly number[] = [];
  for (let step = 0; step <= 10_000; step += 10) {
    kept = thinSteps([...kept, step], 40);
    expect(kept.length).toBeLessThanOrEqual(40);
    expect([kept[0], kept.at(-1)]).toEqual([0, step]);
  }
  const gaps = kept.slice(1).map((step, i) => step - (kept[i] ?? 0));
  // The newest are still close together; no part of the past has been forgotten.
  expect(Math.max(...gaps)).toBeLessThanOrEqual((4 * 10_000) / 40);
});
