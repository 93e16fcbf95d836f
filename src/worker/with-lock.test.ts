import { afterEach, describe, expect, test, vi } from 'vitest';
import { failureOf } from '../core/failure.ts';
import { removeUnlocked, takeLock, withLock } from './with-lock.ts';

afterEach(() => void vi.unstubAllGlobals());

const withLocks = (isFree: boolean): void =>
  void vi.stubGlobal('navigator', {
    locks: {
      request: (name: string, _: unknown, work: (lock: object | null) => unknown) =>
        work(isFree ? { name } : null),
    },
  });

const busy = { code: 'run-busy' } as const;

test('what another window has is refused with the failure that the caller names', async () => {
  withLocks(false);
  const work = vi.fn<() => Promise<void>>();
  const thrown = await withLock('run-1', busy, work).catch((error: unknown) => error);
  expect(failureOf(thrown)).toEqual(busy);
  expect(work).not.toHaveBeenCalled();
});

test('where there are no locks the work is done', async () => {
  vi.stubGlobal('navigator', {});
  expect(await withLock('run-1', busy, () => Promise.resolve(3))).toBe(3);
});

describe('a lock that is taken for longer', () => {
  /** As the browser's: one holder at a time, and a signal ends the waiting. */
  const stubLocks = (): void => {
    let last = Promise.resolve<unknown>(null);
    vi.stubGlobal('navigator', {
      locks: {
        request: (_: string, { signal }: { signal: AbortSignal }, work: () => Promise<unknown>) => {
          const aborted = new Promise<never>((__, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason as Error));
          });
          const before = last;
          const turn = Promise.race([before, aborted]).then(work);
          last = turn.catch(() => before);
          return turn;
        },
      },
    });
  };

  test('is free again when it was given back, and not before', async () => {
    stubLocks();
    const release = await takeLock('c', busy, 1000);
    const refused = await takeLock('c', busy, 5).catch((error: unknown) => error);
    expect(failureOf(refused)).toEqual(busy);
    const waiting = takeLock('c', busy, 60_000);
    release();
    (await waiting)();
  });

  test('is no matter where there are none', async () => {
    vi.stubGlobal('navigator', {});
    const release = await takeLock('c', busy, 5);
    expect(release()).toBeUndefined();
  });
});

describe('what a crash has left', () => {
  test.each([
    ['is cleared away', 1, () => withLocks(true)],
    ['stays where somebody has the lock: it may be new', 0, () => withLocks(false)],
    ['stays where nobody could have one', 0, () => vi.stubGlobal('navigator', {})],
  ])('%s', async (_, times, prepare) => {
    prepare();
    const remove = vi.fn<() => Promise<void>>(() => Promise.resolve());
    await removeUnlocked('run-1', remove);
    expect(remove).toHaveBeenCalledTimes(times);
  });
});
