import { withLock } from './with-lock.ts';

/** Of a run, among all that this page locks. */
export const runLock = (id: string): string => `run-${id}`;

/** While it works nobody else, in another window, writes this run. @throws FailureError 'run-busy' */
export const withRunLock = <T>(id: string, work: () => Promise<T>): Promise<T> =>
  withLock(runLock(id), { code: 'run-busy' }, work);
