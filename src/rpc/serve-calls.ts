/** The worker's end of a contract: calls in, answers out, whatever the worker does. */
import { failureOf, type Failure } from '../core/failure.ts';
import { fail, type Result } from '../core/result.ts';
import type { ContractShape, FromWorker, ToWorker } from './messages.ts';

export interface CallContext<Progress> {
  readonly signal: AbortSignal;
  onProgress(progress: Progress): void;
}

export type Handlers<C extends ContractShape<C>> = {
  readonly [M in keyof C]: (
    request: C[M]['request'],
    context: CallContext<C[M]['progress']>,
  ) => Promise<Result<C[M]['result'], Failure>>;
};

export interface ServeOptions<C extends ContractShape<C>> {
  /** Calls of these methods run one after the other, in the order they came. */
  readonly oneByOne: readonly (keyof C)[];
  /** Whether the worker is of no more use after this: the client then fails every open call and starts another. */
  isFinal(method: keyof C, failure: Failure): boolean;
  transferablesOf(result: C[keyof C]['result']): Transferable[];
  /** What a thrown error is that carries no failure: memory that ran out, or a bug. */
  failureOfCrash(error: unknown): Failure;
}

export const crashed = (error: unknown): Failure => ({
  code: 'worker-crashed',
  message: error instanceof Error ? error.message : String(error),
});

/** Listens for calls from now on. @returns a way for handlers to put work into the line of the `oneByOne` calls */
export function serveCalls<C extends ContractShape<C>>(
  handlers: Handlers<C>,
  { oneByOne, isFinal, transferablesOf, failureOfCrash }: ServeOptions<C>,
): { inLine<T>(work: () => Promise<T>): Promise<T> } {
  const open = new Map<number, AbortController>();
  /** The end of the line. */
  let last: Promise<unknown> = Promise.resolve();

  const post = (message: FromWorker<C>, transfer: Transferable[] = []): void =>
    globalThis.postMessage(message, { transfer });

  /** Runs one call to its end and posts how it ended; never rejects. */
  const answer = async <M extends keyof C>(
    id: number,
    method: M,
    request: C[M]['request'],
    controller: AbortController,
  ): Promise<void> => {
    const onProgress = (progress: C[M]['progress']): void =>
      post({ kind: 'progress', id, method, progress } as FromWorker<C>);
    let outcome: Result<C[M]['result'], Failure>;
    try {
      outcome = await handlers[method](request, { signal: controller.signal, onProgress });
    } catch (error) {
      // A bug, or a device that broke where no one expected it: say so and let the client start afresh.
      outcome = fail(failureOf(error) ?? failureOfCrash(error));
    }
    open.delete(id);
    if (outcome.ok)
      post(
        { kind: 'done', id, method, result: outcome.value } as FromWorker<C>,
        transferablesOf(outcome.value),
      );
    // The client fails every open call with it, this one too, and starts another worker.
    else if (isFinal(method, outcome.error)) post({ kind: 'gone', failure: outcome.error });
    else post({ kind: 'failed', id, failure: outcome.error });
  };

  const inLine = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work);
    last = result.catch(() => undefined);
    return result;
  };

  const receive = <M extends keyof C>(id: number, method: M, request: C[M]['request']): void => {
    const controller = new AbortController();
    open.set(id, controller);
    if (!oneByOne.includes(method)) {
      void answer(id, method, request, controller);
      return;
    }
    let isWaiting = true;
    controller.signal.addEventListener('abort', () => {
      // A call that has not begun ends here and now, not when the ones before it are done.
      if (isWaiting && open.delete(id)) post({ kind: 'failed', id, failure: { code: 'cancelled' } });
    });
    void inLine(async () => {
      isWaiting = false;
      if (!controller.signal.aborted) await answer(id, method, request, controller);
    });
  };

  globalThis.addEventListener('message', ({ data }: MessageEvent<ToWorker<C>>) => {
    if (data.kind === 'cancel') open.get(data.id)?.abort();
    else receive(data.id, data.method, data.request);
  });
  return { inLine };
}
