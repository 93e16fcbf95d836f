import { FailureError } from '../core/failure.ts';

/**
 * Adds work to a queue, in which one thing is done after another.
 * @param signal an abort ends waiting work at once, not when its turn comes
 * @throws FailureError 'cancelled' then
 */
export type Enqueue = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function createSerialQueue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return <T>(work: () => Promise<T>, signal?: AbortSignal) =>
    new Promise<T>((resolve, reject) => {
      const leave = (): void => reject(new FailureError({ code: 'cancelled' }));
      if (signal?.aborted === true) return leave();
      signal?.addEventListener('abort', leave);
      const turn = last.then(() => {
        // What has begun hears of a cancel by itself. A signal may live for many pieces of work, as that of a run of training does.
        signal?.removeEventListener('abort', leave);
        if (signal?.aborted !== true) return work();
        throw new FailureError({ code: 'cancelled' });
      });
      last = turn.catch(() => undefined);
      turn.then(resolve, reject);
    });
}
