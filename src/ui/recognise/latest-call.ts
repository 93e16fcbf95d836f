/**
 * Asks something about the open collection of the worker and shows it in the store. A new question takes the place of the one before. Where
 * another collection is opened, or the items of this one are counted anew, the answer would be about other photographs: it is not shown.
 */
import type { Failure } from '../../core/failure.ts';
import type { Result } from '../../core/result.ts';
import type { Asked, RecogniseStore } from './recognise-state.ts';

export interface LatestCall<T> {
  /** @param ask calls the worker. @returns what it answered; null where another question came meanwhile, or it failed */
  ask(
    ask: (signal: AbortSignal, tell: (share: number | null) => void) => Promise<Result<T, Failure>>,
  ): Promise<T | null>;
  /** What was known stays. */
  cancel(): void;
}

export function createLatestCall<T>(
  store: RecogniseStore,
  read: () => Asked<T>,
  write: (asked: Asked<T>) => void,
): LatestCall<T> {
  let current: AbortController | null = null;

  // The small pictures are made anew with the numbers of the items.
  store.subscribe(({ open }, before) => {
    if (open?.pictures === before.open?.pictures) return;
    current?.abort();
    current = null;
  });

  const rest = (): void => {
    const { value } = read();
    write(value === null ? { status: 'idle', value } : { status: 'done', value });
  };

  return {
    async ask(ask) {
      current?.abort();
      const mine = new AbortController();
      current = mine;
      write({ status: 'asking', value: read().value, share: null });
      const outcome = await ask(mine.signal, (share) => {
        if (current === mine) write({ status: 'asking', value: read().value, share });
      });
      if (current !== mine) return null;
      current = null;
      if (outcome.ok) {
        write({ status: 'done', value: outcome.value });
        return outcome.value;
      }
      if (outcome.error.code === 'cancelled') rest();
      else write({ status: 'failed', value: read().value, failure: outcome.error });
      return null;
    },

    cancel() {
      if (current === null) return;
      current.abort();
      current = null;
      rest();
    },
  };
}
