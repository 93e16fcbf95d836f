import { FailureError } from '../core/failure.ts';

/**
 * Adds work to a queue, in which one thing is done after another.
 * @param signal an abort ends waiting work at once, not when its turn comes
 * @throws FailureError 'cancelled' then
 */
export type Enqueue = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function createSerialQueue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return (work, signal) => {
    const cancelled = new FailureError({ code: 'cancelled' });
    let hasBegun = false;
    const turn = last.then(() => {
      if (signal?.aborted === true) throw cancelled;
      hasBegun = true;
      return work();
    });
    last = turn.catch(() => undefined);
    return signal === undefined
      ? turn
      : new Promise((resolve, reject) => {
          turn.then(resolve, reject);
          const leave = (): void => {
            if (!hasBegun) reject(cancelled);
          };
          if (signal.aborted) leave();
          signal.addEventListener('abort', leave, { once: true });
        });
  };
}
