import { afterEach, describe, expect, test, vi } from 'vitest';
import { FailureError, failureOf } from '../core/failure.ts';
import { removeLeftovers, takeLock, withLock } from './with-lock.ts';

afterEach(() => void vi.unstubAllGlobals());

const busy = { code: 'run-busy' } as const;

interface Options {
  readonly signal?: AbortSignal;
  readonly ifAvailable?: boolean;
}

/** As the browser's: one holder of a name at a time, in the order of asking; a signal ends the waiting. */
function stubLocks(): void {
  const waiting = new Map<string, Promise<unknown>>();
  const request = (
    name: string,
    { signal, ifAvailable }: Options,
    work: (lock: object | null) => unknown,
  ) => {
    const before = waiting.get(name);
    if (ifAvailable === true && before !== undefined) return Promise.resolve(work(null));
    const aborted = new Promise<never>((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason as Error));
    });
    const turn = Promise.race([before ?? Promise.resolve(), aborted]).then(() => work({ name }));
    const ended: Promise<unknown> = Promise.allSettled([before, turn]).then(() => {
      if (waiting.get(name) === ended) waiting.delete(name);
    });
    waiting.set(name, ended);
    return turn;
  };
  vi.stubGlobal('navigator', { locks: { request } });
}

const without = (): void => void vi.stubGlobal('navigator', {});

const failureIn = async (work: Promise<unknown>) => failureOf(await work.catch((error: unknown) => error));

describe('a lock', () => {
  test('is free again when it was given back, and not before', async () => {
    stubLocks();
    const release = await takeLock('c', busy, 1000);
    expect(await failureIn(takeLock('c', busy, 5))).toEqual(busy);
    const waiting = takeLock('c', busy, 60_000);
    release();
    (await waiting)();
  });

  test('is no matter where there are none', async () => {
    without();
    const release = await takeLock('c', busy, 5);
    expect(release()).toBeUndefined();
    expect(await withLock('c', busy, () => Promise.resolve(3))).toBe(3);
  });

  test('that another window keeps ends in the failure that the caller names, and its work is not done', async () => {
    stubLocks();
    await takeLock('c', busy);
    const work = vi.fn<() => Promise<void>>();
    expect(await failureIn(withLock('c', busy, work, 5))).toEqual(busy);
    expect(work).not.toHaveBeenCalled();
  });

  test('that another window has for a moment is waited for', async () => {
    stubLocks();
    const release = await takeLock('c', busy);
    const work = withLock('c', busy, () => Promise.resolve(3));
    setTimeout(release, 20);
    expect(await work).toBe(3);
  });

  test('that the browser refuses for another reason is not called busy', async () => {
    const request = () => Promise.reject(new DOMException('no', 'SecurityError'));
    vi.stubGlobal('navigator', { locks: { request } });
    await expect(takeLock('c', busy)).rejects.toThrow('no');
  });

  test('is free after work that failed', async () => {
    stubLocks();
    const failed = withLock('c', busy, () => Promise.reject(new FailureError({ code: 'cancelled' })));
    expect(await failureIn(failed)).toEqual({ code: 'cancelled' });
    expect(await withLock('c', busy, () => Promise.resolve(3), 50)).toBe(3);
  });
});

describe('what a crash has left', () => {
  const lockOf = (id: string): string => `run-${id}`;

  async function removedOf(
    seen: readonly string[],
    incomplete: readonly string[] = seen,
    refused: readonly string[] = [],
  ) {
    const removed: string[] = [];
    await removeLeftovers(seen, {
      lockOf,
      find: () => Promise.resolve(incomplete),
      remove: async (id) => {
        if (refused.includes(id)) throw new FailureError({ code: 'run-busy' });
        removed.push(id);
      },
    });
    return removed;
  }

  test('is cleared away, and its lock is free then', async () => {
    stubLocks();
    expect(await removedOf(['1', '2'])).toEqual(['1', '2']);
    (await takeLock(lockOf('1'), busy, 50))();
  });

  test('stays where somebody has the lock: it may be new', async () => {
    stubLocks();
    await takeLock(lockOf('1'), busy);
    expect(await removedOf(['1', '2'])).toEqual(['2']);
  });

  test('stays where it was completed since, though nobody has the lock any more', async () => {
    stubLocks();
    expect(await removedOf(['1', '2'], ['2'])).toEqual(['2']);
  });

  test('stays where nobody could have a lock', async () => {
    without();
    expect(await removedOf(['1'])).toEqual([]);
  });

  test('is left for the next time where it cannot be removed now', async () => {
    stubLocks();
    expect(await removedOf(['1', '2'], ['1', '2'], ['1'])).toEqual(['2']);
  });

  test('other errors are told', async () => {
    stubLocks();
    const broken = removeLeftovers(['1'], {
      lockOf,
      find: () => Promise.reject(new TypeError('broken')),
      remove: () => Promise.resolve(),
    });
    await expect(broken).rejects.toThrow('broken');
  });
});
