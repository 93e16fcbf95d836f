import type { AppState } from '../state/app-store.ts';
import { type Photo, readableOf } from '../state/photo.ts';
import type { TrainingSetup } from './training-state.ts';

/** @returns the photographs that a run would start with, and the pinned one among them */
export function chosenPhotographs(
  { order, photos }: Pick<AppState, 'order' | 'photos'>,
  { leftOut, pinnedId }: Pick<TrainingSetup, 'leftOut' | 'pinnedId'>,
): { readonly photographs: readonly Photo[]; readonly pinned: number } {
  const photographs = readableOf(
    order.filter((id) => !leftOut.has(id)),
    photos,
  );
  return {
    photographs,
    pinned: Math.max(
      0,
      photographs.findIndex(({ id }) => id === pinnedId),
    ),
  };
}
