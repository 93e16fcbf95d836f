import { runLock } from '../core/model-locks.ts';
import { withLock } from './with-lock.ts';

/** While `work` goes on, no other window writes this run. @throws FailureError 'run-busy' */
export const withRunLock = <T>(id: string, work: () => Promise<T>): Promise<T> =>
  withLock(runLock(id), { code: 'run-busy' }, work);
