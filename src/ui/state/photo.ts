import type { PassProgress } from '../../core/progress.ts';
import type { Failure } from '../../core/failure.ts';
import type { FramingOptions } from '../../core/photo.ts';
import type { AttentionResult, PatchAttentionResult } from '../../rpc/engine-contract.ts';
import type { BackendDescription } from '../../core/backend.ts';
import type { ModelDescription } from '../../core/model.ts';
import type { PhotoPoint } from './query.ts';

/** A result and what made it: the caption must stay true when the engine or the settings change afterwards. */
export interface Outcome {
  readonly result: AttentionResult;
  readonly framing: FramingOptions;
  readonly model: ModelDescription;
  readonly backend: BackendDescription;
}

/** `previous` is the result that stays on view until there is a new one. */
export type PhotoState =
  | { readonly status: 'queued'; readonly previous: Outcome | null }
  | {
      readonly status: 'running';
      readonly progress: PassProgress | null;
      readonly previous: Outcome | null;
    }
  | { readonly status: 'done'; readonly outcome: Outcome }
  | { readonly status: 'failed'; readonly failure: Failure; readonly previous: Outcome | null }
  | { readonly status: 'cancelled'; readonly previous: Outcome | null };

/** A patch that somebody picked: it belongs to its photograph, and stays at its place when model or input change. */
export interface AskedPatch {
  readonly point: PhotoPoint;
  /** How far the photograph's pass is, where it has to run again first. */
  readonly progress: PassProgress | null;
  /** The answer of the patch, or of the one before until then, and the result that it belongs to. */
  readonly answer: { readonly of: AttentionResult; readonly attention: PatchAttentionResult } | null;
}

export type PhotoId = string;

export interface Photo {
  readonly id: PhotoId;
  /** The file's name, or the sample's title. */
  readonly name: string;
  /** What is to be seen on it, where somebody wrote that down. */
  readonly alt: string | null;
  /** Whose photograph it is, under which licence; for samples. */
  readonly credit: string | null;
  readonly blob: Blob;
  readonly state: PhotoState;
  /** Null: CLS is asked, or a register. */
  readonly asked: AskedPatch | null;
}

export type NewPhoto = Pick<Photo, 'name' | 'alt' | 'credit' | 'blob'>;

/** @returns what may be shown now: the result, or the one before while a new one is made */
export const visibleOutcome = (state: PhotoState): Outcome | null =>
  state.status === 'done' ? state.outcome : state.previous;

export const isWaiting = (state: PhotoState): boolean =>
  state.status === 'queued' || state.status === 'running';

/** How far an attend call is, 0..1. Decoding and preparing are short beside the blocks. */
export function runFraction(progress: PassProgress | null): number {
  if (progress === null) return 0;
  switch (progress.stage) {
    case 'decode':
      return 0.03;
    case 'prepare':
      return 0.08;
    case 'forward':
      return 0.1 + (0.9 * progress.blocksDone) / progress.depth;
  }
}
