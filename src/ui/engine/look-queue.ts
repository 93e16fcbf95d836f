/**
 * Runs one look at a time: first the selected photograph, then further questions about it, then the other photographs
 * in their order. State is in the store; this is the only place that calls 'look'.
 */
import { describeFailure, type Failure } from '../../core/failure.ts';
import { keyOfFraming } from '../../core/photo.ts';
import { contractOf } from '../../lenses/contracts.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { LookRequest } from '../../rpc/engine-contract.ts';
import type { AppState, AppStore } from '../state/app-store.ts';
import { bytesIn, keyOfLook, plainLook, requestedLook, type Look, type Outcome } from '../state/looks.ts';
import { isWaiting, type AnyLookProgress, type Photo, type PhotoId } from '../state/photo.ts';
import type { Announcer } from './announcer.ts';

/** After this many failures a further question is not repeated automatically. */
const maxRequestFailures = 2;

interface Run {
  readonly look: Look;
  /** True for a further question, false for a photograph from the queue. */
  readonly isFurther: boolean;
  readonly controller: AbortController;
  /** Its result is no longer needed. */
  isAbandoned: boolean;
}

export interface LookQueue {
  /** Makes several changes together; the next look is chosen after the last of them. */
  hold(change: () => void): void;
  /** Puts a photograph back into the queue; what it shows stays. */
  queue(id: PhotoId): void;
  cancel(id: PhotoId): void;
  cancelAll(): void;
  /** Stops the running look; its result is dropped. */
  abandon(): void;
  /** Called when the engine was lost. @returns the photograph that was running; null if there was none */
  takeLost(): PhotoId | null;
  /** Repeats a further question that failed. */
  retryRequest(): void;
}

const selectedPhoto = ({ photos, selectedId }: AppState): Photo | undefined =>
  selectedId === null ? undefined : photos[selectedId];

/** The same pass and lens; only the token differs, so the answer is quick. */
const isOfSamePass = (a: Look, b: Look): boolean =>
  a.photo === b.photo &&
  a.lens === b.lens &&
  a.model === b.model &&
  keyOfFraming(a.framing) === keyOfFraming(b.framing);

/** A patch is asked, but this model has no result for the photograph yet, so its grid is not known. */
const isOfOtherPatches = (state: AppState, photo: Photo): boolean =>
  photo.state.status === 'done' && plainLook(state, photo) !== null && requestedLook(state, photo) === null;

export function createLookQueue(client: EngineClient, store: AppStore, announcer: Announcer): LookQueue {
  let run: Run | null = null;
  let isHeld = false;
  let failed: { readonly look: Look; readonly times: number } | null = null;

  const isQueued = (id: PhotoId): boolean => store.getState().photos[id]?.state.status === 'queued';

  /** The selected photograph comes first. */
  const nextQueued = (): PhotoId | undefined => {
    const { order, selectedId } = store.getState();
    return selectedId !== null && isQueued(selectedId) ? selectedId : order.find(isQueued);
  };

  /**
   * @returns the look that is still missing for the selected photograph; null if there is none, or if it was given up
   */
  const openRequest = (): Look | null => {
    const state = store.getState();
    const photo = selectedPhoto(state);
    if (photo === undefined || photo.state.status !== 'done') return null;
    const look = requestedLook(state, photo);
    if (look === null || state.outcomes.has(keyOfLook(look))) return null;
    const { asking } = state;
    return asking?.status === 'failed' && keyOfLook(asking.look) === keyOfLook(look) ? null : look;
  };

  const requestOf = (look: Look, photo: Photo): LookRequest | null => {
    const { models, photos } = store.getState();
    if (models.used?.key !== look.model) return null;
    const nextId = nextQueued();
    const next = nextId === undefined || nextId === photo.id ? undefined : photos[nextId];
    return {
      lens: look.lens,
      params: look.params,
      sources: [{ id: photo.id, photo: photo.blob }],
      models: [{ key: look.model, reference: models.used.reference }],
      framing: look.framing,
      upNext: next === undefined ? null : { id: next.id, photo: next.blob },
    };
  };

  /** @returns the outcome; null if it is no longer needed */
  const perform = async (
    mine: Run,
    photo: Photo,
    onProgress: (progress: AnyLookProgress) => void,
  ): Promise<Outcome | Failure | null> => {
    const { engine, models } = store.getState();
    const request = requestOf(mine.look, photo);
    if (engine.status !== 'ready' || models.used === null || request === null) return { code: 'cancelled' };
    const [{ backend }, { description: model }] = [engine, models.used];
    const outcome = await client.call('look', request, {
      signal: mine.controller.signal,
      onProgress: (progress) => {
        if (!mine.isAbandoned) onProgress(progress);
      },
    });
    if (mine.isAbandoned) return null;
    run = null;
    if (!outcome.ok) return outcome.error;
    const looked = outcome.value;
    return { look: mine.look, looked, model, backend, byteLength: bytesIn(looked.result) };
  };

  const begin = (look: Look, isFurther: boolean): Run => {
    run = { look, isFurther, controller: new AbortController(), isAbandoned: false };
    return run;
  };

  const runPhoto = async (photo: Photo, look: Look): Promise<void> => {
    const { setPhotoState, addOutcome, outcomes } = store.getState();
    const known = outcomes.get(keyOfLook(look));
    if (known !== undefined) {
      addOutcome(known);
      setPhotoState(photo.id, () => ({ status: 'done' }));
      return;
    }
    const mine = begin(look, false);
    setPhotoState(photo.id, () => ({ status: 'running', progress: null }));
    const came = await perform(mine, photo, (progress) =>
      setPhotoState(photo.id, () => ({ status: 'running', progress })),
    );
    if (came === null) return;
    if ('code' in came)
      setPhotoState(photo.id, () =>
        came.code === 'cancelled' ? { status: 'cancelled' } : { status: 'failed', failure: came },
      );
    else {
      addOutcome(came);
      setPhotoState(photo.id, () => ({ status: 'done' }));
    }
    announcer.tellPhoto(photo.id);
    pump();
  };

  const giveUp = (look: Look, failure: Failure): void => {
    const { setAsking, pickPoint, say, photos } = store.getState();
    const photo = photos[look.photo];
    failed = null;
    if (photo !== undefined && photo.point !== null && contractOf(look.lens).asks) {
      // Deselecting the patch brings back the earlier result.
      hold(() => {
        setAsking(null);
        pickPoint(look.photo, null);
      });
      say(
        `${photo.name}: ${announcer.titleOf(look)} was not answered. ${describeFailure(failure)}`,
        'warning',
      );
    } else setAsking({ look, status: 'failed', failure });
  };

  const runRequest = async (photo: Photo, look: Look): Promise<void> => {
    const { setAsking, addOutcome } = store.getState();
    const mine = begin(look, true);
    setAsking({ look, status: 'running', progress: null });
    const came = await perform(mine, photo, (progress) => setAsking({ look, status: 'running', progress }));
    if (came === null) return;
    if (!('code' in came)) {
      failed = null;
      // Added first, so that the question is no longer open.
      addOutcome(came);
      setAsking(null);
      announcer.announceResult(came);
    } else if (came.code === 'cancelled' && store.getState().engine.status !== 'ready') setAsking(null);
    else {
      const times = failed !== null && isOfSamePass(failed.look, look) ? failed.times + 1 : 1;
      failed = { look, times };
      if (times < maxRequestFailures) setAsking(null);
      else giveUp(look, came);
    }
    pump();
  };

  /** @returns true if something was done at once, so that there may be more to do */
  const step = (): boolean => {
    const state = store.getState();
    if (run !== null || state.engine.status !== 'ready') return false;
    const selected = selectedPhoto(state);
    if (selected !== undefined && isOfOtherPatches(state, selected)) {
      state.setPhotoState(selected.id, () => ({ status: 'queued' }));
      return true;
    }
    const next = nextQueued();
    const request = next === state.selectedId ? null : openRequest();
    const requested = request === null ? undefined : state.photos[request.photo];
    if (request !== null && requested !== undefined) {
      void runRequest(requested, request);
      return false;
    }
    const photo = next === undefined ? undefined : state.photos[next];
    const look = photo === undefined ? null : plainLook(state, photo);
    if (photo === undefined || look === null) return false;
    void runPhoto(photo, look);
    return run === null;
  };

  function pump(): void {
    // Every step changes the store, which notifies us.
    if (isHeld) return;
    isHeld = true;
    while (step());
    isHeld = false;
  }

  const hold = (change: () => void): void => {
    const wasHeld = isHeld;
    isHeld = true;
    change();
    isHeld = wasHeld;
    pump();
  };

  const abandon = (): void => {
    if (run === null) return;
    const { controller, isFurther } = run;
    run.isAbandoned = true;
    run = null;
    controller.abort();
    if (isFurther) store.getState().setAsking(null);
  };

  const cancelWaiting = (id: PhotoId): void =>
    store.getState().setPhotoState(id, (state) => (isWaiting(state) ? { status: 'cancelled' } : state));

  /** The requested look has changed: an older one is cancelled, unless it is almost finished. */
  store.subscribe((state, before) => {
    const { asking } = state;
    if (asking?.status === 'failed') {
      const photo = selectedPhoto(state);
      const requested = photo === undefined ? null : requestedLook(state, photo);
      if (requested === null || keyOfLook(requested) !== keyOfLook(asking.look)) state.setAsking(null);
    }
    if (run?.isFurther === true) {
      const open = openRequest();
      if (open === null || !isOfSamePass(run.look, open)) abandon();
    }
    announcer.announceRequested(before, state);
    pump();
  });

  return {
    hold,
    queue: (id) => store.getState().setPhotoState(id, () => ({ status: 'queued' })),

    cancel: (id) =>
      hold(() => {
        cancelWaiting(id);
        const cancelled = run?.look.photo === id ? run : null;
        if (cancelled !== null) abandon();
        const photo = store.getState().photos[id];
        // The patch is deselected, or it would be asked again at once.
        if (photo !== undefined && photo.point !== null) store.getState().pickPoint(id, null);
        const open = openRequest();
        if (cancelled?.isFurther === true && open !== null && keyOfLook(open) === keyOfLook(cancelled.look))
          store.getState().setAsking({ look: open, status: 'failed', failure: { code: 'cancelled' } });
      }),

    cancelAll: () =>
      hold(() => {
        abandon();
        for (const id of store.getState().order) cancelWaiting(id);
      }),

    abandon,

    takeLost() {
      // A further question fails with its call and is asked again.
      if (run === null || run.isFurther) return null;
      const lost = run.look.photo;
      run.isAbandoned = true;
      run = null;
      return lost;
    },

    retryRequest() {
      failed = null;
      store.getState().setAsking(null);
      pump();
    },
  };
}
