import { afterEach, expect, test, vi } from 'vitest';
import { forEachInSlices } from './in-slices.ts';
import type { yieldToEventLoop } from './yield-to-event-loop.ts';

const seen: (number | 'others')[] = [];
vi.mock('./yield-to-event-loop.ts', () => ({
  yieldToEventLoop: vi.fn<typeof yieldToEventLoop>(async () => void seen.push('others')),
}));

afterEach(() => vi.restoreAllMocks());

test('others have their turn whenever a slice has taken 10 ms', async () => {
  // By this clock each item takes 4 ms.
  let nowMs = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => nowMs);
  await forEachInSlices([1, 2, 3, 4, 5, 6, 7], (item) => {
    seen.push(item);
    nowMs += 4;
  });
  expect(seen).toEqual([1, 2, 3, 'others', 4, 5, 6, 'others', 7]);
});
