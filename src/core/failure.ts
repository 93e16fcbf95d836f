import type { Size } from './geometry.ts';

export type BackendName = 'webgpu' | 'wasm' | 'cpu';

export interface ShapeMismatch {
  readonly name: string;
  readonly expected: readonly number[];
  readonly actual: readonly number[];
}

/** Every expected failure of the program. `describeFailure` turns one into a person's words. */
export type Failure =
  // A photograph
  | { readonly code: 'empty-file' }
  | { readonly code: 'unreadable-file' }
  | { readonly code: 'not-an-image' }
  | { readonly code: 'vector-image' }
  | { readonly code: 'unsupported-image'; readonly format: string }
  | { readonly code: 'damaged-image'; readonly format: string; readonly problem: 'truncated' | 'undecodable' }
  | {
      readonly code: 'image-too-large';
      readonly size: Size;
      readonly limitMegapixels: number;
      readonly limitSidePx: number;
    }
  | { readonly code: 'image-too-small'; readonly size: Size; readonly minSidePx: number }
  // A model
  | { readonly code: 'model-unreachable'; readonly url: string; readonly status: number | null }
  | { readonly code: 'model-manifest-invalid'; readonly problem: string }
  | { readonly code: 'model-shard-damaged'; readonly path: string; readonly problem: string }
  | {
      readonly code: 'model-parameters-mismatch';
      readonly missing: readonly string[];
      readonly unexpected: readonly string[];
      readonly misshaped: readonly ShapeMismatch[];
    }
  | { readonly code: 'checkpoint-invalid'; readonly problem: string }
  /** A head count is in no tensor, and the usual rule (64 channels a head) does not hold here: a person must give it. */
  | { readonly code: 'heads-unknown'; readonly embedDim: number }
  /** Every parameter is there and fits, but what the network computes is no attention. */
  | { readonly code: 'model-fails-check'; readonly problem: string }
  // A download, and what the browser keeps of it
  | { readonly code: 'download-interrupted'; readonly host: string; readonly keptBytes: number }
  | { readonly code: 'download-damaged'; readonly host: string; readonly problem: string }
  /** No source gave the file: what each of them said, in the order they were asked. */
  | { readonly code: 'download-failed'; readonly reasons: readonly Failure[] }
  | { readonly code: 'storage-full'; readonly neededBytes: number | null; readonly freeBytes: number | null }
  | { readonly code: 'storage-failed'; readonly problem: string }
  /** Another window of the page is writing it. */
  | { readonly code: 'model-busy' }
  | { readonly code: 'model-not-kept' }
  // Training
  | { readonly code: 'training-impossible'; readonly problems: readonly string[] }
  /** The loss or a gradient was not finite; the networks are as they were before this step. */
  | { readonly code: 'training-diverged'; readonly step: number }
  /** Another window of the page is training it. */
  | { readonly code: 'run-busy' }
  | { readonly code: 'run-not-kept' }
  | { readonly code: 'run-file-invalid'; readonly problem: string }
  // The machine that computes
  | { readonly code: 'backend-unavailable'; readonly backend: BackendName; readonly reason: string }
  | {
      readonly code: 'backend-wrong';
      readonly backend: BackendName;
      readonly maxAbsDifference: number;
      readonly tolerance: number;
    }
  | { readonly code: 'gpu-error'; readonly message: string }
  | { readonly code: 'device-lost'; readonly message: string }
  | { readonly code: 'out-of-memory'; readonly tokens: number | null }
  | { readonly code: 'wrong-result'; readonly problem: string }
  // The worker
  | { readonly code: 'worker-crashed'; readonly message: string }
  /** A cancelled call was not let go in time: nothing is wrong but the wait. */
  | { readonly code: 'worker-stuck' }
  | { readonly code: 'cancelled' };

export type FailureCode = Failure['code'];

/**
 * Carries a `Failure` through code that can only be left by throwing (a tensor scope, a library's callback).
 * Whoever calls such code turns it back into a `Result` with `failureOf`.
 */
export class FailureError extends Error {
  override readonly name = 'FailureError';
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.code);
    this.failure = failure;
  }
}

/** @returns the failure that `error` carries, or null where `error` is a bug */
export const failureOf = (error: unknown): Failure | null =>
  error instanceof FailureError ? error.failure : null;
