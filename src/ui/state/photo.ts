import type { Failure } from '../../core/failure.ts';
import type { Frame } from '../../core/frame.ts';
import type { FramingOptions } from '../../core/photo.ts';
import type { LookProgress, ModelProgress } from '../../core/progress.ts';
import { assertNever } from '../../core/result.ts';
import type { PhotoPoint } from './photo-point.ts';

/** How far a look is: a model may have to be brought back first. */
export type AnyLookProgress = LookProgress | ModelProgress;

/** Whether the photograph has been looked at. What was seen of it before stays on view meanwhile. */
export type PhotoState =
  | { readonly status: 'queued' }
  | { readonly status: 'running'; readonly progress: AnyLookProgress | null }
  | { readonly status: 'done' }
  | { readonly status: 'failed'; readonly failure: Failure }
  | { readonly status: 'cancelled' };

/** How the patches of a model lie on the photograph, known once it has been looked at. */
interface SeenFrame {
  readonly frame: Frame;
  /** The model's key. */
  readonly model: string;
  readonly framing: FramingOptions;
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
  /** The place that somebody picked: it stays where it is when model or input change. Null: CLS is asked, or a register. */
  readonly point: PhotoPoint | null;
  readonly seen: SeenFrame | null;
  /** By lens, the key of the last outcome: it stays on view until there is a new one. */
  readonly shown: Readonly<Record<string, string>>;
}

export type NewPhoto = Pick<Photo, 'name' | 'alt' | 'credit' | 'blob'>;

export const isWaiting = ({ status }: PhotoState): boolean => status === 'queued' || status === 'running';

/** How far a look is, 0..1. Decoding and preparing are short beside the blocks. */
export function lookFraction(progress: AnyLookProgress | null): number {
  if (progress === null) return 0;
  switch (progress.stage) {
    case 'download':
      return progress.totalBytes > 0 ? progress.loadedBytes / progress.totalBytes : 0;
    case 'check':
      return 1;
    case 'decode':
      return 0.03;
    case 'prepare':
      return 0.08;
    case 'forward':
      return 0.1 + (0.8 * progress.blocksDone) / progress.depth;
    case 'compute':
      return 0.9 + 0.1 * progress.share;
    default:
      return assertNever(progress);
  }
}
