/** The page's end of the contract: calls with ids, cancel and progress, and a worker that is replaced when it is lost. */
import type { Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import type { ContractShape, FromWorker, ToWorker } from './messages.ts';

/** Where a worker comes from. */
export interface WorkerScript {
  start(): Worker;
  /** Called where it did not load: whether the host no longer has it, because the page was updated. */
  isGone(): Promise<boolean>;
}

interface CallOptions<Progress> {
  /** Aborting ends the call with 'cancelled' at once; the worker is told. */
  readonly signal?: AbortSignal;
  /** An aborted call ends when the worker has ended it, with its real outcome: for calls that change something. */
  readonly awaitsWorker?: boolean;
  /**
   * While this call is open the worker may not answer for a long time, as during a training step. It is not replaced
   * for a cancelled call then.
   */
  readonly keepsWorkerBusy?: boolean;
  readonly onProgress?: (progress: Progress) => void;
}

export interface WorkerClient<C extends ContractShape<C>> {
  /** Never rejects: every way a call can end is in the result. */
  call<M extends keyof C>(
    method: M,
    request: C[M]['request'],
    options?: CallOptions<C[M]['progress']>,
  ): Promise<Result<C[M]['result'], Failure>>;
  /** Called once when the worker is lost, after every open call has failed. @returns a function that unsubscribes */
  onGone(listener: (failure: Failure) => void): () => void;
  /**
   * A new worker in place of the old one; open calls fail as cancelled. An engine's 'start' must follow. Do not call
   * it again and again where the script does not load.
   */
  restart(): void;
  terminate(): void;
}

/** A worker that has not ended a cancelled call by then hangs, and is replaced. */
const cancelTimeoutMs = 10_000;

interface OpenCall<C extends ContractShape<C>> {
  readonly keepsWorkerBusy: boolean;
  settle(outcome: Result<C[keyof C]['result'], Failure>): void;
  progress(progress: C[keyof C]['progress']): void;
}

/**
 * @param script of the worker; started now and at every restart
 * @param discard frees the resources of a result that came after its call was cancelled
 */
export function createWorkerClient<C extends ContractShape<C>>(
  script: WorkerScript,
  discard: (result: C[keyof C]['result']) => void = () => undefined,
): WorkerClient<C> {
  const calls = new Map<number, OpenCall<C>>();
  const overdue = new Map<number, ReturnType<typeof setTimeout>>();
  const listeners = new Set<(failure: Failure) => void>();
  let nextId = 1;
  let worker: Worker | null = null;
  /** Why there is no worker. */
  let end: Failure = { code: 'cancelled' };

  const release = (failure: Failure): void => {
    end = failure;
    worker?.terminate();
    worker = null;
    for (const timer of overdue.values()) clearTimeout(timer);
    overdue.clear();
    const open = [...calls.values()];
    calls.clear();
    for (const call of open) call.settle(fail(failure));
  };

  const lose = (failure: Failure): void => {
    if (worker === null) return;
    release(failure);
    for (const listener of listeners) listener(failure);
  };

  /** Replaces a worker that does not end a cancelled call, but not while a long call is open. */
  const waitFor = (id: number): void => {
    const decide = (): void => {
      if ([...calls.values()].some(({ keepsWorkerBusy }) => keepsWorkerBusy)) waitFor(id);
      else lose({ code: 'worker-stuck' });
    };
    overdue.set(id, setTimeout(decide, cancelTimeoutMs));
  };

  const receive = (message: FromWorker<C>): void => {
    switch (message.kind) {
      case 'progress':
        calls.get(message.id)?.progress(message.progress);
        return;
      case 'gone':
        lose(message.failure);
        return;
      case 'done':
      case 'failed': {
        clearTimeout(overdue.get(message.id));
        overdue.delete(message.id);
        const call = calls.get(message.id);
        calls.delete(message.id);
        if (call !== undefined)
          call.settle(message.kind === 'done' ? succeed(message.result) : fail(message.failure));
        else if (message.kind === 'done') discard(message.result);
      }
    }
  };

  /** Its calls stay open until the reason is known. */
  const loseUnloaded = async (launched: Worker): Promise<void> => {
    const isGone = await script.isGone();
    if (worker === launched) lose({ code: 'script-missing', isGone });
  };

  const launch = (): void => {
    const launched = script.start();
    let hasSpoken = false;
    worker = launched;
    launched.addEventListener('message', ({ data }: MessageEvent<FromWorker<C>>) => {
      hasSpoken = true;
      if (worker === launched) receive(data);
    });
    launched.addEventListener('error', (event) => {
      if (worker !== launched) return;
      // An error that the script throws has a message; a script that does not load has none.
      if (event.message || hasSpoken)
        lose({ code: 'worker-crashed', message: event.message || 'nothing more is known' });
      else void loseUnloaded(launched);
    });
    launched.addEventListener('messageerror', () => {
      if (worker === launched) lose({ code: 'worker-crashed', message: 'an answer could not be read' });
    });
  };

  const send = (message: ToWorker<C>): void => worker?.postMessage(message);

  launch();
  return {
    call: <M extends keyof C>(
      method: M,
      request: C[M]['request'],
      options: CallOptions<C[M]['progress']> = {},
    ) =>
      new Promise<Result<C[M]['result'], Failure>>((resolve) => {
        const { signal, awaitsWorker = false, keepsWorkerBusy = false, onProgress } = options;
        if (signal?.aborted) return resolve(fail({ code: 'cancelled' }));
        if (worker === null) return resolve(fail(end));
        const id = nextId++;
        const cancel = (): void => {
          send({ kind: 'cancel', id });
          waitFor(id);
          if (awaitsWorker) return;
          calls.delete(id);
          resolve(fail({ code: 'cancelled' }));
        };
        signal?.addEventListener('abort', cancel, { once: true });
        calls.set(id, {
          keepsWorkerBusy,
          settle: (outcome) => {
            signal?.removeEventListener('abort', cancel);
            resolve(outcome as Result<C[M]['result'], Failure>);
          },
          progress: (progress) => onProgress?.(progress),
        });
        send({ kind: 'call', id, method, request } as ToWorker<C>);
      }),
    onGone: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    restart: () => {
      release({ code: 'cancelled' });
      launch();
    },
    terminate: () => release({ code: 'cancelled' }),
  };
}
