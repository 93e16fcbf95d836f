/** The state of the screen "Recognise": the kept collections, the open one, and what was asked about it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Failure } from '../../core/failure.ts';
import type { LikelyClass, MadeOf } from '../../core/linear-head.ts';
import type { FeatureKind, FeatureSettings } from '../../core/recognition.ts';
import type {
  CollectionItem,
  CollectionList,
  GatherProgress,
  ProbePredictions,
  RecogniseContract,
  RemovedItem,
  StoredCollection,
} from '../../rpc/recognise-contract.ts';
import type { ChosenClassifier } from '../engine/classes.ts';
import type { FilesAtHand } from './files-at-hand.ts';
import type { SmallPictures } from './small-pictures.ts';

export type Votes = RecogniseContract['vote']['result'];
/** With the k of the votes beside it. */
export type TrainedProbe = RecogniseContract['trainProbe']['result'] & { readonly k: number };
/** Of the photograph `of`, which may not be the one that is shown now. */
export type LookAlikes = RecogniseContract['lookAlikes']['result'] & { readonly of: number | null };

/** What the page shows of a collection: its photographs by index. */
export interface OpenCollection {
  readonly kept: StoredCollection;
  readonly items: readonly CollectionItem[];
  readonly pictures: SmallPictures;
  readonly files: FilesAtHand;
  /** Every class, also one without a photograph. New ones come last, so that a class keeps its key. */
  readonly classNames: readonly string[];
}

/** Photographs that are being taken in. */
export interface Gathering {
  readonly title: string;
  /** Null before the first photograph: the model is loaded. */
  readonly progress: Omit<Extract<GatherProgress, { stage: 'photographs' }>, 'added'> | null;
  /** The engine was lost; it goes on as soon as there is another one. */
  readonly waitsForEngine: boolean;
}

/** Something that was asked of the worker. What was known before stays on view while it is asked again. */
export type Asked<T> =
  | { readonly status: 'idle'; readonly value: T | null }
  | { readonly status: 'asking'; readonly value: T | null; readonly share: number | null }
  | { readonly status: 'done'; readonly value: T }
  | { readonly status: 'failed'; readonly value: T | null; readonly failure: Failure };

/** Nothing has been asked yet. */
const unasked = { status: 'idle', value: null } as const;

export interface ClassChange {
  readonly index: number;
  readonly before: string | null;
  readonly after: string | null;
}

/** A step that can be undone. */
export type UndoStep =
  | { readonly kind: 'classes'; readonly changes: readonly ClassChange[] }
  | { readonly kind: 'removal'; readonly removed: readonly RemovedItem[] };

export type Order = 'wrong' | 'class' | 'added';

/** Which photographs are shown: all, those of a cell of the confusion matrix, or a list by another question. */
export type Filter =
  | { readonly kind: 'all' }
  | { readonly kind: 'cell'; readonly className: string; readonly voted: string }
  | { readonly kind: 'class'; readonly className: string | null }
  | { readonly kind: 'group'; readonly group: number }
  | { readonly kind: 'picked'; readonly indices: readonly number[]; readonly words: string };

export type Tab = 'classes' | 'look-alikes' | 'map' | 'probe' | 'head';

export type MapMethod = 'pca' | 'umap';

export interface ProbeView {
  /** Null where the predictions came from a file. */
  readonly trained: TrainedProbe | null;
  readonly predictions: ProbePredictions;
  readonly feature: FeatureKind;
  readonly fileName: string | null;
}

/** What a linear classifier with classes of its own says of the photographs, by index. Of this visit. */
export interface HeadAnswers {
  /** Null before one was chosen. */
  readonly by: ChosenClassifier | null;
  /** What a probe of the person's own was made of; null before the first answer. */
  readonly origin: { readonly madeOf: MadeOf | null } | null;
  /** The likeliest classes of each, the likeliest first. */
  readonly told: ReadonlyMap<number, readonly LikelyClass[]>;
  readonly failed: ReadonlyMap<number, Failure>;
  readonly asking: { readonly done: number; readonly total: number } | null;
  /** Why nobody could be asked. */
  readonly failure: Failure | null;
}

export const nothingTold: HeadAnswers = {
  by: null,
  origin: null,
  told: new Map(),
  failed: new Map(),
  asking: null,
  failure: null,
};

export interface RecogniseState {
  /** Null before it is first read. */
  readonly list: CollectionList | null;
  readonly listFailure: Failure | null;
  readonly open: OpenCollection | null;
  readonly isOpening: boolean;
  readonly gathering: Gathering | null;
  /** Why the last gathering ended early, or another action failed; null where all is well. */
  readonly failure: Failure | null;
  /** Of an interrupted gathering of an earlier visit: how many photographs it was to have. */
  readonly wanted: number | null;
  readonly settings: FeatureSettings | null;
  readonly takesFolderNames: boolean;
  readonly feature: FeatureKind;
  /** Null: by the smallest class, see `neighboursToAsk`. */
  readonly k: number | null;
  readonly votes: Asked<Votes>;
  readonly tab: Tab;
  readonly order: Order;
  readonly filter: Filter;
  /** Indices in the order in which they are shown; made anew only when that is asked for, so that nothing moves while a person teaches. */
  readonly arranged: readonly number[];
  readonly selected: ReadonlySet<number>;
  /** Whether a press on a photograph adds it to the selected ones, or takes it away: for touch, where there is no Ctrl key. */
  readonly picksSeveral: boolean;
  /** The photograph that is shown by itself; one of the selected ones. */
  readonly cursor: number | null;
  readonly undo: readonly UndoStep[];
  /** By default that of copy detection. */
  readonly lookAlikeFeature: FeatureKind;
  readonly lookAlikes: Asked<LookAlikes>;
  readonly mapMethod: MapMethod;
  readonly map: Asked<Float32Array>;
  readonly probe: Asked<ProbeView>;
  readonly head: HeadAnswers;
}

export type RecogniseStore = StoreApi<RecogniseState>;

/** The official script's. */
const usualK = 20;

/** What is about one collection and goes with it. */
export const nothingOpen = {
  open: null,
  votes: unasked,
  filter: { kind: 'all' },
  arranged: [],
  selected: new Set<number>(),
  picksSeveral: false,
  cursor: null,
  undo: [],
  lookAlikes: unasked,
  map: unasked,
  probe: unasked,
} as const satisfies Partial<RecogniseState>;

export const createRecogniseStore = (): RecogniseStore =>
  createStore<RecogniseState>()(() => ({
    list: null,
    listFailure: null,
    isOpening: false,
    gathering: null,
    failure: null,
    wanted: null,
    settings: null,
    takesFolderNames: true,
    feature: 'cls',
    k: null,
    lookAlikeFeature: 'copy',
    tab: 'classes',
    order: 'wrong',
    mapMethod: 'pca',
    head: nothingTold,
    ...nothingOpen,
  }));

/** Classes keep their places, and new ones come last. Of what could not be used nobody learns a class. */
function joinClassNames(known: readonly string[], items: readonly CollectionItem[]): readonly string[] {
  const has = new Set(known);
  const added = new Set<string>();
  for (const { className, failure } of items)
    if (className !== null && failure === null && !has.has(className)) added.add(className);
  return added.size === 0 ? known : [...known, ...[...added].sort((a, b) => a.localeCompare(b))];
}

/** @param added the same index replaces an item */
export function withItems(open: OpenCollection, added: readonly CollectionItem[]): OpenCollection {
  if (added.length === 0) return open;
  const items = [...open.items];
  for (const item of added) items[item.index] = item;
  return { ...open, items, classNames: joinClassNames(open.classNames, added) };
}

/** The collection with other classes for some photographs. */
export function withClasses(
  open: OpenCollection,
  changes: readonly { readonly index: number; readonly className: string | null }[],
): OpenCollection {
  const added = changes.flatMap(({ index, className }) => {
    const item = open.items[index];
    return item === undefined ? [] : [{ ...item, className }];
  });
  return withItems(open, added);
}

/** Whether files came and none of them could be used. */
export const isWithoutPhotographs = (items: readonly CollectionItem[]): boolean =>
  items.length > 0 && items.every(({ failure }) => failure !== null);

/** @returns the folders that are no class, since none of their files could be used */
export function foldersWithoutPhotographs(items: readonly CollectionItem[]): readonly string[] {
  const namesOf = (some: readonly CollectionItem[]): Set<string> =>
    new Set(some.flatMap(({ className }) => className ?? []));
  const usable = namesOf(items.filter(({ failure }) => failure === null));
  return [...namesOf(items)].filter((name) => !usable.has(name)).toSorted((a, b) => a.localeCompare(b));
}

/** @returns the class that all of these have; `undefined` where they differ, or there are none */
export function sharedClassOf(
  { items }: OpenCollection,
  indices: Iterable<number>,
): CollectionItem['className'] | undefined {
  const names = new Set(
    [...indices].flatMap((index) => items[index] ?? []).map(({ className }) => className),
  );
  return names.size === 1 ? [...names][0] : undefined;
}

/** How many usable photographs each class has, and how many have none. */
export function countClasses({ items, classNames }: OpenCollection): {
  readonly counts: ReadonlyMap<string, number>;
  readonly withoutClass: number;
} {
  const counts = new Map(classNames.map((name) => [name, 0]));
  let withoutClass = 0;
  for (const { className, failure } of items) {
    if (failure !== null) continue;
    if (className === null) withoutClass += 1;
    else counts.set(className, (counts.get(className) ?? 0) + 1);
  }
  return { counts, withoutClass };
}

/**
 * How many neighbours vote. With as many as there are photographs, a class would outvote each of its own, which is left out itself; so
 * by default they are fewer than the smallest class has, and no more than in the official script.
 */
export function neighboursToAsk({ open, k }: Pick<RecogniseState, 'open' | 'k'>): number {
  if (k !== null || open === null) return k ?? usualK;
  const sizes = [...countClasses(open).counts.values()].filter((count) => count > 1);
  return Math.min(usualK, ...sizes.map((count) => count - 1), sizes.length === 0 ? 1 : usualK);
}

/** What is predicted for an item, by votes or by a probe. */
export interface Prediction {
  readonly className: string;
  /** Of the votes, or the probability. */
  readonly share: number;
}

/** Whether there are classes and not two of them: any answer would be that class. */
export const isWithoutChoice = (predicted: ProbePredictions | null): boolean =>
  predicted?.classNames.length === 1;

/** @returns null where nobody answers, or there is nothing to choose between */
export function predictionOf(predicted: ProbePredictions | null, index: number): Prediction | null {
  const at = predicted?.predictions[index] ?? -1;
  const className = predicted?.classNames[at];
  if (predicted === null || className === undefined || isWithoutChoice(predicted)) return null;
  return { className, share: predicted.shares[index * predicted.classNames.length + at] ?? 0 };
}

/** The predictions that the shown tab is about. */
export const shownPredictions = ({ tab, votes, probe }: RecogniseState): ProbePredictions | null =>
  tab === 'probe' && probe.value !== null ? probe.value.predictions : votes.value;

export const isWrong = (item: CollectionItem, prediction: Prediction | null): boolean =>
  item.className !== null && prediction !== null && prediction.className !== item.className;
