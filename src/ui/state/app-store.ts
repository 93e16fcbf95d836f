import type { StartStep } from '../../core/progress.ts';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { BackendName, Failure } from '../../core/failure.ts';
import type { FramingOptions } from '../../core/photo.ts';
import type { BackendDescription } from '../../core/backend.ts';
import { contractOf, firstLens, type LensId } from '../../lenses/contracts.ts';
import type { PictureView } from '../../render/picture-view.ts';
import type { SharedDrawing } from '../../render/shared-drawing.ts';
import { emptyLibrary, type LibraryState, type Transfer } from './library-state.ts';
import type { ModelChoice } from './model-choice.ts';
import type { ModelsInUse, ModelSwitch, UsedModel } from './model-in-use.ts';
import type { CellCounts } from '../../score/fit.ts';
import type { AnyLookProgress, NewPhoto, Photo, PhotoId, PhotoMask, PhotoState } from './photo.ts';
import { messageActions, withoutModelWarnings, type Message, type MessageActions } from './messages.ts';
import type { NoteId } from './notes.ts';
import type { ZoomKey } from './zoom.ts';
import type { PhotoPoint, PickedPoint } from './photo-point.ts';
import {
  gridKey,
  keyOfLook,
  keysOnView,
  placeOnView,
  withOutcomes,
  withoutPhotos,
  type Against,
  type Look,
  type Outcome,
  type Outcomes,
  type Side,
} from './looks.ts';
import { forEachLens, type RememberedSettings, type Theme } from './settings.ts';

type EngineState =
  | {
      readonly status: 'starting';
      readonly progress: StartStep | null;
      /** Why a running engine is being replaced; null at the first start. */
      readonly recoversFrom: Failure | null;
    }
  | { readonly status: 'ready'; readonly backend: BackendDescription }
  | {
      readonly status: 'failed';
      readonly failure: Failure;
      /** True if the engine was lost so often that it is not restarted automatically. */
      readonly repeatedly: boolean;
      /** A back end that may work instead; null if none is left, or if the back end did not cause the failure. */
      readonly instead: BackendName | null;
    };

/** The views of the page: looking at photographs, training on them, or telling them apart. */
export type Screen = 'viewer' | 'training' | 'recognise';

/** Beside each other, one picture with a line to move, or what differs. */
type ComparisonView = 'sides' | 'swipe' | 'difference';

type DialogName = 'help' | 'samples' | 'models' | 'scores' | 'mask';

/** A look at the selected photograph that was requested and has no result yet. */
type Asking = { readonly look: Look } & (
  | { readonly status: 'running'; readonly progress: AnyLookProgress | null }
  /** Not repeated automatically. */
  | { readonly status: 'failed'; readonly failure: Failure }
);

export interface AppState {
  readonly engine: EngineState;
  readonly models: ModelsInUse;
  readonly library: LibraryState;
  readonly dialog: DialogName | null;
  readonly photos: Readonly<Record<PhotoId, Photo>>;
  readonly order: readonly PhotoId[];
  readonly selectedId: PhotoId | null;
  /** The lens in use, and the parameters and drawing of every lens. */
  readonly lens: LensId;
  readonly params: Readonly<Record<LensId, object>>;
  readonly drawings: Readonly<Record<LensId, object>>;
  readonly shared: SharedDrawing;
  /** The special token that is asked when no patch is, see `Photo.point`. */
  readonly token: number;
  /** The photograph on which a patch was picked last; a lens that asks about all photographs asks that one. */
  readonly asked: PhotoId | null;
  /** What was asked before the last pick, and on which photograph that was. */
  readonly pickBefore: {
    readonly photo: PhotoId;
    readonly point: PickedPoint | null;
    readonly asked: PhotoId | null;
  } | null;
  /** Where the pointer is on a photograph, for lenses that follow it. */
  readonly pointed: { readonly photo: PhotoId; readonly point: PhotoPoint } | null;
  /** The second photograph of a pair, if the person has chosen one. */
  readonly partner: PhotoId | null;
  /** Whether all photographs are on the stage, where the lens has an answer for each; else the selected one is. */
  readonly showsAll: boolean;
  /** The part that is shown on the stage, and of what; see `viewShown`. */
  readonly zoom: { readonly of: ZoomKey; readonly view: PictureView } | null;
  /** What the usual picture is compared with; null if nothing is. */
  readonly against: Against | null;
  /** Whether a model had to make room for the one that it is compared with, and was loaded again. */
  readonly takesTurns: boolean;
  /** How the two sides of a comparison are shown. */
  readonly comparisonView: ComparisonView;
  readonly outcomes: Outcomes;
  /** For each side the look for a further question about the selected photograph, while it runs or after it failed. */
  readonly asking: Readonly<Record<Side, Asking | null>>;
  readonly framing: FramingOptions;
  readonly theme: Theme;
  readonly presenting: boolean;
  /** The view that is shown. */
  readonly screen: Screen;
  readonly messages: readonly Message[];
  /** See `RememberedSettings`. */
  readonly heads: Readonly<Record<string, string>>;
  readonly notesSeen: readonly NoteId[];
  /** Whether the numbers of a picture are unfolded. */
  readonly detailsOpen: boolean;
  /** Whether the outline of a photograph's mask is drawn over it. */
  readonly maskShown: boolean;
  /** The last announcement for screen readers, and which it was: the same words again are another one. */
  readonly announcement: { readonly text: string; readonly count: number };
}

export interface AppActions extends MessageActions {
  setEngine(engine: EngineState): void;
  setUsedModel(used: UsedModel): void;
  setModelSwitch(next: ModelSwitch | null): void;
  /** Only a model that can be found at the next visit is remembered. */
  rememberModel(choice: ModelChoice): void;
  /** @param id of the catalogue */
  rememberHead(id: string, url: string): void;
  changeLibrary(change: Partial<LibraryState>): void;
  /** @param transfer null removes it */
  setTransfer(id: string, transfer: Transfer | null): void;
  setDialog(dialog: DialogName | null): void;
  /** @param selectFirst whether the first of them is selected */
  addPhotos(photos: readonly NewPhoto[], selectFirst: boolean): void;
  removePhotos(ids: readonly PhotoId[]): void;
  /** See `Photo.className`. */
  setClassNames(classNames: ReadonlyMap<PhotoId, string | null>): void;
  /** @param mask null where it has none any more */
  setMask(id: PhotoId, mask: PhotoMask | null): void;
  /** Keeps what was counted of the photograph's mask, unless it has another one by now. */
  addCellCounts(id: PhotoId, maskId: string, grid: string, counts: CellCounts): void;
  setMaskShown(maskShown: boolean): void;
  setPhotoState(id: PhotoId, update: (state: PhotoState) => PhotoState): void;
  select(id: PhotoId): void;
  setLens(lens: LensId): void;
  /** Changes parameters of the lens in use. */
  changeParams(change: object): void;
  changeDrawing(change: object): void;
  changeShared(change: Partial<SharedDrawing>): void;
  /** Sets the drawing of the lens in use to its defaults. */
  resetDrawing(): void;
  /** Asks CLS or a register on every photograph, and deselects the patch of the selected one. */
  setToken(token: number): void;
  /** @param point null goes back to the special token */
  pickPoint(id: PhotoId, point: PickedPoint | null): void;
  /** Takes the last pick back, where it was on this photograph: it was the first half of a double click. */
  undoPick(id: PhotoId): void;
  setPointed(pointed: AppState['pointed']): void;
  choosePartner(partner: PhotoId): void;
  setShowsAll(showsAll: boolean): void;
  setZoom(zoom: AppState['zoom']): void;
  setAgainst(against: Against | null): void;
  noteTurn(): void;
  setComparisonView(comparisonView: ComparisonView): void;
  setAsking(side: Side, asking: Asking | null): void;
  /** Results of one look, of one photograph or of several. */
  addOutcomes(outcomes: readonly Outcome[], side?: Side): void;
  setFraming(framing: FramingOptions): void;
  setTheme(theme: Theme): void;
  setPresenting(presenting: boolean): void;
  setScreen(screen: Screen): void;
  setDetailsOpen(detailsOpen: boolean): void;
  announce(text: string): void;
}

export type AppStore = StoreApi<AppState & AppActions>;

const plainAddress: Address = {
  lens: firstLens,
  params: forEachLens((id) => contractOf(id).params.defaults),
  screen: 'viewer',
};

/** Of a mask: the lenses' grids differ with the input size and with overlapping patches. */
const gridsKept = 4;

/** The photograph to select after `removed` are removed: the next one that stays, else the previous one. */
function selectionAfter(order: readonly PhotoId[], selected: PhotoId | null, removed: ReadonlySet<PhotoId>) {
  if (selected === null || !removed.has(selected)) return selected;
  const at = order.indexOf(selected);
  const stays = (id: PhotoId): boolean => !removed.has(id);
  return order.slice(at + 1).find(stays) ?? order.slice(0, at).findLast(stays) ?? null;
}

/** The settings from the page's address, with the usual values for those that it lacks. */
export interface Address {
  readonly lens: LensId;
  readonly params: Readonly<Record<LensId, object>>;
  readonly screen: Screen;
}

export function createAppStore(
  settings: RememberedSettings,
  framing: FramingOptions,
  address: Address = plainAddress,
): AppStore {
  let photosMade = 0;
  return createStore<AppState & AppActions>()((set) => ({
    engine: { status: 'starting', progress: null, recoversFrom: null },
    models: { used: null, next: null, remembered: settings.model },
    library: emptyLibrary,
    dialog: null,
    photos: {},
    order: [],
    selectedId: null,
    lens: address.lens,
    params: address.params,
    drawings: settings.drawings,
    shared: settings.shared,
    token: 0,
    asked: null,
    pickBefore: null,
    pointed: null,
    partner: null,
    showsAll: false,
    zoom: null,
    against: null,
    takesTurns: false,
    comparisonView: 'sides',
    outcomes: new Map(),
    asking: { own: null, against: null },
    framing,
    theme: settings.theme,
    presenting: false,
    screen: address.screen,
    messages: [],
    heads: settings.heads,
    notesSeen: settings.notesSeen,
    detailsOpen: settings.detailsOpen,
    maskShown: true,
    announcement: { text: '', count: 0 },

    setEngine: (engine) => set({ engine }),
    setUsedModel: (used) =>
      set(({ models, against, takesTurns }) => ({
        models: { ...models, used },
        takesTurns: takesTurns && used.key === models.used?.key,
        // A model is not compared with itself.
        against: against?.model?.key === used.key ? null : against,
      })),
    setModelSwitch: (next) =>
      set(({ models, messages }) => ({
        models: { ...models, next },
        messages: next === null ? messages : withoutModelWarnings(messages, next.purpose),
      })),
    rememberModel: (choice) =>
      set(({ models }) =>
        choice.kind === 'dropped' || choice.seed !== undefined
          ? {}
          : { models: { ...models, remembered: choice } },
      ),
    rememberHead: (id, url) => set(({ heads }) => ({ heads: { ...heads, [id]: url } })),
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
          state: { status: 'queued' },
          point: null,
          seen: {},
          shown: {},
          mask: null,
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
        outcomes: withoutPhotos(state.outcomes, removed),
      }));
    },

    setClassNames: (classNames) =>
      set(({ photos }) => ({
        photos: Object.fromEntries(
          Object.entries(photos).map(([id, photo]) => {
            const className = classNames.get(id);
            return [id, className === undefined ? photo : { ...photo, className }];
          }),
        ),
      })),

    setMask: (id, mask) =>
      set(({ photos }) => {
        const photo = photos[id];
        return photo === undefined ? {} : { photos: { ...photos, [id]: { ...photo, mask } } };
      }),

    addCellCounts: (id, maskId, grid, counts) =>
      set(({ photos }) => {
        const photo = photos[id];
        if (photo === undefined || photo.mask === null || photo.mask.id !== maskId) return {};
        const kept = [...photo.mask.counts, [grid, counts] as const].slice(-gridsKept);
        const mask = { ...photo.mask, counts: new Map(kept) };
        return { photos: { ...photos, [id]: { ...photo, mask } } };
      }),

    setMaskShown: (maskShown) => set({ maskShown }),

    setPhotoState(id, update) {
      set((state) => {
        const photo = state.photos[id];
        // It may have been removed while the engine worked on it.
        if (!photo) return state;
        return { photos: { ...state.photos, [id]: { ...photo, state: update(photo.state) } } };
      });
    },

    select: (selectedId) => set({ selectedId }),
    setLens: (lens) => set({ lens }),
    changeParams: (change) =>
      set(({ lens, params }) => ({ params: { ...params, [lens]: { ...params[lens], ...change } } })),
    changeDrawing: (change) =>
      set(({ lens, drawings }) => ({ drawings: { ...drawings, [lens]: { ...drawings[lens], ...change } } })),
    changeShared: (change) => set(({ shared }) => ({ shared: { ...shared, ...change } })),
    resetDrawing: () =>
      set(({ lens, drawings }) => ({
        drawings: { ...drawings, [lens]: contractOf(lens).drawing.defaults },
      })),
    setToken: (token) =>
      set(({ photos, selectedId }) => {
        const photo = selectedId === null ? undefined : photos[selectedId];
        return photo === undefined
          ? { token, asked: null }
          : { token, asked: null, photos: { ...photos, [photo.id]: { ...photo, point: null } } };
      }),
    pickPoint: (id, point) =>
      set(({ photos, asked }) => {
        const photo = photos[id];
        if (photo === undefined) return {};
        const askedNow = point !== null ? id : asked === id ? null : asked;
        return {
          photos: { ...photos, [id]: { ...photo, point } },
          asked: askedNow,
          pickBefore: { photo: id, point: photo.point, asked },
        };
      }),
    undoPick: (id) =>
      set(({ photos, pickBefore }) => {
        const photo = photos[id];
        if (photo === undefined || pickBefore?.photo !== id) return {};
        const { point, asked } = pickBefore;
        return { photos: { ...photos, [id]: { ...photo, point } }, asked, pickBefore: null };
      }),
    setPointed: (pointed) => set({ pointed }),
    choosePartner: (partner) => set({ partner }),
    setShowsAll: (showsAll) => set({ showsAll }),
    setZoom: (zoom) => set({ zoom }),
    setAgainst: (against) =>
      set(({ messages }) => ({
        against,
        takesTurns: false,
        messages: withoutModelWarnings(messages, 'compare'),
      })),
    noteTurn: () => set({ takesTurns: true }),
    setComparisonView: (comparisonView) => set({ comparisonView }),
    setAsking: (side, now) => set(({ asking }) => ({ asking: { ...asking, [side]: now } })),

    addOutcomes: (added, side = 'own') =>
      set((state) => {
        const { outcomes, selectedId } = state;
        const photos = { ...state.photos };
        for (const { look, looked } of added) {
          const photo = photos[look.photo];
          const [pass] = looked.passes;
          // It may have been removed while the engine worked on it.
          if (photo === undefined || pass === undefined) continue;
          const seen = { ...photo.seen, [gridKey(look)]: pass.frame };
          const shown = { ...photo.shown, [placeOnView(look.lens, side)]: keyOfLook(look) };
          photos[photo.id] = { ...photo, seen, shown };
        }
        const selected = selectedId === null ? undefined : photos[selectedId];
        const known = added.filter(({ look }) => photos[look.photo] !== undefined);
        return {
          photos,
          outcomes: withOutcomes(
            outcomes,
            known,
            selected === undefined ? new Set() : keysOnView(state, selected),
          ),
        };
      }),

    setFraming: (next) => set({ framing: next }),
    setTheme: (theme) => set({ theme }),
    setPresenting: (presenting) => set({ presenting }),
    setDetailsOpen: (detailsOpen) => set({ detailsOpen }),
    setScreen: (screen) => set({ screen, presenting: false }),

    ...messageActions(set),
    announce: (text) =>
      set(({ announcement }) => ({ announcement: { text, count: announcement.count + 1 } })),
  }));
}
