import { describe, expect, test } from 'vitest';
import { fuzz } from './fuzz-target.ts';
import { fuzzTargets } from './fuzz-targets.ts';

const targets = await fuzzTargets();

/** `npm run fuzz` does a hundred thousand of each: docs/fuzz.md. */
const runs = 300;

describe('three hundred damaged inputs end as whole ones do, or in a typed failure', () => {
  test.each(targets.map((target) => [target.name, target] as const))('%s', async (_, target) => {
    const { faults, taken, refused } = await fuzz(target, 1, runs);
    expect(faults).toEqual([]);
    expect(taken + refused).toBe(runs);
    // The damage must be neither so small nor so large that all inputs have the same outcome.
    expect(Math.min(taken, refused)).toBeGreaterThan(0);
  });
});

test('a run can be had again by itself', async () => {
  const seen: number[] = [];
  const target = {
    name: 'a',
    run: (random: { below(limit: number): number }) => seen.push(random.below(1e6)) > 0,
  };
  await fuzz(target, 7, 5);
  await fuzz(target, 7, 1, 3);
  expect(seen[5]).toBe(seen[3]);
  expect(new Set(seen).size).toBe(5);
});

test('what is thrown and is no typed failure is a fault, with the number of its run', async () => {
  let count = 0;
  const run = (): boolean => {
    if (++count === 3) throw new TypeError('x is undefined');
    return true;
  };
  expect(await fuzz({ name: 'a', run }, 1, 4)).toMatchObject({
    taken: 3,
    refused: 0,
    faults: ['run 2: TypeError: x is undefined'],
  });
});
