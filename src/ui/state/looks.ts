/**
 * Requested looks and computed outcomes. Outcomes are stored by the look that made them. What is shown is derived from the requested
 * look, so going back to an earlier lens, patch or model costs nothing.
 */
import type { BackendDescription } from '../../core/backend.ts';
import type { Frame } from '../../core/frame.ts';
import type { ModelDescription } from '../../core/model.ts';
import { fitFraming, keyOfFraming, type FramingOptions } from '../../core/photo.ts';
import { contractOf, type LensId } from '../../lenses/contracts.ts';
import { spanOf, type AnyQuery, type LookResult, type Span } from '../../lenses/lens-contract.ts';
import type { AppState } from './app-store.ts';
import type { UsedModel } from './model-in-use.ts';
import type { Photo, PhotoId } from './photo.ts';
import { patchAt, patchesWithin, type PickedPoint } from './photo-point.ts';

/** Everything that determines a result. */
export interface Look {
  readonly lens: LensId;
  /** The lens's parameters. */
  readonly params: object;
  readonly photo: PhotoId;
  /**
   * Other photographs that the result depends on, see `Span`: for 'pair' the second one, for 'each' the asked one (also where it is
   * this one), for 'all' every one of them in the strip's order; else empty.
   */
  readonly of: readonly PhotoId[];
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

export const keyOfLook = ({ lens, params, photo, of, model, framing }: Look): string =>
  JSON.stringify([
    lens,
    contractOf(lens).params.write(params),
    photo,
    of.join(),
    model,
    keyOfFraming(framing),
  ]);

export const spanOfLook = ({ lens, params }: Pick<Look, 'lens' | 'params'>): Span =>
  spanOf(contractOf(lens), params);

type Settings = Pick<
  AppState,
  'lens' | 'params' | 'token' | 'framing' | 'models' | 'photos' | 'order' | 'asked' | 'pointed' | 'partner'
>;

const isUsable = (photo: Photo | undefined): photo is Photo =>
  photo !== undefined && photo.state.status !== 'failed' && photo.state.status !== 'cancelled';

/** @returns the second photograph of a pair: the chosen one, else the next one in the strip; null if there is no other */
export function partnerOf({ photos, order, partner }: Settings, id: PhotoId): PhotoId | null {
  const isOther = (other: PhotoId): boolean => other !== id && isUsable(photos[other]);
  if (partner !== null && isOther(partner)) return partner;
  const at = order.indexOf(id);
  return [...order.slice(at + 1), ...order.slice(0, at)].find(isOther) ?? null;
}

function othersOf(state: Settings, span: Span, id: PhotoId, asked: PhotoId): readonly PhotoId[] {
  switch (span) {
    case 'one':
      return [];
    case 'pair': {
      const partner = partnerOf(state, id);
      return partner === null ? [] : [partner];
    }
    case 'each':
      return [asked];
    case 'all':
      return state.order.filter((other) => isUsable(state.photos[other]));
  }
}

/** The framing as the model in use can have it. */
export const framingInUse = ({ framing, models }: Pick<AppState, 'framing' | 'models'>): FramingOptions =>
  models.used === null ? framing : fitFraming(framing, models.used.description.patchSizePx);

/**
 * @param query the asked token, if the lens asks one
 * @param asked the photograph on which it is asked
 */
function lookWith(state: Settings, photo: Photo, query: AnyQuery, asked: PhotoId): Look | null {
  const { used } = state.models;
  if (used === null) return null;
  const { lens } = state;
  const own = state.params[lens];
  const { asks, asksSeveral = false } = contractOf(lens);
  const { patches = [], ...one } = query;
  const params = asks ? { ...own, ...one, ...(asksSeveral ? { patches } : {}) } : own;
  const of = othersOf(state, spanOfLook({ lens, params }), photo.id, asked);
  return { lens, params, photo: photo.id, of, model: used.key, framing: framingInUse(state) };
}

/** The look for a photograph when no patch is picked; null while there is no model. */
export const plainLook = (state: Settings, photo: Photo): Look | null =>
  lookWith(state, photo, { token: state.token, patch: null, patches: [] }, photo.id);

/** What a photograph's grid depends on. */
export const gridKey = ({ model, framing }: Pick<Look, 'model' | 'framing'>): string =>
  `${model} ${keyOfFraming(framing)}`;

/** The photograph's grid for the model in use, if it is known. */
function gridNow(state: Settings, { seen }: Photo): Frame | null {
  const { used } = state.models;
  return used === null ? null : (seen[gridKey({ model: used.key, framing: framingInUse(state) })] ?? null);
}

/** One question about all photographs, where a lens has 'each'. */
const asksAllAtOnce = (lens: LensId): boolean => {
  const { asks, looksAt } = contractOf(lens);
  return asks && looksAt !== undefined;
};

interface AskedPoint {
  readonly photo: Photo;
  readonly point: PickedPoint;
}

/** @returns the point that was picked for this photograph: its own, or for 'each' the last one on any; null for a special token */
export function pickedPoint({ lens, photos, asked }: Settings, photo: Photo): AskedPoint | null {
  if (!contractOf(lens).asks) return null;
  const id = asksAllAtOnce(lens) ? asked : photo.id;
  const on = id === null ? undefined : photos[id];
  return isUsable(on) && on.point !== null ? { photo: on, point: on.point } : null;
}

/** @returns the point that is asked for this photograph: the picked one, else the one under the pointer; null for a special token */
export function askedPoint(state: Settings, photo: Photo): AskedPoint | null {
  const { lens, photos, pointed } = state;
  const picked = pickedPoint(state, photo);
  if (picked !== null || pointed === null) return picked;
  const { asks, followsPointer = false } = contractOf(lens);
  if (!asks || !followsPointer) return null;
  const under = photos[pointed.photo];
  const isAsked = isUsable(under) && (asksAllAtOnce(lens) || under.id === photo.id);
  return isAsked ? { photo: under, point: pointed.point } : null;
}

/** @returns the patches at the point: one, or several where it has an outline and the lens asks several */
function queryAt(lens: LensId, token: number, point: PickedPoint, frame: Frame): AnyQuery {
  const patches = contractOf(lens).asksSeveral === true ? patchesWithin(point.outline ?? [], frame) : [];
  return patches.length > 0
    ? { token, patch: null, patches }
    : { token, patch: patchAt(point, frame), patches };
}

/** @returns the photograph on which a picked patch is asked for this one; null if a special token is asked */
export const pickedOn = (state: Settings, photo: Photo): PhotoId | null =>
  pickedPoint(state, photo)?.photo.id ?? null;

/** The look that the photograph should show; null while there is no model, or while its grid is not known. */
export function requestedLook(state: Settings, photo: Photo): Look | null {
  const asked = askedPoint(state, photo);
  if (asked === null) return plainLook(state, photo);
  const grid = gridNow(state, asked.photo);
  return grid === null
    ? null
    : lookWith(state, photo, queryAt(state.lens, state.token, asked.point, grid), asked.photo.id);
}

/** What a comparison shows besides the usual picture. */
export interface Against {
  /** Null: the model in use. */
  readonly model: UsedModel | null;
  /** Null: the lens in use, with its settings. */
  readonly look: { readonly lens: LensId; readonly params: object; readonly drawing: object } | null;
}

/** The second photograph of a look at a pair, which is shown beside the first; null for every other look. */
export const secondOf = (
  { photos }: Pick<AppState, 'photos'>,
  { look }: Pick<Outcome, 'look'>,
): Photo | null => (spanOfLook(look) === 'pair' ? (photos[look.of[0] ?? ''] ?? null) : null);

/** The usual picture, or the one that it is compared with. */
export type Side = 'own' | 'against';

export const sides = ['own', 'against'] as const satisfies readonly Side[];

/** A pair of photographs takes the whole stage, so nothing is shown beside it. */
const isOfPair = ({ lens, params }: Settings): boolean =>
  spanOfLook({ lens, params: params[lens] }) === 'pair';

/** @returns the state as the other side of a comparison sees it; null if nothing is compared */
export function otherSide<S extends Settings & Pick<AppState, 'against' | 'drawings'>>(state: S): S | null {
  const { against, models, params, drawings } = state;
  if (against === null) return null;
  const { model, look } = against;
  const other: S = {
    ...state,
    ...(model === null ? {} : { models: { ...models, used: model } }),
    ...(look === null
      ? {}
      : {
          lens: look.lens,
          params: { ...params, [look.lens]: look.params },
          drawings: { ...drawings, [look.lens]: look.drawing },
        }),
  };
  return isOfPair(state) || isOfPair(other) ? null : other;
}

/** The key in `Photo.shown`. */
export const placeOnView = (lens: LensId, side: Side): string => (side === 'own' ? lens : `${lens}, ${side}`);

/** The outcome that is shown: of the requested look, or, until that has come, the last one through the same lens. */
export function shownOutcome(
  state: Settings & Pick<AppState, 'outcomes'>,
  photo: Photo,
  side: Side = 'own',
): Outcome | null {
  const requested = requestedLook(state, photo);
  const answered = requested === null ? undefined : state.outcomes.get(keyOfLook(requested));
  const last = photo.shown[placeOnView(state.lens, side)];
  return answered ?? (last === undefined ? undefined : state.outcomes.get(last)) ?? null;
}

/**
 * Whether all photographs can be on the stage: there are several, and the selected one has an answer to a question about all. A patch
 * must be picked: one that is only pointed at is asked no more when the pictures change places under the pointer.
 */
export function canShowAll(state: Settings & Pick<AppState, 'outcomes' | 'selectedId'>): boolean {
  const { lens, order, photos, selectedId } = state;
  const photo = selectedId === null ? undefined : photos[selectedId];
  if (order.length < 2 || photo === undefined || contractOf(lens).looksAt === undefined) return false;
  if (contractOf(lens).asks && pickedOn(state, photo) === null) return false;
  const outcome = shownOutcome(state, photo);
  return outcome !== null && isTogether(outcome);
}

/** Whether all photographs are on the stage now. */
export const allAreShown = (
  state: Settings & Pick<AppState, 'outcomes' | 'selectedId' | 'showsAll'>,
): boolean => state.showsAll && canShowAll(state);

/** Whether it is one photograph's answer to a question about several. */
export const isTogether = ({ look }: Outcome): boolean => ['each', 'all'].includes(spanOfLook(look));

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
 * @returns the outcomes with those of `added`, and without the oldest ones if they are too large together
 */
export function withOutcomes(
  outcomes: Outcomes,
  added: readonly Outcome[],
  keep: ReadonlySet<string>,
): Outcomes {
  const next = new Map(outcomes);
  const keys = new Set(added.map(({ look }) => keyOfLook(look)));
  for (const key of keys) next.delete(key);
  for (const outcome of added) next.set(keyOfLook(outcome.look), outcome);
  let bytes = [...next.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  for (const [oldest, { byteLength }] of next) {
    if (bytes <= maxBytes) break;
    if (keys.has(oldest) || keep.has(oldest)) continue;
    next.delete(oldest);
    bytes -= byteLength;
  }
  return next;
}

/** @returns the outcomes without those of the removed photographs */
export const withoutPhotos = (outcomes: Outcomes, gone: ReadonlySet<PhotoId>): Outcomes =>
  new Map([...outcomes].filter(([, { look }]) => !gone.has(look.photo)));
