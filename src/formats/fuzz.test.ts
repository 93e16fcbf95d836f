import { expect, test } from 'vitest';
import { fuzzFormats } from '../testing/fuzz-formats.ts';

test('four thousand damaged files of every format end in tensors that fit the file, or in a typed failure', async () => {
  const { runs, faults, opened, refused, tensorsRead } = await fuzzFormats(1, 4000);
  expect(faults).toEqual([]);
  expect(opened + refused).toBeGreaterThanOrEqual(4000);
  // The damage is neither so mild nor so coarse that only one way is tried.
  expect(Object.keys(runs)).toHaveLength(11);
  expect(opened).toBeGreaterThan(400);
  expect(refused).toBeGreaterThan(1500);
  expect(tensorsRead).toBeGreaterThan(1000);
});
