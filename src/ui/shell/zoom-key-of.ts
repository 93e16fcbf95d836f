import { viewOf } from '../../lenses/views.ts';
import { allAreShown, shownOutcome } from '../state/looks.ts';
import type { AppState } from '../state/app-store.ts';
import { allKey, pairKey, sheetKey, type ZoomKey } from '../state/zoom.ts';
import { sceneOf } from './use-scene.ts';

/** @returns what is on the stage and can be zoomed; null where no photograph is */
export function zoomKeyOf(state: AppState): ZoomKey | null {
  const photo = state.selectedId === null ? undefined : state.photos[state.selectedId];
  if (photo === undefined) return null;
  if (allAreShown(state)) return allKey;
  const outcome = shownOutcome(state, photo);
  if (outcome === null) return photo.id;
  const scene = sceneOf(outcome, state.drawings, state.shared);
  const { beside, sheet } = viewOf(outcome.look.lens);
  if ((beside?.(scene) ?? null) !== null) return pairKey(photo.id);
  return (sheet?.(scene) ?? null) === null ? photo.id : sheetKey(photo.id);
}
