import { lockName } from '../core/model-locks.ts';
import { FailureError, failureOf, type Failure } from '../core/failure.ts';

// Pages without https have no locks, and share no storage between windows.
const locksHere = (): LockManager | undefined =>
  (globalThis.navigator as Partial<Navigator> | undefined)?.locks;

/**
 * Two windows must not write one thing. A crashed window's lock is released by the browser.
 * @param busy told where another window has it @throws FailureError `busy`
 */
export async function withLock<T>(name: string, busy: Failure, work: () => Promise<T>): Promise<T> {
  const locks = locksHere();
  if (locks === undefined) return work();
  return locks.request(lockName(name), { ifAvailable: true }, (lock) => {
    if (lock === null) throw new FailureError(busy);
    return work();
  });
}

/**
 * Takes a lock for longer than one piece of work.
 * @param waitMs how long another window, or a worker that was just ended, may still have it
 * @returns gives it back @throws FailureError `busy`
 */
export async function takeLock(name: string, busy: Failure, waitMs: number): Promise<() => void> {
  const locks = locksHere();
  if (locks === undefined) return () => undefined;
  return new Promise((resolve, reject) => {
    const hold = (): Promise<void> => new Promise((release) => resolve(release));
    locks
      .request(lockName(name), { signal: AbortSignal.timeout(waitMs) }, hold)
      .catch(() => reject(new FailureError(busy)));
  });
}

/**
 * Removes what a crash has left incomplete. What another window is just writing looks the same and differs only by
 * its lock; where there are no locks, nothing is removed.
 * @param remove throws a failure where it cannot be done now: it is tried again the next time
 */
export async function removeUnlocked(name: string, remove: () => Promise<void>): Promise<void> {
  if (locksHere() === undefined) return;
  try {
    await withLock(name, { code: 'cancelled' }, remove);
  } catch (error) {
    if (failureOf(error) === null) throw error;
  }
}
