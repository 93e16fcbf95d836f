import { FailureError, type Failure } from '../core/failure.ts';

/**
 * Two windows must not write one thing. A crashed window's lock is released by the browser.
 * @param busy told where another window has it @throws FailureError `busy`
 */
export async function withLock<T>(name: string, busy: Failure, work: () => Promise<T>): Promise<T> {
  // Pages without https have no locks, and share no storage between windows.
  const locks = (globalThis.navigator as Partial<Navigator> | undefined)?.locks;
  if (locks === undefined) return work();
  return locks.request(`dinoscope-${name}`, { ifAvailable: true }, (lock) => {
    if (lock === null) throw new FailureError(busy);
    return work();
  });
}
