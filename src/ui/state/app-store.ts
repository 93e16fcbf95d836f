import type { ModelProgress, StartStep } from '../../core/progress.ts';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BackendName, Failure } from '../../core/failure.ts';
import type { FramingOptions } from '../../core/photo.ts';
import type { BackendDescription } from '../../core/backend.ts';
import type { ModelDescription } from '../../core/model.ts';
import { emptyLibrary, type LibraryState, type Transfer } from './library-state.ts';
import type { ModelChoice } from './model-choice.ts';
import type { AskedPatch, NewPhoto, Photo, PhotoId, PhotoState } from './photo.ts';
import type { PhotoPoint, SpecialToken } from './query.ts';
import {
  type OverlaySettings,
  type RememberedSettings,
  type Theme,
  type View,
  viewWithin,
} from './settings.ts';

type EngineState =
  | {
      readonly status: 'starting';
      readonly progress: StartStep | null;
      /** Why a running engine is being replaced; null at the first start. */
      readonly recoversFrom: Failure | null;
    }
  | { readonly status: 'ready'; readonly backend: BackendDescription; readonly model: ModelDescription }
  | {
      readonly status: 'failed';
      readonly failure: Failure;
      /** It was lost so often that it is not started again unasked. */
      readonly repeatedly: boolean;
      /** The back end that may do better; null where none is left, or it is not the back end's fault. */
      readonly instead: BackendName | null;
    };

/** Another model on its way into the engine, while the one in use stays. */
export interface ModelSwitch {
  readonly choice: ModelChoice;
  readonly title: string;
  readonly progress: ModelProgress | null;
}

/** Looking at photographs, or training a network on them. */
type Place = 'viewer' | 'training';

type DialogName = 'help' | 'samples' | 'models';

interface Message {
  readonly id: number;
  readonly tone: 'plain' | 'warning';
  readonly text: string;
}

export interface AppState {
  readonly engine: EngineState;
  /** The model of the last successful start: it names the page's tiles while the engine starts again. */
  readonly model: ModelDescription | null;
  /** What `model` is to the page; null until the first start has ended. */
  readonly usedModel: ModelChoice | null;
  readonly modelSwitch: ModelSwitch | null;
  /** The model to begin the next visit with; null: the embedded one. */
  readonly rememberedModel: ModelChoice | null;
  readonly library: LibraryState;
  readonly dialog: DialogName | null;
  readonly photos: Readonly<Record<PhotoId, Photo>>;
  readonly order: readonly PhotoId[];
  readonly selectedId: PhotoId | null;
  readonly view: View;
  /** Which special token is asked wherever no patch is, see `Photo.asked`. */
  readonly token: SpecialToken;
  readonly overlay: OverlaySettings;
  readonly framing: FramingOptions;
  readonly theme: Theme;
  readonly presenting: boolean;
  /** What the page is about now. */
  readonly place: Place;
  readonly messages: readonly Message[];
  /** What a screen reader is told next. */
  readonly announcement: string;
}

export interface AppActions {
  setEngine(engine: EngineState): void;
  setUsedModel(choice: ModelChoice): void;
  setModelSwitch(modelSwitch: ModelSwitch | null): void;
  /** Only what can be found again at the next visit is remembered. */
  rememberModel(choice: ModelChoice): void;
  changeLibrary(change: Partial<LibraryState>): void;
  /** @param transfer null: there is nothing more to say of it */
  setTransfer(id: string, transfer: Transfer | null): void;
  setDialog(dialog: DialogName | null): void;
  /** @param selectFirst whether the first of them comes on the stage */
  addPhotos(photos: readonly NewPhoto[], selectFirst: boolean): void;
  removePhotos(ids: readonly PhotoId[]): void;
  setPhotoState(id: PhotoId, update: (state: PhotoState) => PhotoState): void;
  select(id: PhotoId): void;
  setView(view: View): void;
  /** CLS or a register, on every photograph; the selected one's patch is let go of. */
  setToken(token: SpecialToken): void;
  /** @param point of a photograph that has a result; null goes back to the special token */
  askPatch(id: PhotoId, point: PhotoPoint | null): void;
  changeAsked(id: PhotoId, change: Partial<AskedPatch>): void;
  changeOverlay(change: Partial<OverlaySettings>): void;
  setFraming(framing: FramingOptions): void;
  setTheme(theme: Theme): void;
  setPresenting(presenting: boolean): void;
  setPlace(place: Place): void;
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
    usedModel: null,
    modelSwitch: null,
    rememberedModel: settings.model,
    library: emptyLibrary,
    dialog: null,
    photos: {},
    order: [],
    selectedId: null,
    view: 'all',
    token: 0,
    overlay: settings.overlay,
    framing,
    theme: settings.theme,
    presenting: false,
    place: 'viewer',
    messages: [],
    announcement: '',

    setEngine: (engine) =>
      set((state) => {
        if (engine.status !== 'ready') return { engine };
        const { model } = engine;
        return { engine, model, view: viewWithin(state.view, model) };
      }),
    setUsedModel: (usedModel) => set({ usedModel }),
    setModelSwitch: (modelSwitch) => set({ modelSwitch }),
    rememberModel: (choice) => set(choice.kind === 'dropped' ? {} : { rememberedModel: choice }),
    changeLibrary: (change) => set((state) => ({ library: { ...state.library, ...change } })),
    setTransfer: (id, transfer) =>
      set(({ library }) => {
        const { [id]: _, ...others } = library.transfers;
        const transfers = transfer === null ? others : { ...others, [id]: transfer };
        return { library: { ...library, transfers } };
      }),
    setDialog: (dialog) => set({ dialog }),

    addPhotos(added, selectFirst) {
      const photos = added.map((photo): Photo => {
        photosMade += 1;
        return {
          ...photo,
          id: `photo-${photosMade}`,
          state: { status: 'queued', previous: null },
          asked: null,
        };
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
    setToken: (token) =>
      set(({ photos, selectedId }) => {
        const photo = selectedId === null ? undefined : photos[selectedId];
        if (!photo) return { token };
        return { token, photos: { ...photos, [photo.id]: { ...photo, asked: null } } };
      }),

    askPatch(id, point) {
      set(({ photos }) => {
        const photo = photos[id];
        if (!photo) return {};
        const { progress = null, answer = null } = photo.asked ?? {};
        const asked = point === null ? null : { point, progress, answer };
        return { photos: { ...photos, [id]: { ...photo, asked } } };
      });
    },

    changeAsked(id, change) {
      set(({ photos }) => {
        const photo = photos[id];
        // Somebody has gone back to CLS, or removed the photograph, while it was asked.
        if (!photo?.asked) return {};
        return { photos: { ...photos, [id]: { ...photo, asked: { ...photo.asked, ...change } } } };
      });
    },

    changeOverlay: (change) => set((state) => ({ overlay: { ...state.overlay, ...change } })),
    setFraming: (next) => set({ framing: next }),
    setTheme: (theme) => set({ theme }),
    setPresenting: (presenting) => set({ presenting }),
    setPlace: (place) => set({ place, presenting: false }),

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
