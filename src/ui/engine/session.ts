/**
 * The engine as the page uses it: start and restart, the queue of looks, and the replacement of models. State is in
 * the store.
 */
import { isFinalFailure, type Failure } from '../../core/failure.ts';
import type { BackendChoice } from '../../core/backend.ts';
import type { FramingOptions } from '../../core/photo.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppStore } from '../state/app-store.ts';
import type { ChosenModel } from '../state/model-choice.ts';
import type { NewPhoto, PhotoId } from '../state/photo.ts';
import { createAnnouncer } from './announcer.ts';
import { createEngineLife } from './engine-life.ts';
import { createLookQueue } from './look-queue.ts';
import { createModelSwitching, type ModelSwitching } from './model-switching.ts';

/** How many photographs are added at once: two hundred would block the page. */
const photosPerTask = 8;

export interface EngineSession extends ModelSwitching {
  /** @param fallback the model to use, with a message, if `model` cannot be loaded. With null the start then fails */
  start(model: ChosenModel, fallback: ChosenModel | null): void;
  /** The model in use has another source now, which the next start uses. Nothing is loaded. */
  rename(model: ChosenModel): void;
  /** After a failed start, or after too many losses; a back end other than the one before may be forced. */
  startAgain(backend?: BackendChoice): void;
  /** @param selects whether the first of them is selected */
  add(photos: readonly NewPhoto[], selects?: boolean): void;
  /** Resolves when all that was to be added is in the strip. */
  whenAdded(): Promise<void>;
  retry(id: PhotoId): void;
  cancel(id: PhotoId): void;
  cancelAll(): void;
  remove(id: PhotoId): void;
  removeAll(): void;
  /** Runs every photograph again; old results stay on view until then. */
  changeFraming(framing: FramingOptions): void;
  /** Repeats a further question that failed. */
  retryRequest(): void;
}

export interface SessionOptions {
  readonly backend: BackendChoice;
  readonly now?: () => number;
}

export function createSession(
  client: EngineClient,
  store: AppStore,
  { backend, now = () => performance.now() }: SessionOptions,
): EngineSession {
  const queue = createLookQueue(client, store, createAnnouncer(store));
  const life = createEngineLife(client, store, queue, {
    backend,
    now,
    onOtherModel: () => queue.hold(() => lookAgain(isFinalFailure)),
  });
  const incoming: NewPhoto[] = [];
  let adding = Promise.resolve();

  const addAll = async (selectFirst: boolean): Promise<void> => {
    for (let isFirst = true; incoming.length > 0; isFirst = false) {
      if (!isFirst) await new Promise((resolve) => setTimeout(resolve));
      const some = incoming.splice(0, photosPerTask);
      if (some.length > 0) store.getState().addPhotos(some, selectFirst && isFirst);
    }
  };

  /** Runs every photograph again; what is on view stays until then. */
  const lookAgain = (mayDoBetter: (failure: Failure) => boolean): void => {
    const { order, photos } = store.getState();
    queue.abandon();
    for (const id of order) {
      const state = photos[id]?.state;
      if (state && (state.status !== 'failed' || mayDoBetter(state.failure))) queue.queue(id);
    }
  };

  /** The engine keeps passes, which a photograph that is gone never needs again. */
  const forget = (photos: readonly PhotoId[]): void => {
    if (store.getState().engine.status === 'ready') void client.call('forget', { photos });
  };

  const models = createModelSwitching(client, store, {
    startWith: (next) => life.startWith(next),
    take: (next) =>
      queue.hold(() => {
        store.getState().setUsedModel(next);
        life.take(next);
        lookAgain(isFinalFailure);
      }),
  });

  return {
    ...models,
    start: (first, fallback) => life.start(first, fallback),
    rename: (same) => life.rename(same),
    startAgain: (next) => life.startAgain(next),

    add(photos, selects = true) {
      const isAdding = incoming.length > 0;
      incoming.push(...photos);
      // A photograph that was just added is selected.
      if (!isAdding) adding = addAll(selects);
    },

    whenAdded: () => adding,

    retry(id) {
      life.forgetLosses(id);
      queue.queue(id);
    },

    cancel: (id) => queue.cancel(id),

    cancelAll() {
      // Photographs that are still to be added are kept, and cancelled like the others.
      queue.hold(() => {
        while (incoming.length > 0) store.getState().addPhotos(incoming.splice(0, photosPerTask), false);
        queue.cancelAll();
      });
    },

    remove: (id) =>
      queue.hold(() => {
        // Before the cancel, which would let go of a patch that is asked on another photograph.
        store.getState().removePhotos([id]);
        queue.cancel(id);
        forget([id]);
      }),

    removeAll() {
      incoming.length = 0;
      queue.hold(() => {
        queue.abandon();
        const { order, removePhotos } = store.getState();
        removePhotos(order);
        forget(order);
      });
    },

    changeFraming: (framing) =>
      queue.hold(() => {
        store.getState().setFraming(framing);
        // A faulty file fails at any size; only memory depends on the size.
        lookAgain(({ code }) => code === 'out-of-memory');
      }),

    retryRequest: () => queue.retryRequest(),
  };
}
