/**
 * Asks the engine what the picked patch of the selected photograph looks at. The store says what is wished; this brings about that
 * it is answered: after a pick, after another model or input, after an engine that was lost.
 */
import { describeFailure } from '../../core/failure.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppState, AppStore } from '../state/app-store.ts';
import type { Outcome, Photo, PhotoId } from '../state/photo.ts';
import { isSamePatch, patchAt } from '../state/query.ts';
import { patchTitle, queryTitle } from '../words.ts';

/** A patch over which the engine failed this often is not asked again unasked. */
const maxFailures = 2;

interface Wish {
  readonly photo: Photo;
  readonly outcome: Outcome;
  readonly patch: PatchPosition;
}

const selectedPhoto = ({ photos, selectedId }: AppState): Photo | undefined =>
  selectedId === null ? undefined : photos[selectedId];

/** @returns the patch that is still to be answered; null where there is none, or no result to ask it of */
function wishOf(state: AppState): Wish | null {
  const photo = selectedPhoto(state);
  if (!photo?.asked || photo.state.status !== 'done') return null;
  const { outcome } = photo.state;
  const patch = patchAt(photo.asked.point, outcome.result);
  const { answer } = photo.asked;
  const isAnswered = answer?.of === outcome.result && isSamePatch(answer.attention, patch);
  return isAnswered ? null : { photo, outcome, patch };
}

const isOfSamePass = (a: Wish, b: Wish): boolean => a.photo.id === b.photo.id && a.outcome === b.outcome;

/** @param runAgain puts a photograph back into the queue */
export function createPatchAsking(
  client: EngineClient,
  store: AppStore,
  runAgain: (id: PhotoId) => void,
): void {
  let open: { readonly wish: Wish; readonly controller: AbortController } | null = null;
  let failed: { readonly wish: Wish; readonly times: number } | null = null;
  let before = store.getState();

  const ask = async (wish: Wish): Promise<void> => {
    const mine = { wish, controller: new AbortController() };
    open = mine;
    const { photo, outcome, patch } = wish;
    const { changeAsked } = store.getState();
    const answer = await client.call(
      'attendPatch',
      { id: photo.id, photo: photo.blob, framing: outcome.framing, patch },
      {
        signal: mine.controller.signal,
        onProgress: (progress) => {
          if (open === mine) changeAsked(photo.id, { progress });
        },
      },
    );
    // Another photograph is looked at, or another model: what comes now is nobody's.
    if (open !== mine) return;
    open = null;
    if (answer.ok) {
      failed = null;
      changeAsked(photo.id, { progress: null, answer: { of: outcome.result, attention: answer.value } });
      const { rows, columns } = outcome.result;
      store.getState().announce(`${patchTitle(answer.value)} of ${rows} × ${columns}`);
    } else if (answer.error.code !== 'cancelled') {
      const times = failed !== null && isOfSamePass(failed.wish, wish) ? failed.times + 1 : 1;
      failed = { wish, times };
      if (times < maxFailures) changeAsked(photo.id, { progress: null });
      else {
        failed = null;
        const { askPatch, say } = store.getState();
        askPatch(photo.id, null);
        say(
          `${photo.name}: ${patchTitle(patch)} was not answered. ${describeFailure(answer.error)}`,
          'warning',
        );
      }
    }
    settle();
  };

  const giveUp = (): void => {
    if (open === null) return;
    const { wish, controller } = open;
    open = null;
    controller.abort();
    store.getState().changeAsked(wish.photo.id, { progress: null });
  };

  /** Brings what is asked in line with what is wished. One question at a time: of a key held down, the last wish counts. */
  const settle = (): void => {
    const state = store.getState();
    const wish = wishOf(state);
    // The store tells of it, and so this is called again.
    if (open !== null && (wish === null || !isOfSamePass(open.wish, wish))) return giveUp();
    if (wish === null || open !== null || state.engine.status !== 'ready') return;
    // A start has taken the spare model meanwhile: its patches are others.
    if (wish.outcome.model.id !== state.engine.model.id) runAgain(wish.photo.id);
    else void ask(wish);
  };

  store.subscribe((state) => {
    const last = selectedPhoto(before);
    const photo = selectedPhoto(state);
    before = state;
    if (photo !== undefined && photo.id === last?.id && last.asked !== null && photo.asked === null)
      state.announce(queryTitle(state.token));
    settle();
  });
}
