/**
 * The engine's life as the page sees it: start, the queue of photographs, loss and recovery.
 * State lives in the store; this is the only place that calls 'start' and 'attend'.
 */
import {
  type BackendName,
  describeFailure,
  type Failure,
  isFinalFailure,
  isModelFailure,
  silenceOf,
} from '../../core/failure.ts';
import { describePhotoNotice, type FramingOptions, type PixelAccuracy } from '../../core/photo.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { BackendChoice } from '../../core/backend.ts';
import type { AppStore } from '../state/app-store.ts';
import type { ChosenModel } from '../state/model-choice.ts';
import { isWaiting, type NewPhoto, type PhotoId, visibleOutcome } from '../state/photo.ts';
import { otherBackend } from './other-backend.ts';
import { createModelSwitching, type ModelSwitching } from './model-switching.ts';
import { createPatchAsking } from './patch-asking.ts';
import { type Awaited, watchStart } from './start-watch.ts';
import { backendTitles, countOf, describeBackendReason, formatMilliseconds } from '../words.ts';

/** An engine that is lost this often within this time is not started again unasked. */
const maxLosses = 3;
const lossWindowMs = 120_000;
/** A photograph that the engine was lost over this often is not tried again unasked. */
const maxLossesPerPhoto = 2;

/** Frames of the film strip that are made in one go: two hundred at once would hold up the page. */
const photosPerTask = 8;

export interface EngineSession extends ModelSwitching {
  /** @param fallback taken with a word where the model cannot be had; null: the start has failed then */
  start(model: ChosenModel, fallback: ChosenModel | null): void;
  /** The model in use is now to be had elsewhere too: the next start takes it from there. Nothing is loaded. */
  rename(model: ChosenModel): void;
  /** After a failed start, or after too many losses; a back end other than the one before may be forced. */
  startAgain(backend?: BackendChoice): void;
  add(photos: readonly NewPhoto[]): void;
  retry(id: PhotoId): void;
  cancel(id: PhotoId): void;
  cancelAll(): void;
  remove(id: PhotoId): void;
  removeAll(): void;
  /** Asks every photograph's maps anew; the old ones stay on view until the new ones are there. */
  changeFraming(framing: FramingOptions): void;
}

interface Run {
  readonly id: PhotoId;
  readonly controller: AbortController;
  /** Nobody waits for it any more: its photo was cancelled, removed or queued again. */
  abandoned: boolean;
}

export interface SessionOptions {
  readonly backend: BackendChoice;
  readonly now?: () => number;
}

/** Before the first photograph: what this browser makes of every one. */
function sayOfPixels(pixels: PixelAccuracy, say: (text: string, tone?: 'warning') => unknown): void {
  if (pixels === 'altered') say(describePhotoNotice('pixels-altered'), 'warning');
  if (pixels === 'hidden') say(describeFailure({ code: 'pixels-hidden' }), 'warning');
}

export function createSession(
  client: EngineClient,
  store: AppStore,
  { backend, now = () => performance.now() }: SessionOptions,
): EngineSession {
  let choice = backend;
  let usedBackend: BackendName | null = null;
  /** What a start loads: the model in use, once there is one. */
  let model: ChosenModel | null = null;
  let spareModel: ChosenModel | null = null;
  let startsMade = 0;
  /** Back ends that a start has waited for in vain, as often as it has. */
  let silentBackends: readonly BackendName[] = [];
  let silentWorkers = 0;
  let reasonTold: string | null = null;
  let pixelsTold = false;
  let lossMessage: number | null = null;
  let run: Run | null = null;
  let lossTimes: number[] = [];
  const lossesOf = new Map<PhotoId, number>();
  const incoming: NewPhoto[] = [];

  const failWith = (failure: Failure, repeatedly = false): void => {
    // What an earlier start still says counts no more.
    startsMade += 1;
    const instead = otherBackend(failure, usedBackend, choice);
    store.getState().setEngine({ status: 'failed', failure, repeatedly, instead });
  };

  /** What has not answered is replaced by the next: another worker, or another back end. */
  const replaceSilent = (awaited: Awaited, recoversFrom: Failure | null): void => {
    client.restart();
    if (awaited === 'worker') {
      const failure: Failure = { code: 'worker-silent' };
      silentWorkers += 1;
      if (silentWorkers > 1) return failWith(failure);
      store.getState().say(`${describeFailure(failure)} Another one is started.`, 'warning');
    } else {
      if (choice !== 'auto' || awaited === 'cpu') return failWith(silenceOf(awaited));
      // The start that succeeds says why it is not the best back end.
      silentBackends = [...silentBackends, awaited];
    }
    void start(recoversFrom);
  };

  const start = async (recoversFrom: Failure | null): Promise<void> => {
    if (model === null) return;
    const asked = model;
    startsMade += 1;
    const attempt = startsMade;
    const { setEngine, setUsedModel, say, announce } = store.getState();
    setEngine({ status: 'starting', progress: null, recoversFrom });
    const watch = watchStart((awaited) => replaceSilent(awaited, recoversFrom), now);
    const outcome = await client.call(
      'start',
      { model: asked.reference, backend: choice, silent: silentBackends },
      {
        onProgress: (progress) => {
          if (attempt !== startsMade) return;
          watch.hear(progress);
          if (progress.stage !== 'working') setEngine({ status: 'starting', progress, recoversFrom });
        },
      },
    );
    watch.end();
    // A loss or a person has begun another start meanwhile.
    if (attempt !== startsMade) return;
    if (!outcome.ok) {
      if (spareModel !== null && spareModel !== asked && isModelFailure(outcome.error)) {
        say(
          `${describeFailure(outcome.error)} The page begins with the model that comes with it instead.`,
          'warning',
        );
        model = spareModel;
        await start(recoversFrom);
        return;
      }
      failWith(outcome.error);
      return;
    }
    silentWorkers = 0;
    usedBackend = outcome.value.backend.name;
    setUsedModel(asked.choice);
    setEngine({ status: 'ready', ...outcome.value });
    const { name, reason } = outcome.value.backend;
    const title = backendTitles[name];
    const whyNotTheBest = describeBackendReason(reason, name);
    // Once a session: it stays dismissed when the engine starts again.
    if (whyNotTheBest !== null && whyNotTheBest !== reasonTold) say(whyNotTheBest);
    reasonTold = whyNotTheBest;
    if (!pixelsTold) sayOfPixels(outcome.value.pixels, say);
    pixelsTold = true;
    if (recoversFrom) {
      if (lossMessage !== null) store.getState().dismiss(lossMessage);
      const happened = describeFailure(recoversFrom);
      say(
        `${happened} When that happens the engine starts again: it runs again on ${title}, and nothing was lost.`,
      );
    }
    announce(`${outcome.value.model.title} is ready on ${title}.`);
    pump();
  };

  const takeIn = (selectFirst: boolean): void => {
    const some = incoming.splice(0, photosPerTask);
    if (some.length === 0) return;
    store.getState().addPhotos(some, selectFirst);
    pump();
    if (incoming.length > 0) setTimeout(() => takeIn(false));
  };

  /** Puts a photo back into the queue; what it shows stays. */
  const queue = (id: PhotoId): void =>
    store.getState().setPhotoState(id, (state) => ({ status: 'queued', previous: visibleOutcome(state) }));

  const cancelWaiting = (id: PhotoId): void =>
    store
      .getState()
      .setPhotoState(id, (state) =>
        isWaiting(state) ? { status: 'cancelled', previous: visibleOutcome(state) } : state,
      );

  const abandonRun = (): void => {
    if (!run) return;
    run.abandoned = true;
    const { controller } = run;
    run = null;
    controller.abort();
  };

  /** The photo that somebody looks at comes first. */
  const nextQueued = (): PhotoId | undefined => {
    const { order, photos, selectedId } = store.getState();
    const isQueued = (id: PhotoId): boolean => photos[id]?.state.status === 'queued';
    return selectedId !== null && isQueued(selectedId) ? selectedId : order.find(isQueued);
  };

  const pump = (): void => {
    if (run || store.getState().engine.status !== 'ready') return;
    const next = nextQueued();
    if (next !== undefined) void attend(next);
  };

  const attend = async (id: PhotoId): Promise<void> => {
    const { engine, photos, framing, setPhotoState } = store.getState();
    const photo = photos[id];
    if (!photo || engine.status !== 'ready') return;
    const { backend: madeBy, model: usedModel } = engine;
    const mine: Run = { id, controller: new AbortController(), abandoned: false };
    run = mine;
    setPhotoState(id, (state) => ({ status: 'running', progress: null, previous: visibleOutcome(state) }));
    const nextId = nextQueued();
    const nextPhoto = nextId === undefined ? undefined : photos[nextId];
    const upNext = nextPhoto === undefined ? null : { id: nextPhoto.id, photo: nextPhoto.blob };
    const outcome = await client.call(
      'attend',
      { id, photo: photo.blob, framing, upNext },
      {
        signal: mine.controller.signal,
        onProgress: (progress) => {
          if (mine.abandoned) return;
          setPhotoState(id, (state) => ({ status: 'running', progress, previous: visibleOutcome(state) }));
        },
      },
    );
    if (mine.abandoned) return;
    run = null;
    if (outcome.ok) {
      const done = { result: outcome.value, framing, model: usedModel, backend: madeBy };
      setPhotoState(id, () => ({ status: 'done', outcome: done }));
      lossesOf.delete(id);
    } else {
      const failure = outcome.error;
      setPhotoState(id, (state) =>
        failure.code === 'cancelled'
          ? { status: 'cancelled', previous: visibleOutcome(state) }
          : { status: 'failed', failure, previous: visibleOutcome(state) },
      );
    }
    announceOutcome(id);
    pump();
  };

  /** Two hundred photographs must not mean two hundred sentences: what is looked at and what fails is told. */
  const announceOutcome = (id: PhotoId): void => {
    const { photos, order, selectedId, announce } = store.getState();
    const photo = photos[id];
    if (!photo) return;
    const { state, name } = photo;
    if (state.status === 'failed') announce(`${name}: ${describeFailure(state.failure)}`);
    else if (state.status === 'done' && id === selectedId) {
      const { numHeads, tokens, forwardMs } = state.outcome.result;
      announce(
        `${name}: ${countOf(numHeads, 'head')}, ${countOf(tokens, 'token')}, ${formatMilliseconds(forwardMs)}`,
      );
    } else if (!order.some((other) => photos[other] && isWaiting(photos[other].state))) {
      const failed = order.filter((other) => photos[other]?.state.status === 'failed').length;
      announce(`All photographs are done${failed > 0 ? `, ${failed} failed` : ''}.`);
    }
  };

  /** Every photograph once more; what is on view stays until then. */
  const runAllAgain = (mayDoBetter: (failure: Failure) => boolean): void => {
    const { order, photos } = store.getState();
    abandonRun();
    for (const id of order) {
      const state = photos[id]?.state;
      if (state && (state.status !== 'failed' || mayDoBetter(state.failure))) queue(id);
    }
    pump();
  };

  createPatchAsking(client, store, (id) => {
    queue(id);
    pump();
  });

  const models = createModelSwitching(client, store, {
    startWith: async (next) => {
      model = next;
      // With another model the engine may well hold; the losses were the old one's.
      lossTimes = [];
      lossesOf.clear();
      client.restart();
      await start(null);
    },
    take: (next) => {
      model = next;
      // The worker answers in order: what ran until now was the old model's, and is not waited for.
      runAllAgain(isFinalFailure);
    },
  });

  client.onGone((failure) => {
    const { say, setPhotoState, modelSwitch } = store.getState();
    // The client has failed the call already, but its promise has not got round to `attend` yet.
    const lost = run;
    run = null;
    if (lost) lost.abandoned = true;
    if (failure.code === 'script-missing') {
      // Starting it again by itself would ask for the same script for ever.
      if (lost) queue(lost.id);
      failWith(failure);
      return;
    }
    if (failure.code === 'worker-stuck') {
      // Somebody cancelled and a long block did not hear it: no fault of the engine's, nor of the photo's that waited.
      if (lost) queue(lost.id);
      client.restart();
      void start(null);
      return;
    }
    // Two models at once are the likelier cause.
    if (lost && modelSwitch !== null) queue(lost.id);
    else if (lost) {
      const losses = (lossesOf.get(lost.id) ?? 0) + 1;
      lossesOf.set(lost.id, losses);
      // A fresh engine has all its memory and may do it; what fails there again would fail for ever.
      if (losses >= maxLossesPerPhoto) {
        setPhotoState(lost.id, (state) => ({ status: 'failed', failure, previous: visibleOutcome(state) }));
      } else queue(lost.id);
    }
    // Memory that ran out says something of the photograph's size and nothing of the engine.
    if (failure.code !== 'out-of-memory') {
      const time = now();
      lossTimes = [...lossTimes.filter((earlier) => time - earlier < lossWindowMs), time];
    }
    const happened = describeFailure(failure);
    if (lossTimes.length >= maxLosses) {
      failWith(failure, true);
      return;
    }
    if (lossMessage !== null) store.getState().dismiss(lossMessage);
    lossMessage = say(
      `${happened} The engine starts again; photographs, results and settings stay.`,
      'warning',
    );
    client.restart();
    void start(failure);
  });

  return {
    start(first, fallback) {
      model = first;
      spareModel = fallback;
      void start(null);
    },

    ...models,

    rename(same) {
      model = same;
      store.getState().setUsedModel(same.choice);
    },

    startAgain(next) {
      choice = next ?? choice;
      silentBackends = [];
      silentWorkers = 0;
      lossTimes = [];
      lossesOf.clear();
      const { photos, order } = store.getState();
      if (run) queue(run.id);
      abandonRun();
      client.restart();
      // Whatever the old engine had lost deserves the new one.
      for (const id of order) {
        const state = photos[id]?.state;
        if (state?.status === 'failed' && isFinalFailure(state.failure)) queue(id);
      }
      void start(null);
    },

    add(photos) {
      const isTakingIn = incoming.length > 0;
      incoming.push(...photos);
      // Whoever adds a photograph wants to see it.
      if (!isTakingIn) takeIn(true);
    },

    retry(id) {
      lossesOf.delete(id);
      queue(id);
      pump();
    },

    cancel(id) {
      cancelWaiting(id);
      if (run?.id === id) abandonRun();
      pump();
    },

    cancelAll() {
      abandonRun();
      // What is still being taken in is kept, and cancelled like the rest.
      while (incoming.length > 0) store.getState().addPhotos(incoming.splice(0, photosPerTask), false);
      for (const id of store.getState().order) cancelWaiting(id);
    },

    remove(id) {
      store.getState().removePhotos([id]);
      if (run?.id === id) abandonRun();
      pump();
    },

    removeAll() {
      const { order, removePhotos } = store.getState();
      incoming.length = 0;
      abandonRun();
      removePhotos(order);
    },

    changeFraming(framing) {
      store.getState().setFraming(framing);
      // What is wrong with a file stays wrong at any size; only memory depends on it.
      runAllAgain(({ code }) => code === 'out-of-memory');
    },
  };
}
