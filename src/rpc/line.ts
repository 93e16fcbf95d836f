import { FailureError } from '../core/failure.ts';

/**
 * Puts work into a line, where one is done after the other.
 * @param signal while the work waits, an abort ends it at once, not when its turn comes
 * @throws FailureError 'cancelled' then
 */
export type InLine = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

export function openLine(): InLine {
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
