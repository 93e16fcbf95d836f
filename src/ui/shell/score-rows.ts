/** The scores of all photographs that have a mask, with the lens in use, and the same as text. */
import type { Codec, Fields } from '../../core/codec.ts';
import { contractOf } from '../../lenses/contracts.ts';
import type { FoundMask } from '../../core/found-mask.ts';
import { foundOverlap, meanOf } from '../../score/fit.ts';
import { tokenTitle } from '../../lenses/query-title.ts';
import { scoreFound, type FoundScores } from '../../score/score-found.ts';
import { keyOfGrid } from '../engine/masks.ts';
import type { AppState } from '../state/app-store.ts';
import { framingInUse, keyOfLook, plainLook, type Look, type Outcome } from '../state/looks.ts';
import type { Photo, PhotoId, PhotoMask } from '../state/photo.ts';
import { foundIn } from './save-masks.ts';
import { sceneOf } from './use-scene.ts';
import { toCsv } from '../../core/csv.ts';

/** What a scene shows, compared with the photograph's mask. */
export type MaskComparison =
  | { readonly status: 'scored'; readonly scores: FoundScores }
  /** The mask's pixels are being counted on the lens's grid. */
  | { readonly status: 'counting'; readonly found: readonly FoundMask[] }
  /** The lens draws no mask now, or has found no object. */
  | { readonly status: 'no-mask' };

export function compareWithMask(found: readonly FoundMask[], { counts, facts }: PhotoMask): MaskComparison {
  if (found.length === 0) return { status: 'no-mask' };
  const scores = scoreFound(found, ({ grid }) => counts.get(keyOfGrid(grid)) ?? null, facts.boxes);
  return scores === null ? { status: 'counting', found } : { status: 'scored', scores };
}

export interface ScoreRow {
  readonly id: PhotoId;
  readonly photograph: string;
  readonly mask: string;
  readonly borderShare: number;
  /** Null until the photograph was looked at with the lens and the settings in use. */
  readonly comparison: MaskComparison | null;
}

/**
 * By the settings in use, not of an earlier look that may still be on view; and without a patch that is asked, so that all
 * rows are made alike.
 */
function outcomeOf(state: ScoreState, photo: Photo): Outcome | null {
  // Nothing is asked by the pointer.
  const look = plainLook({ ...state, pointed: null }, photo);
  return (look === null ? undefined : state.outcomes.get(keyOfLook(look))) ?? null;
}

/** @returns one row for each photograph with a mask, in the order of the strip */
export function scoreRowsOf(state: ScoreState): ScoreRow[] {
  return state.order.flatMap((id): ScoreRow[] => {
    const photo = state.photos[id];
    if (photo === undefined || photo.mask === null) return [];
    const outcome = outcomeOf(state, photo);
    const comparison =
      outcome === null
        ? null
        : compareWithMask(foundIn(outcome, sceneOf(outcome, state.drawings, state.shared)), photo.mask);
    const { name, facts } = photo.mask;
    return [{ id, photograph: photo.name, mask: name, borderShare: facts.borderShare, comparison }];
  });
}

/** What the rows and the words about them depend on; nothing else of the page's state redraws the table. */
const scoreFields = [
  'lens',
  'params',
  'drawings',
  'shared',
  'token',
  'framing',
  'models',
  'photos',
  'order',
  'asked',
  'partner',
  'outcomes',
] as const satisfies readonly (keyof AppState)[];

export type ScoreState = Pick<AppState, (typeof scoreFields)[number]>;

export const scoreStateOf = (state: AppState): ScoreState =>
  Object.fromEntries(scoreFields.map((field) => [field, state[field]])) as ScoreState;

const overlapWords: Readonly<Record<string, string>> = {
  2: 'patches overlap by a half',
  4: 'patches overlap by three quarters',
};

/** What differs from the usual settings, in words, for the head of the table. */
export function settingsInWords(state: ScoreState): string {
  const { lens, params, drawings } = state;
  const { params: computed, drawing } = contractOf(lens);
  const drawn = drawings[lens];
  const { token, mass: _, ...others } = { ...computed.write(params[lens]), ...drawing.write(drawn) };
  const words = Object.entries(others).flatMap(([name, text]) =>
    text === undefined || text === '' ? [] : [`${name} ${text}`],
  );
  if (token !== undefined) words.unshift(`asked by ${tokenTitle(Number(token)).toLowerCase()}`);
  if ('mass' in drawn) words.push(`masks keep ${String(drawn.mass)} %`);
  const { overlap = 1 } = framingInUse(state);
  return [...words, ...(overlapWords[overlap] === undefined ? [] : [overlapWords[overlap]])].join(', ');
}

/** For the file, which a program reads. What was asked: the lens, its parameters, and what differs from the usual in how it is drawn. */
export function describeSettings(state: ScoreState): string {
  const { lens, params, drawings } = state;
  const { overlap } = framingInUse(state);
  const { params: computed, drawing } = contractOf(lens);
  const everything = (codec: Codec<object>, values: object): [string, string][] => {
    const fields = codec.fields as Fields<Record<string, unknown>>;
    return Object.entries(values).map(([name, value]) => [name, fields[name]?.write(value) ?? '']);
  };
  const drawn = drawings[lens];
  const differs = drawing.write(drawn);
  const texts = [
    ...everything(computed, params[lens]),
    // The mass makes the mask, so it is told also where it is the usual one.
    ...everything(drawing, drawn).filter(([name]) => name === 'mass' || name in differs),
  ];
  if (overlap !== undefined && overlap !== 1) texts.push(['overlap', String(overlap)]);
  return texts
    .filter(([, text]) => text !== '')
    .map(([name, text]) => `${name} ${text}`)
    .join(', ');
}

export interface ScoreMeans {
  readonly scored: number;
  readonly bestJaccard: number;
  readonly firstJaccard: number;
  readonly overlap: number;
  /** How many of the first boxes have found an object. */
  readonly found: number;
  readonly border: number;
}

/** @returns null where nothing is scored yet */
export function meansOf(rows: readonly ScoreRow[]): ScoreMeans | null {
  const scored = rows.flatMap(({ comparison, borderShare }) =>
    comparison?.status === 'scored' ? [{ ...comparison.scores, borderShare }] : [],
  );
  if (scored.length === 0) return null;
  return {
    scored: scored.length,
    bestJaccard: meanOf(scored.map(({ best }) => best.jaccard)),
    firstJaccard: meanOf(scored.map(({ first }) => first.jaccard)),
    overlap: meanOf(scored.map(({ first }) => first.overlap)),
    found: scored.filter(({ first }) => first.overlap >= foundOverlap).length,
    border: meanOf(scored.map(({ borderShare }) => borderShare)),
  };
}

/** What made the numbers, for each line of the file. */
export interface ScoreSource {
  readonly lens: string;
  readonly settings: string;
  readonly model: string;
  readonly look: Pick<Look, 'framing'>;
}

/** @returns comma-separated values with a line of names; cells are empty where nothing is scored */
export function csvOf(rows: readonly ScoreRow[], { lens, settings, model, look }: ScoreSource): string {
  const names = [
    'photograph',
    'mask',
    'lens',
    'settings',
    'model',
    'side_px',
    'masks',
    'best_mask',
    'best_jaccard',
    'first_mask',
    'first_jaccard',
    'first_box_iou',
    'border_share',
  ];
  const lines = rows.map(({ photograph, mask, borderShare, comparison }) => {
    const scores = comparison?.status === 'scored' ? comparison.scores : null;
    const numbers =
      scores === null
        ? ['', '', '', '', '', '']
        : [
            String(scores.masks),
            scores.best.title,
            scores.best.jaccard.toFixed(6),
            scores.first.title,
            scores.first.jaccard.toFixed(6),
            scores.first.overlap.toFixed(6),
          ];
    const made = [lens, settings, model, String(look.framing.sidePx)];
    return [photograph, mask, ...made, ...numbers, borderShare.toFixed(6)];
  });
  return toCsv([names, ...lines]);
}
