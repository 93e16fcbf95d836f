import type { AppState } from '../state/app-store.ts';
import type { Photo } from '../state/photo.ts';
import type { TrainingSetup } from './training-state.ts';

/** What is no picture cannot be learned from; everything else may, looked at already or not. */
export const canBeLearned = ({ state, seen }: Photo): boolean => state.status !== 'failed' || seen !== null;

/** @returns the photographs that a run would begin with, and which of them is pinned */
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
