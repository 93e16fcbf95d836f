/** Announces results of looks to screen readers. */
import { describeFailure } from '../../core/failure.ts';
import { contractOf } from '../../lenses/contracts.ts';
import type { AnyQuery } from '../../lenses/lens-contract.ts';
import { queryTitle, tokenTitle } from '../../lenses/query-title.ts';
import { countOf } from '../../core/count-of.ts';
import { formatMilliseconds } from '../kit/format.ts';
import type { AppState, AppStore } from '../state/app-store.ts';
import { keyOfLook, shownOutcome, requestedLook, type Look, type Outcome } from '../state/looks.ts';
import { isWaiting, type Photo, type PhotoId } from '../state/photo.ts';

export interface Announcer {
  /** Announces that a photograph is done or has failed. */
  tellPhoto(id: PhotoId): void;
  /** Announces the result of a further question. */
  announceResult(outcome: Outcome): void;
  /** Announces that the selected photograph shows another look: the patch was deselected, or the result was already kept. */
  announceRequested(before: AppState, now: AppState): void;
  /** The token's name, or the lens's. */
  titleOf(look: Look): string;
}

const selectedOf = ({ photos, selectedId }: AppState): Photo | undefined =>
  selectedId === null ? undefined : photos[selectedId];

/** @returns the outcome of a look that was requested since then, if its result was already kept */
function seenBefore(before: AppState, last: Photo, now: AppState, photo: Photo): Outcome | undefined {
  const [earlier, requested] = [requestedLook(before, last), requestedLook(now, photo)];
  if (requested === null) return undefined;
  const key = keyOfLook(requested);
  return earlier !== null && keyOfLook(earlier) === key ? undefined : before.outcomes.get(key);
}

export function createAnnouncer(store: AppStore): Announcer {
  const titleOf = ({ lens, params }: Look): string =>
    contractOf(lens).asks ? queryTitle(params as AnyQuery) : contractOf(lens).title;

  const announceResult = ({ look, looked }: Outcome): void => {
    const { title, asks } = contractOf(look.lens);
    const [pass] = looked.passes;
    const query = look.params as AnyQuery;
    const isPatch = asks && (query.patch !== null || (query.patches ?? []).length > 0);
    const grid = pass === undefined ? '' : ` of ${pass.frame.rows} × ${pass.frame.columns}`;
    const what = isPatch ? `${titleOf(look)}${grid}` : asks ? `${title}: ${titleOf(look)}` : title;
    store.getState().announce(what);
  };

  return {
    titleOf,

    /**
     * Only the selected photograph and failures are announced. With two hundred photographs, announcing each would be too much.
     */
    tellPhoto(id) {
      const state = store.getState();
      const { photos, order, selectedId, announce } = state;
      const photo = photos[id];
      if (photo === undefined) return;
      const { name } = photo;
      if (photo.state.status === 'failed') announce(`${name}: ${describeFailure(photo.state.failure)}`);
      else if (photo.state.status === 'done' && id === selectedId) {
        const outcome = shownOutcome(state, photo);
        const [pass] = outcome?.looked.passes ?? [];
        if (outcome === null || pass === undefined) return;
        const { tokens, timings } = pass;
        announce(
          `${name}: ${countOf(outcome.model.numHeads, 'head')}, ${countOf(tokens, 'token')}, ${formatMilliseconds(timings.forwardMs)}`,
        );
      } else if (!order.some((other) => photos[other] && isWaiting(photos[other].state))) {
        const failed = order.filter((other) => photos[other]?.state.status === 'failed').length;
        announce(`All photographs are done${failed > 0 ? `, ${failed} failed` : ''}.`);
      }
    },

    announceResult,

    announceRequested(before, now) {
      const [last, photo] = [selectedOf(before), selectedOf(now)];
      if (last === undefined || photo === undefined || last.id !== photo.id) return;
      if (last.point !== null && photo.point === null) {
        store.getState().announce(tokenTitle(now.token));
        return;
      }
      const known = seenBefore(before, last, now, photo);
      if (known !== undefined) announceResult(known);
    },
  };
}
