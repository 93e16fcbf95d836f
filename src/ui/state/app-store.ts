import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Failure } from '../../core/failure.ts';
import type { FramingOptions } from '../../core/photo.ts';
import type { BackendDescription, EngineContract, ModelDescription } from '../../rpc/contract.ts';
import type { NewPhoto, Photo, PhotoId, PhotoState } from './photo.ts';
import type { OverlaySettings, Query, RememberedSettings, Theme, View } from './settings.ts';

export type StartProgress = EngineContract['start']['progress'];

type EngineState =
  | {
      readonly status: 'starting';
      readonly progress: StartProgress | null;
      /** Why a running engine is being replaced; null at the first start. */
      readonly recoversFrom: Failure | null;
    }
  | { readonly status: 'ready'; readonly backend: BackendDescription; readonly model: ModelDescription }
  /** `repeatedly`: it was lost so often that it is not started again unasked. */
  | { readonly status: 'failed'; readonly failure: Failure; readonly repeatedly: boolean };

interface Message {
  readonly id: number;
  readonly tone: 'plain' | 'warning';
  readonly text: string;
}

export interface AppState {
  readonly engine: EngineState;
  /** The model of the last successful start: it names the page's tiles while the engine starts again. */
  readonly model: ModelDescription | null;
  readonly photos: Readonly<Record<PhotoId, Photo>>;
  readonly order: readonly PhotoId[];
  readonly selectedId: PhotoId | null;
  readonly view: View;
  readonly query: Query;
  readonly overlay: OverlaySettings;
  readonly framing: FramingOptions;
  readonly theme: Theme;
  readonly presenting: boolean;
  readonly messages: readonly Message[];
  /** What a screen reader is told next. */
  readonly announcement: string;
}

export interface AppActions {
  setEngine(engine: EngineState): void;
  /** @param selectFirst whether the first of them comes on the stage */
  addPhotos(photos: readonly NewPhoto[], selectFirst: boolean): void;
  removePhotos(ids: readonly PhotoId[]): void;
  setPhotoState(id: PhotoId, update: (state: PhotoState) => PhotoState): void;
  select(id: PhotoId): void;
  setView(view: View): void;
  setQuery(query: Query): void;
  changeOverlay(change: Partial<OverlaySettings>): void;
  setFraming(framing: FramingOptions): void;
  setTheme(theme: Theme): void;
  setPresenting(presenting: boolean): void;
  /** @returns the message's id, for `dismiss` */
  say(text: string, tone?: Message['tone']): number;
  dismiss(id: number): void;
  announce(text: string): void;
}

export type AppStore = StoreApi<AppState & AppActions>;

/** More would bury the photograph; the oldest goes. */
const messageLimit = 3;

/** The photo to look at when `removed` go: the next one that stays, else the one before. */
function selectionAfter(order: readonly PhotoId[], selected: PhotoId | null, removed: ReadonlySet<PhotoId>) {
  if (selected === null || !removed.has(selected)) return selected;
  const at = order.indexOf(selected);
  const stays = (id: PhotoId): boolean => !removed.has(id);
  return order.slice(at + 1).find(stays) ?? order.slice(0, at).findLast(stays) ?? null;
}

export function createAppStore(settings: RememberedSettings, framing: FramingOptions): AppStore {
  let photosMade = 0;
  let messagesMade = 0;
  return createStore<AppState & AppActions>()((set) => ({
    engine: { status: 'starting', progress: null, recoversFrom: null },
    model: null,
    photos: {},
    order: [],
    selectedId: null,
    view: 'all',
    query: 0,
    overlay: settings.overlay,
    framing,
    theme: settings.theme,
    presenting: false,
    messages: [],
    announcement: '',

    setEngine: (engine) => set(engine.status === 'ready' ? { engine, model: engine.model } : { engine }),

    addPhotos(added, selectFirst) {
      const photos = added.map((photo): Photo => {
        photosMade += 1;
        return { ...photo, id: `photo-${photosMade}`, state: { status: 'queued', previous: null } };
      });
      const ids = photos.map(({ id }) => id);
      set((state) => ({
        photos: { ...state.photos, ...Object.fromEntries(photos.map((photo) => [photo.id, photo])) },
        order: [...state.order, ...ids],
        selectedId: (selectFirst ? ids[0] : undefined) ?? state.selectedId ?? ids[0] ?? null,
      }));
    },

    removePhotos(ids) {
      const removed = new Set(ids);
      set((state) => ({
        photos: Object.fromEntries(Object.entries(state.photos).filter(([id]) => !removed.has(id))),
        order: state.order.filter((id) => !removed.has(id)),
        selectedId: selectionAfter(state.order, state.selectedId, removed),
      }));
    },

    setPhotoState(id, update) {
      set((state) => {
        const photo = state.photos[id];
        // It may have been removed while the engine worked on it.
        if (!photo) return state;
        return { photos: { ...state.photos, [id]: { ...photo, state: update(photo.state) } } };
      });
    },

    select: (selectedId) => set({ selectedId }),
    setView: (view) => set({ view }),
    setQuery: (query) => set({ query }),
    changeOverlay: (change) => set((state) => ({ overlay: { ...state.overlay, ...change } })),
    setFraming: (next) => set({ framing: next }),
    setTheme: (theme) => set({ theme }),
    setPresenting: (presenting) => set({ presenting }),

    say(text, tone = 'plain') {
      messagesMade += 1;
      const message = { id: messagesMade, tone, text };
      // The same sentence twice says no more than once.
      set((state) => ({
        messages: [...state.messages.filter((other) => other.text !== text), message].slice(-messageLimit),
      }));
      return message.id;
    },

    dismiss: (id) => set((state) => ({ messages: state.messages.filter((message) => message.id !== id) })),
    announce: (announcement) => set({ announcement }),
  }));
}
