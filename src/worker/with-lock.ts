import { lockName } from '../core/model-locks.ts';
import { FailureError, type Failure } from '../core/failure.ts';

// Pages without https have no locks, and share no storage between windows.
const locksHere = (): LockManager | undefined =>
  (globalThis.navigator as Partial<Navigator> | undefined)?.locks;

/**
 * What holds a lock for a moment is waited for: leftovers that are being removed, here or in another window, and a worker that was just
 * ended. What holds it for longer is another window's work.
 */
const lockWaitMs = 3000;

/** Some browsers tell every end of the waiting as an abort. */
const isTimeout = (error: unknown): boolean =>
  error instanceof DOMException && ['TimeoutError', 'AbortError'].includes(error.name);

/**
 * Takes a lock for longer than one piece of work. A crashed window's lock is released by the browser.
 * @param busy told where another window has it @param waitMs how long it may have it
 * @returns gives it back @throws FailureError `busy`
 */
export async function takeLock(name: string, busy: Failure, waitMs = lockWaitMs): Promise<() => void> {
  const locks = locksHere();
  if (locks === undefined) return () => undefined;
  return new Promise((resolve, reject) => {
    const hold = (): Promise<void> => new Promise((release) => resolve(release));
    locks
      .request(lockName(name), { signal: AbortSignal.timeout(waitMs) }, hold)
      .catch((error: unknown) => reject(isTimeout(error) ? new FailureError(busy) : (error as Error)));
  });
}

/** Two windows must not write one thing. The parameters are those of `takeLock`. @throws FailureError `busy` */
export async function withLock<T>(
  name: string,
  busy: Failure,
  work: () => Promise<T>,
  waitMs = lockWaitMs,
): Promise<T> {
  const release = await takeLock(name, busy, waitMs);
  try {
    return await work();
  } finally {
    release();
  }
}

interface Leftovers {
  lockOf(id: string): string;
  /** Those that are incomplete now. */
  find(): Promise<readonly string[]>;
  /** @throws a failure where it cannot be done now: it is tried again the next time */
  remove(id: string): Promise<void>;
}

/**
 * Removes what a crash has left incomplete. What another window is just writing looks the same and differs only by its lock; where
 * there are no locks, nothing is removed.
 * @param seen incomplete a moment ago. One that was completed since, and whose lock is free again, stays.
 */
export async function removeLeftovers(
  seen: readonly string[],
  { lockOf, find, remove }: Leftovers,
): Promise<void> {
  const locks = locksHere();
  if (locks === undefined) return;
  for (const id of seen)
    try {
      await locks.request(lockName(lockOf(id)), { ifAvailable: true }, async (lock) => {
        if (lock !== null && (await find()).includes(id)) await remove(id);
      });
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
    }
}
