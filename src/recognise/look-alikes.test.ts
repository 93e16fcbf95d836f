import { describe, expect, test } from 'vitest';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { groupCases } from '../testing/recognition-fixtures.ts';
import { plainDots } from './dot-products.ts';
import { layOutByAxes } from './layout.ts';
import { groupLookAlikes, usualThreshold } from './look-alikes.ts';

describe.each(groupCases.map((each, at) => [at, each] as const))(
  'case %i',
  (_, { vectors, groups, places, medianDistance }) => {
    test('groups are SciPy’s connected components', async () => {
      for (const { threshold, of } of groups)
        expect(await groupLookAlikes(vectors.count, plainDots(vectors, vectors), threshold)).toEqual(of);
      expect(groups.some(({ of }) => of.length > 1)).toBe(true);
    });

    test('what is nearly the same depends on NumPy’s median distance', () => {
      expect(usualThreshold(vectors)).toBeCloseTo(1 - 0.08 * medianDistance, 6);
    });

    test('places are NumPy’s principal components', async () => {
      expect(maxAbsDifference(await layOutByAxes(vectors), places)).toBeLessThan(1e-5);
    });
  },
);

test('photographs that are all the same lie in one place', async () => {
  const values = Float32Array.from({ length: 30 }, (_, at) => [0.6, 0.8, 0][at % 3] as number);
  expect([...(await layOutByAxes({ count: 10, channels: 3, values }))]).toEqual(Array(20).fill(0));
  expect(await layOutByAxes({ count: 0, channels: 3, values: new Float32Array(0) })).toHaveLength(0);
});

test('of many photographs some pairs tell what is usual, and of two nothing does', () => {
  const values = Float32Array.from({ length: 2000 }, (_, at) => (at % 2 === Math.floor(at / 2) % 2 ? 1 : 0));
  // Half of the pairs have the cosine 1, the others 0; a few more have 0.
  expect(usualThreshold({ count: 1000, channels: 2, values })).toBeCloseTo(1 - 0.08, 6);
  expect(usualThreshold({ count: 2, channels: 2, values: values.subarray(0, 4) })).toBe(0.999);
});
