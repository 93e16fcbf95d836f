import { failsAlways, type Failure } from '../../core/failure.ts';
import type { Frame } from '../../core/frame.ts';
import type { LookProgress, ModelProgress } from '../../core/progress.ts';
import { assertNever } from '../../core/result.ts';
import type { MaskFacts } from '../../rpc/mask-contract.ts';
import type { CellCounts } from '../../score/fit.ts';
import type { PickedPoint } from './photo-point.ts';

/** Progress of a look. It may include loading the model again. */
export type AnyLookProgress = LookProgress | ModelProgress;

/** Whether the photograph has a result. An earlier result stays on view meanwhile. */
export type PhotoState =
  | { readonly status: 'queued' }
  | { readonly status: 'running'; readonly progress: AnyLookProgress | null }
  | { readonly status: 'done' }
  | { readonly status: 'failed'; readonly failure: Failure }
  | { readonly status: 'cancelled' };

export type PhotoId = string;

/** A mask that a person has for a photograph, for the score. */
export interface PhotoMask {
  readonly id: string;
  /** The file's name. */
  readonly name: string;
  readonly blob: Blob;
  readonly facts: MaskFacts;
  /** By `keyOfGrid`: its pixels in the cells of the grids that were scored last. */
  readonly counts: ReadonlyMap<string, CellCounts>;
}

export interface Photo {
  readonly id: PhotoId;
  /** The file's name, or the sample's title. */
  readonly name: string;
  /** A description of the photograph, if there is one. */
  readonly alt: string | null;
  /** The author and licence, for samples. */
  readonly credit: string | null;
  readonly blob: Blob;
  /** What a person has given it in a collection; null: none. Absent: by the folder that it came in. */
  readonly className?: string | null;
  readonly state: PhotoState;
  /** The picked point, which stays when the model or input size changes. Null: CLS or a register is asked. */
  readonly point: PickedPoint | null;
  /** Where the grids of models lie on the photograph, each known after its first look: by `gridKey`. */
  readonly seen: Readonly<Record<string, Frame>>;
  /** For each lens on each side the key of its last outcome, which stays on view until there is a new one: by `placeOnView`. */
  readonly shown: Readonly<Record<string, string>>;
  readonly mask: PhotoMask | null;
}

export type NewPhoto = Pick<Photo, 'name' | 'alt' | 'credit' | 'blob' | 'className'>;

const isOfFile = (failure: Failure): boolean => failsAlways(failure) || failure.code === 'unreadable-file';

/** Whether its file is a picture, with or without a result: it can be learned from, and gathered. */
const isReadable = ({ state, seen }: Photo): boolean =>
  state.status !== 'failed' || !isOfFile(state.failure) || Object.keys(seen).length > 0;

/** @param order of the strip @returns its photographs, without files that cannot be read */
export const readableOf = (
  order: readonly PhotoId[],
  photos: Readonly<Record<PhotoId, Photo>>,
): readonly Photo[] => order.flatMap((id) => photos[id] ?? []).filter(isReadable);

export const isWaiting = ({ status }: PhotoState): boolean => status === 'queued' || status === 'running';

/** Progress of a look, 0..1. Decoding and preparing take little time compared with the blocks. */
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
