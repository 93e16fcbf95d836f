import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patiently } from './dawn.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'setImmediate'] }));
afterEach(() => void vi.useRealTimers());

test('a wait is asked about in every turn at first, then once in a millisecond, and the next wait as the first', async () => {
  const everyTurn = vi.fn<typeof setImmediate>(globalThis.setImmediate);
  const later = patiently(everyTurn as unknown as typeof setImmediate);
  const seen: string[] = [];
  const ask = async (what: string): Promise<boolean> => {
    everyTurn.mockClear();
    later((told: string) => void seen.push(told), what);
    const isAtOnce = everyTurn.mock.calls.length === 1;
    await vi.advanceTimersByTimeAsync(1);
    return isAtOnce;
  };
  expect(await ask('a')).toBe(true);
  expect(await ask('b')).toBe(false);
  expect(await ask('c')).toBe(false);
  await vi.advanceTimersByTimeAsync(50);
  expect(await ask('d')).toBe(true);
  expect(seen).toEqual(['a', 'b', 'c', 'd']);
});
