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
  return locks.request(`dinoscope-${name}`, { ifAvailable: true }, (lock) => {
    if (lock === null) throw new FailureError(busy);
    return work();
  });
}

/**
 * Clears away what a crash has left half written. What somebody is just writing looks the same, and only its lock tells: where there are
 * no locks it stays.
 * @param remove throws a failure where it cannot be done now: it is tried again the next time
 */
export async function clearAway(name: string, remove: () => Promise<void>): Promise<void> {
  if (locksHere() === undefined) return;
  try {
    await withLock(name, { code: 'cancelled' }, remove);
  } catch (error) {
    if (failureOf(error) === null) throw error;
  }
}
