/** What a key has changed, in words for screen readers: who presses a key hears nothing of what the page now shows. */
import { viewOf } from '../../lenses/views.ts';
import type { AppState } from '../state/app-store.ts';
import { shownOutcome } from '../state/looks.ts';
import { sceneOf } from './use-scene.ts';

/** The photograph that is shown now, after another one. */
function selectionIn({ order, photos, selectedId }: AppState): string {
  const photo = selectedId === null ? undefined : photos[selectedId];
  return photo === undefined ? '' : `${photo.name}, ${order.indexOf(photo.id) + 1} of ${order.length}.`;
}

/** The lens's sentence about the picture as it is drawn now. */
function pictureIn(state: AppState): string | null {
  const { photos, selectedId, drawings, shared } = state;
  const photo = selectedId === null ? undefined : photos[selectedId];
  const outcome = photo === undefined ? null : shownOutcome(state, photo);
  return outcome === null ? null : viewOf(outcome.look.lens).describe(sceneOf(outcome, drawings, shared));
}

/**
 * @param before the state when the key was pressed @param now the state after its command
 * @returns null where there is nothing to say, or where the command has said it itself
 */
export function whatKeyDid(before: AppState, now: AppState): string | null {
  if (now.announcement !== before.announcement) return null;
  if (now.theme !== before.theme) return `The ${now.theme} theme.`;
  if (now.presenting !== before.presenting)
    return now.presenting ? 'Presenting. Escape ends it.' : 'The presentation has ended.';
  if (now.order.length < before.order.length) {
    const removed = before.order.flatMap((id) => (id in now.photos ? [] : (before.photos[id]?.name ?? [])));
    return `${removed.join(', ')} removed. ${selectionIn(now)}`.trim();
  }
  if (now.selectedId !== before.selectedId) return selectionIn(now);
  if (now.shared.opacityPercent !== before.shared.opacityPercent)
    return `Opacity ${now.shared.opacityPercent} %.`;
  return now.drawings === before.drawings && now.shared === before.shared ? null : pictureIn(now);
}
