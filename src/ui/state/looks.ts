/**
 * Requested looks and computed outcomes. Outcomes are stored by the look that made them. What is shown is derived from the requested
 * look, so going back to an earlier lens, patch or model costs nothing.
 */
import type { BackendDescription } from '../../core/backend.ts';
import type { ModelDescription } from '../../core/model.ts';
import { keyOfFraming, type FramingOptions } from '../../core/photo.ts';
import { contractOf, type LensId } from '../../lenses/contracts.ts';
import type { LookResult, Query } from '../../lenses/lens-contract.ts';
import type { AppState } from './app-store.ts';
import type { Photo, PhotoId } from './photo.ts';
import { patchAt } from './photo-point.ts';

/** Everything that determines a result. */
export interface Look {
  readonly lens: LensId;
  /** The lens's parameters. */
  readonly params: object;
  readonly photo: PhotoId;
  /** The model's key. */
  readonly model: string;
  readonly framing: FramingOptions;
}

/** A result and what it was made with, so that the caption stays correct when engine or settings change later. */
export interface Outcome {
  readonly look: Look;
  readonly looked: LookResult<unknown>;
  readonly model: ModelDescription;
  readonly backend: BackendDescription;
  readonly byteLength: number;
}

export type Outcomes = ReadonlyMap<string, Outcome>;

export const keyOfLook = ({ lens, params, photo, model, framing }: Look): string =>
  JSON.stringify([lens, contractOf(lens).params.write(params), photo, model, keyOfFraming(framing)]);

type Settings = Pick<AppState, 'lens' | 'params' | 'token' | 'framing' | 'models'>;

/** @param query the asked token, if the lens asks one */
function lookWith(state: Settings, photo: Photo, query: Query): Look | null {
  const { used } = state.models;
  if (used === null) return null;
  const { lens, framing } = state;
  const own = state.params[lens];
  const params = contractOf(lens).asks ? { ...own, ...query } : own;
  return { lens, params, photo: photo.id, model: used.key, framing };
}

/** The look for a photograph when no patch is picked; null while there is no model. */
export const plainLook = (state: Settings, photo: Photo): Look | null =>
  lookWith(state, photo, { token: state.token, patch: null });

/** The photograph's grid for the model in use, if it is known. */
function seenNow({ models, framing }: Settings, { seen }: Photo): Photo['seen'] {
  if (seen === null || seen.model !== models.used?.key) return null;
  return keyOfFraming(seen.framing) === keyOfFraming(framing) ? seen : null;
}

/** The look that the photograph should show; null while there is no model, or while its grid is not known. */
export function requestedLook(state: Settings, photo: Photo): Look | null {
  if (photo.point === null || !contractOf(state.lens).asks) return plainLook(state, photo);
  const seen = seenNow(state, photo);
  return seen === null
    ? null
    : lookWith(state, photo, { token: state.token, patch: patchAt(photo.point, seen.frame) });
}

/** The outcome that is shown: of the requested look, or, until that has come, the last one through the same lens. */
export function shownOutcome(state: Settings & Pick<AppState, 'outcomes'>, photo: Photo): Outcome | null {
  const requested = requestedLook(state, photo);
  const answered = requested === null ? undefined : state.outcomes.get(keyOfLook(requested));
  const last = photo.shown[state.lens];
  return answered ?? (last === undefined ? undefined : state.outcomes.get(last)) ?? null;
}

/** Keys of the outcomes that the photograph shows with each lens. They may be older than its last outcome. */
export function keysOnView(state: Settings & Pick<AppState, 'outcomes'>, photo: Photo): ReadonlySet<string> {
  const outcome = shownOutcome(state, photo);
  return new Set([...Object.values(photo.shown), ...(outcome === null ? [] : [keyOfLook(outcome.look)])]);
}

/** The bytes of all typed arrays in a result, at any depth. */
export function bytesIn(value: unknown): number {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, part) => sum + bytesIn(part), 0);
}

/** Enough for the maps of two hundred photographs, in all blocks of a ViT-S/16. */
const maxBytes = 128 * 1024 * 1024;

/**
 * @param keep keys of outcomes that are never removed, whatever their size: those on view
 * @returns the outcomes with `outcome` added, and without the oldest ones if they are too large together
 */
export function withOutcome(outcomes: Outcomes, outcome: Outcome, keep: ReadonlySet<string>): Outcomes {
  const next = new Map(outcomes);
  const key = keyOfLook(outcome.look);
  next.delete(key);
  next.set(key, outcome);
  let bytes = [...next.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  for (const [oldest, { byteLength }] of next) {
    if (bytes <= maxBytes) break;
    if (oldest === key || keep.has(oldest)) continue;
    next.delete(oldest);
    bytes -= byteLength;
  }
  return next;
}

/** @returns the outcomes without those of the removed photographs */
export const withoutPhotos = (outcomes: Outcomes, gone: ReadonlySet<PhotoId>): Outcomes =>
  new Map([...outcomes].filter(([, { look }]) => !gone.has(look.photo)));
