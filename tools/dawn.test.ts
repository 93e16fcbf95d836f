import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { patiently } from './dawn.ts';

const faked = ['performance', 'setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'] as const;
beforeEach(() => void vi.useFakeTimers({ toFake: [...faked] }));
afterEach(() => void vi.useRealTimers());

type Later = (ask: (step: number) => void, step: number) => unknown;

/** Waits as the binding does: each call is made by the one before. @returns how often it asked */
async function wait(later: Later, ms: number): Promise<number> {
  const end = performance.now() + ms;
  let asked = 0;
  const ask = (step: number): void => {
    asked += step;
    if (performance.now() < end) later(ask, step);
  };
  later(ask, 1);
  for (let at = 0; at < 10 * ms; at++) await vi.advanceTimersByTimeAsync(0.1);
  return asked;
}

test('a wait is asked about in every turn for a millisecond, then once in each; one that follows is another', async () => {
  const everyTurn = vi.fn<(...call: Parameters<typeof setImmediate>) => NodeJS.Immediate>(
    globalThis.setImmediate,
  );
  const { setImmediate: later } = patiently(everyTurn as never, globalThis.clearImmediate);
  for (let waits = 0; waits < 2; waits++) {
    everyTurn.mockClear();
    const asked = await wait(later, 20);
    const eager = everyTurn.mock.calls.length;
    expect(eager).toBeGreaterThan(1);
    expect(asked - eager).toBeGreaterThan(15);
    expect(asked - eager).toBeLessThanOrEqual(20);
  }
});

test('a call is taken back, in either way', async () => {
  const { setImmediate: later, clearImmediate: takeBack } = patiently(
    globalThis.setImmediate,
    globalThis.clearImmediate,
  );
  const told = vi.fn<() => void>();
  takeBack(later(told));
  await wait((ask, ...values) => {
    takeBack(later(told));
    return later(ask, ...values);
  }, 20);
  expect(told).not.toHaveBeenCalled();
});
