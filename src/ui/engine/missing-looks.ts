/** Which looks are missing, and what the engine is asked for one: functions of the page's state. */
import { keyOfFraming } from '../../core/photo.ts';
import { contractOf } from '../../lenses/contracts.ts';
import type { LookRequest } from '../../rpc/engine-contract.ts';
import type { AppState } from '../state/app-store.ts';
import {
  allAreShown,
  askedPoint,
  keyOfLook,
  otherSide,
  plainLook,
  requestedLook,
  spanOfLook,
  type Look,
  type Side,
} from '../state/looks.ts';
import type { UsedModel } from '../state/model-in-use.ts';
import type { Photo, PhotoId } from '../state/photo.ts';

/** A look that is still missing. */
export interface Open {
  readonly look: Look;
  readonly side: Side;
}

/** Keys of looks for which memory had no room. */
type LeftOut = ReadonlySet<string>;

export const selectedPhoto = ({ photos, selectedId }: AppState): Photo | undefined =>
  selectedId === null ? undefined : photos[selectedId];

/** The same pass and lens; only the token differs, so the answer is quick. */
export const isOfSamePass = (a: Look, b: Look): boolean =>
  a.photo === b.photo &&
  a.of.join() === b.of.join() &&
  a.lens === b.lens &&
  a.model === b.model &&
  keyOfFraming(a.framing) === keyOfFraming(b.framing);

/** @returns the state as this side of a comparison sees it; null if nothing is compared */
export const stateOf = (state: AppState, side: Side): AppState | null =>
  side === 'own' ? state : otherSide(state);

/** @returns the photograph that waits and is next: the selected one comes first */
export function nextQueued({ order, photos, selectedId }: AppState): PhotoId | undefined {
  const isQueued = (id: PhotoId): boolean => photos[id]?.state.status === 'queued';
  return selectedId !== null && isQueued(selectedId) ? selectedId : order.find(isQueued);
}

/**
 * @returns the photograph that must be looked at first: a patch is asked on it, but this model has no result for it yet, so its grid
 * is not known
 */
export function unseen(state: AppState, photo: Photo): PhotoId | null {
  const asked = askedPoint(state, photo)?.photo;
  if (asked === undefined || asked.state.status !== 'done') return null;
  return plainLook(state, asked) !== null && requestedLook(state, photo) === null ? asked.id : null;
}

/** @returns the look that is still missing for this photograph; null if there is none */
function missing(state: AppState, photo: Photo | undefined): Look | null {
  if (photo === undefined || photo.state.status !== 'done') return null;
  const look = requestedLook(state, photo);
  return look === null || state.outcomes.has(keyOfLook(look)) ? null : look;
}

/**
 * @returns what the other side of a comparison still lacks of the selected photograph: the plain look first, where a patch is asked and
 * that model's grid is not known. Null while all photographs are on the stage, where nothing is compared
 */
function missingAgainst(own: AppState): Look | null {
  const state = allAreShown(own) ? null : otherSide(own);
  const photo = state === null ? undefined : selectedPhoto(state);
  if (state === null || photo === undefined || photo.state.status !== 'done') return null;
  if (requestedLook(state, photo) !== null) return missing(state, photo);
  const plain = plainLook(state, askedPoint(state, photo)?.photo ?? photo);
  return plain === null || state.outcomes.has(keyOfLook(plain)) ? null : plain;
}

/**
 * @returns the look that is still missing for the selected photograph, else one of another photograph that depends on several; null if
 * there is none, or if it was given up
 */
export function openRequest(state: AppState, leftOut: LeftOut): Open | null {
  const { asking, lens, order, photos } = state;
  const hasFailed = (look: Look, side: Side): boolean => {
    const known = asking[side];
    return known?.status === 'failed' && keyOfLook(known.look) === keyOfLook(look);
  };
  const own = missing(state, selectedPhoto(state));
  if (own !== null && !hasFailed(own, 'own')) return { look: own, side: 'own' };
  const other = missingAgainst(state);
  if (other !== null && !hasFailed(other, 'against')) return { look: other, side: 'against' };
  if (own !== null || other !== null) return null;
  // The strip shows answers only to questions about several photographs.
  if (contractOf(lens).looksAt === undefined) return null;
  for (const id of order) {
    const look = missing(state, photos[id]);
    if (look === null || leftOut.has(keyOfLook(look))) continue;
    const span = spanOfLook(look);
    return span === 'each' || span === 'all' ? { look, side: 'own' } : null;
  }
  return null;
}

/** Whether a look that runs is still needed, or will be once the token that is asked now has been answered. */
export function isStillWanted(state: AppState, { look, side }: Open, leftOut: LeftOut): boolean {
  const open = openRequest(state, leftOut);
  // A pointer that moves on must not keep the other side waiting for ever.
  const other = side === 'against' ? missingAgainst(state) : null;
  return [open?.look ?? null, other].some((each) => each !== null && isOfSamePass(look, each));
}

/** Whether the selected photograph should show this look on this side, or needs it before the one that it should show. */
export function isStillRequested(own: AppState, { look, side }: Open): boolean {
  const state = stateOf(own, side);
  const photo = selectedPhoto(own);
  if (state === null || photo === undefined) return false;
  const requested = requestedLook(state, photo) ?? plainLook(state, askedPoint(state, photo)?.photo ?? photo);
  return requested !== null && keyOfLook(requested) === keyOfLook(look);
}

/** @returns the photographs that the engine needs, those of `also` among them where each gets its own result */
function photosFor({ photo, of, ...look }: Look, also: readonly PhotoId[]): readonly PhotoId[] {
  switch (spanOfLook(look)) {
    case 'one':
      return [photo];
    case 'pair':
      return [photo, ...of];
    case 'each':
      return [...new Set([...of, photo, ...also])];
    case 'all':
      return of;
  }
}

/** @returns other photographs that still lack their answer to the same question */
function alsoWanted(state: AppState, { look, side }: Open, leftOut: LeftOut): readonly PhotoId[] {
  if (side === 'against' || spanOfLook(look) !== 'each') return [];
  return state.order.filter((id) => {
    const wanted = missing(state, state.photos[id]);
    return wanted !== null && wanted.of[0] === look.of[0] && !leftOut.has(keyOfLook(wanted));
  });
}

export function requestOf(
  state: AppState,
  open: Open,
  { reference }: UsedModel,
  leftOut: LeftOut,
): LookRequest {
  const { photos } = state;
  const { lens, params, model, framing } = open.look;
  const sources = photosFor(open.look, alsoWanted(state, open, leftOut)).flatMap((id) => {
    const photo = photos[id];
    return photo === undefined ? [] : [{ id, photo: photo.blob }];
  });
  const nextId = nextQueued(state);
  const next = sources.some(({ id }) => id === nextId) || nextId === undefined ? undefined : photos[nextId];
  return {
    lens,
    params,
    sources,
    models: [{ key: model, reference }],
    framing,
    upNext: next === undefined ? null : { id: next.id, photo: next.blob },
  };
}
