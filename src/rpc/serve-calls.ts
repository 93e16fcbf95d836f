/** The worker's end of a contract: receives calls and posts answers. */
import { failureOf, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { createSerialQueue, type Enqueue } from './serial-queue.ts';
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

/** For handlers that throw: an abort or a failure becomes a result; anything else that is thrown is a bug. */
export async function outcomeOf<T>(
  { signal }: Pick<CallContext<never>, 'signal'>,
  work: () => Promise<T>,
): Promise<Result<T, Failure>> {
  try {
    return succeed(await work());
  } catch (error) {
    if (signal.aborted) return fail({ code: 'cancelled' });
    const failure = failureOf(error);
    if (failure === null) throw error;
    return fail(failure);
  }
}

export interface ServeOptions<C extends ContractShape<C>> {
  /** Calls of these methods run one after the other, in the order they came. */
  readonly oneByOne: readonly (keyof C)[];
  /**
   * Whether the worker cannot be used after this. The client then fails every open call and starts another worker.
   */
  isFinal(method: keyof C, failure: Failure): boolean;
  transferablesOf<M extends keyof C>(
    method: M,
    result: C[M]['result'],
    request: C[M]['request'],
  ): Transferable[];
  /** The failure for an error that carries none: memory that ran out; null for a bug. */
  failureOfCrash(error: unknown): Failure;
}

export const crashed = (error: unknown): Failure => ({
  code: 'worker-crashed',
  message: error instanceof Error ? error.message : String(error),
});

/** Starts to listen for calls. @returns the queue of the `oneByOne` calls, for other work of the handlers */
export function serveCalls<C extends ContractShape<C>>(
  handlers: Handlers<C>,
  { oneByOne, isFinal, transferablesOf, failureOfCrash }: ServeOptions<C>,
): { readonly enqueue: Enqueue } {
  const open = new Map<number, AbortController>();
  const enqueue = createSerialQueue();

  const post = (message: FromWorker<C>, transfer: Transferable[] = []): void =>
    globalThis.postMessage(message, { transfer });

  const end = <M extends keyof C>(
    id: number,
    method: M,
    request: C[M]['request'],
    outcome: Result<C[M]['result'], Failure>,
  ): void => {
    if (outcome.ok)
      post(
        { kind: 'done', id, method, result: outcome.value } as FromWorker<C>,
        transferablesOf(method, outcome.value, request),
      );
    // The client fails every open call with it, this one too, and starts another worker.
    else if (isFinal(method, outcome.error)) post({ kind: 'gone', failure: outcome.error });
    else post({ kind: 'failed', id, failure: outcome.error });
  };

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
      // A bug, or a device that failed at an unexpected place: report it, and the client starts a new worker.
      outcome = fail(failureOf(error) ?? failureOfCrash(error));
    }
    open.delete(id);
    try {
      end(id, method, request, outcome);
    } catch (error) {
      // A result that cannot be posted is a bug; the call must still end.
      end(id, method, request, fail(failureOfCrash(error)));
    }
  };

  const receive = <M extends keyof C>(id: number, method: M, request: C[M]['request']): void => {
    const controller = new AbortController();
    open.set(id, controller);
    if (!oneByOne.includes(method)) {
      void answer(id, method, request, controller);
      return;
    }
    enqueue(() => answer(id, method, request, controller), controller.signal).catch(() => {
      open.delete(id);
      post({ kind: 'failed', id, failure: { code: 'cancelled' } });
    });
  };

  globalThis.addEventListener('message', ({ data }: MessageEvent<ToWorker<C>>) => {
    if (data.kind === 'cancel') open.get(data.id)?.abort();
    else receive(data.id, data.method, data.request);
  });
  return { enqueue };
}
