import { withLock } from './with-lock.ts';

/** The name of a run's lock. */
export const runLock = (id: string): string => `run-${id}`;

/** While `work` goes on, no other window writes this run. @throws FailureError 'run-busy' */
export const withRunLock = <T>(id: string, work: () => Promise<T>): Promise<T> =>
  withLock(runLock(id), { code: 'run-busy' }, work);
