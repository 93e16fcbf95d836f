/** Starts the engine, and restarts it after a loss. This is the only place that calls 'start'. */
import {
  describeFailure,
  isFinalFailure,
  isModelFailure,
  silenceOf,
  type BackendName,
  type Failure,
} from '../../core/failure.ts';
import type { BackendChoice, BackendReason } from '../../core/backend.ts';
import { describePhotoNotice, type PixelAccuracy } from '../../core/photo.ts';
import type { EngineContract } from '../../rpc/engine-contract.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppStore } from '../state/app-store.ts';
import type { Offer } from '../state/messages.ts';
import type { ChosenModel } from '../state/model-choice.ts';
import type { PhotoId } from '../state/photo.ts';
import { backendTitles, describeBackendReason, isLasting } from '../words.ts';
import type { LookQueue } from './look-queue.ts';
import { watchStart, type Awaited } from './start-watch.ts';
import { otherBackend } from './other-backend.ts';

/** After this many losses within this time the engine is not restarted automatically. */
const maxLosses = 3;
const lossWindowMs = 120_000;
/** After this many losses during one photograph, it is not tried again automatically. */
const maxLossesPerPhoto = 2;

export interface EngineLife {
  start(model: ChosenModel, fallback: ChosenModel | null): void;
  startAgain(backend?: BackendChoice): void;
  /** Starts a new engine with this model; resolves when it runs or has failed. */
  startWith(model: ChosenModel): Promise<void>;
  /** Later starts load this model, which is in use now. */
  take(model: ChosenModel): void;
  rename(model: ChosenModel): void;
  forgetLosses(id: PhotoId): void;
}

interface LifeOptions {
  readonly backend: BackendChoice;
  /** Called when the engine runs with another model than before, so that results on view are of the old model. */
  readonly onOtherModel: () => void;
  readonly now: () => number;
}

/** Counts losses of the engine: for each photograph, and within a recent time. */
class Losses {
  private readonly now: () => number;
  private readonly ofPhotos = new Map<PhotoId, number>();
  private times: number[] = [];

  constructor(now: () => number) {
    this.now = now;
  }

  /** @returns true if the engine was lost too often with this photograph */
  countPhoto(id: PhotoId): boolean {
    const losses = (this.ofPhotos.get(id) ?? 0) + 1;
    this.ofPhotos.set(id, losses);
    return losses >= maxLossesPerPhoto;
  }

  /** @returns true if the engine was lost too often within a short time */
  count(failure: Failure): boolean {
    // Running out of memory is due to the photograph's size, so it does not count.
    if (failure.code !== 'out-of-memory') {
      const time = this.now();
      this.times = [...this.times.filter((earlier) => time - earlier < lossWindowMs), time];
    }
    return this.times.length >= maxLosses;
  }

  forget(id: PhotoId): void {
    this.ofPhotos.delete(id);
  }

  clear(): void {
    this.times = [];
    this.ofPhotos.clear();
  }
}

type Started = EngineContract['start']['result'];

/** Warns, before the first photograph, if this browser does not give exact pixels. */
function warnOfPixels(pixels: PixelAccuracy, say: (text: string, tone?: 'warning') => unknown): void {
  if (pixels === 'altered') say(describePhotoNotice('pixels-altered'), 'warning');
  if (pixels === 'hidden') say(describeFailure({ code: 'pixels-hidden' }), 'warning');
}

/** A script that did not come may come with the next load of the page. */
const offerFor = (reason: BackendReason): Offer | undefined =>
  'failure' in reason && reason.failure.code === 'script-missing'
    ? { does: 'reload', label: 'Reload the page', take: () => location.reload() }
    : undefined;

export function createEngineLife(
  client: EngineClient,
  store: AppStore,
  queue: LookQueue,
  { backend, now, onOtherModel }: LifeOptions,
): EngineLife {
  const losses = new Losses(now);
  let choice = backend;
  let usedBackend: BackendName | null = null;
  /** The model that a start loads: the one in use, once there is one. */
  let model: ChosenModel | null = null;
  let spareModel: ChosenModel | null = null;
  let startsMade = 0;
  /** Back ends that hung during a start, once for each time. */
  let silentBackends: readonly BackendName[] = [];
  let silentWorkers = 0;
  let reasonTold: string | null = null;
  let pixelsTold = false;
  let lossMessage: number | null = null;

  const failWith = (failure: Failure, repeatedly = false): void => {
    // Reports of an earlier start are ignored.
    startsMade += 1;
    const instead = otherBackend(failure, usedBackend, choice);
    store.getState().setEngine({ status: 'failed', failure, repeatedly, instead });
  };

  /** Restarts without what did not answer: with a new worker, or with another back end. */
  const replaceSilent = (awaited: Awaited, recoversFrom: Failure | null): void => {
    client.restart();
    if (awaited === 'worker') {
      const failure: Failure = { code: 'worker-silent' };
      silentWorkers += 1;
      if (silentWorkers > 1) return failWith(failure);
      store.getState().say(`${describeFailure(failure)} Another one is started.`, 'warning');
    } else {
      // The engine tries wasm once more. A back end that was asked for has no other after it.
      const hasNext = choice === 'auto' || (awaited === 'wasm' && !silentBackends.includes('wasm'));
      if (!hasNext || awaited === 'cpu') return failWith(silenceOf(awaited));
      // The start that succeeds says why it is not the best back end.
      silentBackends = [...silentBackends, awaited];
    }
    void start(recoversFrom);
  };

  const tellStarted = (
    { backend: used, model: started, pixels }: Started,
    recoversFrom: Failure | null,
    isOtherModel: boolean,
  ): void => {
    const { name, reason } = used;
    const { say, sayNote, announce, dismiss } = store.getState();
    const backendTitle = backendTitles[name];
    const whyNotTheBest = describeBackendReason(reason, name);
    // Shown once a session, so that it stays dismissed when the engine restarts.
    if (whyNotTheBest !== null && whyNotTheBest !== reasonTold) {
      if (isLasting(reason)) sayNote('slower', whyNotTheBest);
      else say(whyNotTheBest, 'plain', offerFor(reason));
    }
    reasonTold = whyNotTheBest;
    if (!pixelsTold) warnOfPixels(pixels, say);
    pixelsTold = true;
    if (recoversFrom !== null) {
      if (lossMessage !== null) dismiss(lossMessage);
      const happened = describeFailure(recoversFrom);
      const kept = isOtherModel ? `photographs run again with ${started.title}` : 'nothing was lost';
      say(
        `${happened} When that happens the engine starts again: it runs again on ${backendTitle}, and ${kept}.`,
      );
    }
    announce(`${started.title} is ready on ${backendTitle}.`);
  };

  /** @param isFallback true if the requested model could not be loaded */
  const start = async (recoversFrom: Failure | null, isFallback = false): Promise<void> => {
    if (model === null) return;
    const asked = model;
    startsMade += 1;
    const attempt = startsMade;
    const { setEngine, setUsedModel, warnOfModel } = store.getState();
    setEngine({ status: 'starting', progress: null, recoversFrom });
    const watch = watchStart((awaited) => replaceSilent(awaited, recoversFrom), now);
    const outcome = await client.call(
      'start',
      { model: { key: asked.key, reference: asked.reference }, backend: choice, silent: silentBackends },
      {
        onProgress: (progress) => {
          if (attempt !== startsMade) return;
          watch.hear(progress);
          if (progress.stage !== 'working') setEngine({ status: 'starting', progress, recoversFrom });
        },
      },
    );
    watch.end();
    // Another start began meanwhile, after a loss or by the person.
    if (attempt !== startsMade) return;
    if (!outcome.ok) {
      if (spareModel !== null && spareModel !== asked && isModelFailure(outcome.error)) {
        warnOfModel(
          'use',
          `${describeFailure(outcome.error)} The page begins with the model that comes with it instead.`,
        );
        model = spareModel;
        await start(recoversFrom, true);
        return;
      }
      failWith(outcome.error);
      return;
    }
    const started = outcome.value;
    silentWorkers = 0;
    usedBackend = started.backend.name;
    const before = store.getState().models.used;
    setUsedModel({ ...asked, description: started.model });
    const isOther = isFallback && before !== null && before.key !== asked.key;
    if (isOther) onOtherModel();
    setEngine({ status: 'ready', backend: started.backend });
    tellStarted(started, recoversFrom, isOther);
  };

  const restart = (recoversFrom: Failure | null): Promise<void> => {
    client.restart();
    return start(recoversFrom);
  };

  const recover = (failure: Failure): void => {
    const { say, dismiss, setPhotoState, models } = store.getState();
    const lost = queue.takeLost();
    if (failure.code === 'script-missing') {
      // An automatic restart would request the same missing script again and again.
      if (lost !== null) queue.queue(lost);
      failWith(failure);
      return;
    }
    if (failure.code === 'worker-stuck') {
      // The engine was stopped because a long block did not react to a cancel. This is no fault of the engine or the photograph.
      if (lost !== null) queue.queue(lost);
      void restart(null);
      return;
    }
    // While a model is being exchanged, two models together are the more likely cause.
    const isPhotos = lost !== null && models.next === null;
    // A new engine has all its memory and may succeed; if it fails again, it will always fail.
    if (isPhotos && losses.countPhoto(lost)) setPhotoState(lost, () => ({ status: 'failed', failure }));
    else if (lost !== null) queue.queue(lost);
    if (losses.count(failure)) {
      failWith(failure, true);
      return;
    }
    if (lossMessage !== null) dismiss(lossMessage);
    lossMessage = say(
      `${describeFailure(failure)} The engine starts again; photographs, results and settings stay.`,
      'warning',
    );
    void restart(failure);
  };

  // Held, so that the photograph is not run on the lost engine before the state says that it is not ready.
  client.onGone((failure) => queue.hold(() => recover(failure)));

  return {
    start(first, fallback) {
      model = first;
      spareModel = fallback;
      void start(null);
    },

    startAgain: (next) =>
      queue.hold(() => {
        choice = next ?? choice;
        silentBackends = [];
        silentWorkers = 0;
        losses.clear();
        const { photos, order } = store.getState();
        const running = order.find((id) => photos[id]?.state.status === 'running');
        queue.abandon();
        if (running !== undefined) queue.queue(running);
        // Photographs that the old engine had given up are tried with the new one.
        for (const id of order) {
          const state = photos[id]?.state;
          if (state?.status === 'failed' && isFinalFailure(state.failure)) queue.queue(id);
        }
        void restart(null);
      }),

    startWith(next) {
      model = next;
      // The losses were due to the old model; they do not count for the new one.
      losses.clear();
      return restart(null);
    },

    take(next) {
      model = next;
    },

    rename(same) {
      const { models, setUsedModel } = store.getState();
      if (models.used === null) return;
      const { choice: is, reference } = same;
      const renamed = { ...models.used, choice: is, reference };
      model = renamed;
      setUsedModel(renamed);
    },

    forgetLosses: (id) => losses.forget(id),
  };
}
