import { failsAlways, type Failure } from '../../core/failure.ts';
import type { AppState } from '../state/app-store.ts';
import type { Photo } from '../state/photo.ts';
import type { TrainingSetup } from './training-state.ts';

const isOfFile = (failure: Failure): boolean => failsAlways(failure) || failure.code === 'unreadable-file';

/** Whether the file can be trained on: any picture can, with or without a result. */
export const canBeLearned = ({ state, seen }: Photo): boolean =>
  state.status !== 'failed' || !isOfFile(state.failure) || Object.keys(seen).length > 0;

/** @returns the photographs that a run would start with, and the pinned one among them */
export function chosenPhotographs(
  { order, photos }: Pick<AppState, 'order' | 'photos'>,
  { leftOut, pinnedId }: Pick<TrainingSetup, 'leftOut' | 'pinnedId'>,
): { readonly photographs: readonly Photo[]; readonly pinned: number } {
  const photographs = order
    .filter((id) => !leftOut.has(id))
    .flatMap((id) => photos[id] ?? [])
    .filter(canBeLearned);
  return {
    photographs,
    pinned: Math.max(
      0,
      photographs.findIndex(({ id }) => id === pinnedId),
    ),
  };
}
