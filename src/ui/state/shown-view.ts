import { visibleOutcome } from './photo.ts';
import type { AppState } from './app-store.ts';
import { type View, viewWithin } from './settings.ts';

/**
 * What is on view of the selected photograph. Its result may still be another model's than the one in use: a head that one of
 * them does not have gives way to all heads.
 */
export function shownView({ view, selectedId, photos }: AppState): View {
  const photo = selectedId === null ? undefined : photos[selectedId];
  const outcome = photo === undefined ? null : visibleOutcome(photo.state);
  return outcome === null ? view : viewWithin(view, outcome.result);
}
