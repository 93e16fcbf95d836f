/** What a lens computes, in the page's worker and on the command line. */
import type { Failure } from '../core/failure.ts';
import type { ModelDescription } from '../core/model.ts';
import type { Result } from '../core/result.ts';
import type { ReadPhoto, WantedTaps } from '../engine/engine.ts';
import type { Pass } from '../engine/pass.ts';

export interface ComputeContext {
  readonly signal: AbortSignal;
  /** How much of the work after the passes is done, 0..1. */
  onProgress(share: number): void;
  /**
   * The photograph of a pass, which is decoded again: only for what its tokens do not have.
   * @param at the index of the pass
   */
  readPhoto(at: number): Promise<Result<ReadPhoto, Failure>>;
}

/** An array that the command line writes. */
export interface NamedArray {
  /** Added to the file name; empty for the main array. */
  readonly suffix: string;
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

/** Names that the command line writes for every look. A lens must not use them for its own numbers. */
type CommonName =
  | 'image'
  | 'overlap'
  | 'masks'
  | 'second'
  | 'against'
  | 'lens'
  | 'model'
  | 'backend'
  | 'frame'
  | 'tokens'
  | 'timings'
  | 'parameters'
  | 'arrays';

type LensNumbers = Readonly<Record<string, unknown>> & { readonly [name in CommonName]?: never };

export interface LensCompute<P, R> {
  /** The values that a pass must tap, and those that it should keep for the next question. */
  taps(model: ModelDescription, params: P): WantedTaps;
  /**
   * For the spans 'one' and 'pair'.
   * @param passes of each photograph for each model, borrowed
   * @throws FailureError on a fault of the device, on wrong numbers, or 'cancelled'
   */
  compute(passes: readonly Pass[], params: P, context: ComputeContext): Promise<Result<R, Failure>>;
  /**
   * For the spans 'each' and 'all': a result for each pass, in their order. The first pass is the asked photograph's for 'each'.
   * @throws as `compute`
   */
  computeEach?(
    passes: readonly Pass[],
    params: P,
    context: ComputeContext,
  ): Promise<Result<readonly R[], Failure>>;
  /** Buffers of large arrays, which are transferred with the result. */
  transfer(result: R): readonly ArrayBuffer[];
  /** The main array first. Command line only. */
  arrays(result: R): readonly NamedArray[];
  /** All other numbers, blocks counted from 1. Command line only: the page's numbers are in the view's `facts`. */
  numbers(result: R): LensNumbers;
}
