/** The back end that computes, and why it was chosen. */
import type { BackendName, Failure } from './failure.ts';

/** What the person asked for; 'auto' lets the engine choose. */
export type BackendChoice = BackendName | 'auto';

/** Why this back end runs. The page explains every reason but 'best' and 'asked-for'. */
export type BackendReason =
  | { readonly kind: 'best' }
  | { readonly kind: 'asked-for' }
  | { readonly kind: 'no-webgpu' }
  | { readonly kind: 'no-adapter' }
  | { readonly kind: 'software-adapter'; readonly adapter: string }
  /** WebGPU or wasm runs, by tfjs's plain ops: our own kernels did not pass the self-check. */
  | { readonly kind: 'fused-kernels-failed'; readonly failure: Failure }
  | { readonly kind: 'webgpu-failed'; readonly failure: Failure }
  | { readonly kind: 'wasm-failed'; readonly failure: Failure };

export interface BackendDescription {
  readonly name: BackendName;
  /** The adapter's own description, or how the CPU is used; for captions. */
  readonly device: string;
  readonly reason: BackendReason;
  /** Largest difference from PyTorch's numbers in the start-up self-check. */
  readonly selfCheckMaxAbsDifference: number;
}
