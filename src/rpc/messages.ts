/**
 * How calls to a worker travel. A contract is a map from method to request → progress → result; each worker has its own.
 *
 * Every call has an id, may be cancelled, may report progress, and ends in a result or a `Failure`.
 */
import type { Failure } from '../core/failure.ts';

/** The shape that a contract `C` must have. Interfaces have no index signature, so it is written as a mapped type. */
export type ContractShape<C> = {
  readonly [M in keyof C]: {
    readonly request: unknown;
    readonly progress: unknown;
    readonly result: unknown;
  };
};

/** Main thread → worker. */
export type ToWorker<C extends ContractShape<C>> =
  | {
      [M in keyof C]: {
        readonly kind: 'call';
        readonly id: number;
        readonly method: M;
        readonly request: C[M]['request'];
      };
    }[keyof C]
  | { readonly kind: 'cancel'; readonly id: number };

/** Worker → main thread. */
export type FromWorker<C extends ContractShape<C>> =
  | {
      [M in keyof C]:
        | {
            readonly kind: 'progress';
            readonly id: number;
            readonly method: M;
            readonly progress: C[M]['progress'];
          }
        | { readonly kind: 'done'; readonly id: number; readonly method: M; readonly result: C[M]['result'] };
    }[keyof C]
  | { readonly kind: 'failed'; readonly id: number; readonly failure: Failure }
  /** The worker can do nothing more; every open call has failed. The client replaces it. */
  | { readonly kind: 'gone'; readonly failure: Failure };
