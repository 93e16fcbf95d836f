/** What is shown of a collection and what is selected in it. Nothing of it is kept. */
import { keyOfName } from '../../core/photograph-name.ts';
import type { FeatureKind } from '../../core/recognition.ts';
import { countOf } from '../../core/count-of.ts';
import type { NewPhoto, PhotoId } from '../state/photo.ts';
import type { EngineSession } from '../engine/session.ts';
import { arrangeItems } from './arrange-items.ts';
import { describeItem } from './describe-item.ts';
import type { RecogniseConduct } from './recognise-conduct.ts';
import {
  shownPredictions,
  type Filter,
  type Order,
  type RecogniseState,
  type Tab,
} from './recognise-state.ts';
import type { Voting } from './voting.ts';

export interface ViewActions {
  setFeature(feature: FeatureKind): void;
  setLookAlikeFeature(feature: FeatureKind): void;
  /** @param k null: by the smallest class */
  setNeighbours(k: number | null): void;
  setTab(tab: Tab): void;
  setOrder(order: Order): void;
  setFilter(filter: Filter): void;
  /** @param how 'one' alone; 'add' or take away, except the one that is shown; 'toggle' that one too; 'range' from the one that is shown up to this one */
  selectItem(index: number, how: 'one' | 'add' | 'toggle' | 'range'): void;
  /** Begins or ends selecting by presses alone; what is selected stays. */
  setPicksSeveral(picksSeveral: boolean): void;
  /** @param words what they have in common */
  selectItems(indices: readonly number[]): void;
  clearSelection(): void;
  /** Moves to the photograph so many places further in the shown order. @returns whether there is a collection to move in */
  moveBy(places: number, how: 'one' | 'range'): boolean;
  /** Announces the photograph that is shown by itself: for keys that are pressed outside the list, which tells its own. */
  tellCurrent(): void;
  /** @returns the photograph for the screen, upright; null where its file is not at hand or cannot be decoded. Caller closes it */
  decodeItem(index: number, signal: AbortSignal): Promise<ImageBitmap | null>;
  /** Of the selected photographs those whose files are at hand, in the viewer's strip. */
  openInViewer(): void;
  /** The photographs whose files are at hand, with their classes, for a training run: in the strip, which they may be in already. */
  giveToTraining(): void;
  dismissFailure(): void;
}

function between(arranged: readonly number[], from: number | null, to: number): readonly number[] {
  const [a, b] = [from === null ? -1 : arranged.indexOf(from), arranged.indexOf(to)];
  if (a < 0 || b < 0) return [to];
  return arranged.slice(Math.min(a, b), Math.max(a, b) + 1);
}

/** Of the photograph that is shown by itself. */
const decodedSidePx = 1024;

/** What was found for another feature is no longer shown. */
const forOtherFeature = { map: { status: 'idle', value: null } } as const satisfies Partial<RecogniseState>;

export function createViewActions(
  { client, app, store }: RecogniseConduct,
  viewer: Pick<EngineSession, 'add'>,
  voting: Voting,
): ViewActions {
  const arrange = (change: Partial<RecogniseState>): void =>
    store.setState((state) => {
      const next = { ...state, ...change };
      return { ...change, arranged: arrangeItems(next) };
    });

  const select = (index: number, how: 'one' | 'add' | 'toggle' | 'range'): void =>
    store.setState(({ selected, cursor, arranged }) => {
      if (how === 'one') return { selected: new Set([index]), cursor: index };
      if (how === 'range')
        return { selected: new Set([...selected, ...between(arranged, cursor, index)]), cursor: index };
      const next = new Set(selected);
      if (next.has(index) && (index !== cursor || how === 'toggle')) next.delete(index);
      else next.add(index);
      if (next.has(index)) return { selected: next, cursor: index };
      return { selected: next, cursor: index === cursor ? ([...next].at(-1) ?? null) : cursor };
    });

  return {
    setFeature(feature) {
      store.setState({ feature, ...forOtherFeature });
      void voting.vote(true);
    },
    setLookAlikeFeature: (lookAlikeFeature) => store.setState({ lookAlikeFeature }),
    setNeighbours(k) {
      store.setState({ k });
      void voting.vote(true);
    },
    setTab: (tab) =>
      store.setState((state) => {
        const change = { tab, filter: { kind: 'all' } as const };
        return { ...change, arranged: arrangeItems({ ...state, ...change }) };
      }),
    setOrder: (order) => arrange({ order }),
    setFilter: (filter) =>
      store.setState((state) => {
        const arranged = arrangeItems({ ...state, filter });
        // What is no longer in sight is no longer selected: a class would be given to it, too.
        const shown = new Set(arranged);
        const selected = [...state.selected].filter((index) => shown.has(index));
        const cursor =
          state.cursor !== null && shown.has(state.cursor) ? state.cursor : (selected.at(-1) ?? null);
        return { filter, arranged, selected: new Set(selected), cursor };
      }),
    selectItem: select,
    selectItems: (indices) => store.setState({ selected: new Set(indices), cursor: indices[0] ?? null }),
    setPicksSeveral(picksSeveral) {
      store.setState({ picksSeveral });
      const words = 'Each photograph that you press is selected, or no longer.';
      app.getState().announce(picksSeveral ? words : 'One photograph is selected at a time.');
    },
    clearSelection: () => store.setState({ selected: new Set(), cursor: null, picksSeveral: false }),

    moveBy(places, how) {
      const { arranged, cursor } = store.getState();
      if (arranged.length === 0) return false;
      const at = cursor === null ? -1 : arranged.indexOf(cursor);
      const next = at < 0 ? (places > 0 ? 0 : arranged.length - 1) : at + places;
      const index = arranged[Math.min(arranged.length - 1, Math.max(0, next))];
      if (index !== undefined) select(index, how);
      return true;
    },

    tellCurrent() {
      const state = store.getState();
      const { open, cursor, selected } = state;
      const item = cursor === null ? undefined : open?.items[cursor];
      if (item === undefined) return;
      const isHead = state.tab === 'head';
      const told = isHead ? state.head.told.get(item.index)?.[0] : undefined;
      const count = selected.size > 1 ? `, ${selected.size} selected` : '';
      app
        .getState()
        .announce(`${describeItem(item, isHead ? null : shownPredictions(state), told)}${count}.`);
    },

    async decodeItem(index, signal) {
      const { open } = store.getState();
      const item = open?.items[index];
      const photo = open?.files.of(item) ?? null;
      if (open === null || item === undefined || photo === null) return null;
      const id = `${open.kept.id} ${keyOfName(item)}`;
      const outcome = await client.call('decode', { id, photo, maxSidePx: decodedSidePx }, { signal });
      return outcome.ok ? outcome.value.bitmap : null;
    },

    openInViewer() {
      const { open, selected } = store.getState();
      if (open === null) return;
      const photos = [...selected].flatMap((index) => {
        const item = open.items[index];
        const blob = open.files.of(item);
        return item === undefined || blob === null
          ? []
          : [{ name: item.name, alt: null, credit: null, blob }];
      });
      if (photos.length === 0) return;
      viewer.add(photos);
      app.getState().setScreen('viewer');
      app.getState().announce(`${countOf(photos.length, 'photograph')} in the strip.`);
    },

    giveToTraining() {
      const { open } = store.getState();
      if (open === null) return;
      const { photos, setClassNames, announce } = app.getState();
      const there = new Map(Object.values(photos).map(({ id, blob }) => [blob, id]));
      const classNames = new Map<PhotoId, string | null>();
      const added: NewPhoto[] = [];
      for (const item of open.items) {
        const blob = open.files.of(item);
        if (blob === null || item.failure !== null) continue;
        const { name, className } = item;
        const id = there.get(blob);
        if (id === undefined) added.push({ name, alt: null, credit: null, blob, className });
        else classNames.set(id, className);
      }
      setClassNames(classNames);
      if (added.length > 0) viewer.add(added);
      const count = countOf(added.length + classNames.size, 'photograph');
      announce(`${count} of “${open.kept.title}”, with their classes.`);
    },

    dismissFailure: () => store.setState({ failure: null, wanted: null }),
  };
}
