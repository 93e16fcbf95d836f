/**
 * Runs one look at a time: first the selected photograph, then further questions about it, then the other photographs
 * in their order. State is in the store; `missing-looks` says what is missing; this is the only place that calls 'look'.
 */
import { describeFailure, type Failure } from '../../core/failure.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { AppStore } from '../state/app-store.ts';
import {
  bytesIn,
  keyOfLook,
  pickedOn,
  pickedPoint,
  plainLook,
  sides,
  type Look,
  type Outcome,
  type Side,
} from '../state/looks.ts';
import { isWaiting, type AnyLookProgress, type Photo, type PhotoId } from '../state/photo.ts';
import type { Announcer } from './announcer.ts';
import {
  isOfSamePass,
  isStillRequested,
  isStillWanted,
  nextQueued,
  openRequest,
  requestOf,
  selectedPhoto,
  stateOf,
  unseen,
  type Open,
} from './missing-looks.ts';
import { showProgress } from './show-progress.ts';

/** After this many failures a further question is not repeated automatically. */
const maxRequestFailures = 2;

interface Run extends Open {
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

/** Results, and for each photograph without one why. */
interface Answered {
  readonly outcomes: readonly Outcome[];
  readonly failures: ReadonlyMap<PhotoId, Failure>;
}

export function createLookQueue(client: EngineClient, store: AppStore, announcer: Announcer): LookQueue {
  let run: Run | null = null;
  let isHeld = false;
  /** Keys of looks for which memory had no room. */
  const leftOut = new Set<string>();
  /** The question that failed last, on each side. */
  const failed = new Map<Side, { readonly look: Look; readonly times: number }>();

  /** The model in use is checked again only where another one took its place on the device. */
  const noteTurn = (side: Side, { stage }: AnyLookProgress): void => {
    const { against, takesTurns, noteTurn: note } = store.getState();
    const isCompared = against !== null && against.model !== null;
    if (side === 'own' && stage === 'check' && isCompared && !takesTurns) note();
  };

  /** @returns what was answered; a failure of the whole look; or null if it is no longer needed */
  const perform = async (
    mine: Run,
    onProgress: (progress: AnyLookProgress) => void,
  ): Promise<Answered | Failure | null> => {
    const { engine } = store.getState();
    const { look, side } = mine;
    const used = stateOf(store.getState(), side)?.models.used ?? null;
    if (engine.status !== 'ready' || used === null || used.key !== look.model) return { code: 'cancelled' };
    const [{ backend }, { description: model }] = [engine, used];
    const request = requestOf(store.getState(), mine, used, leftOut);
    const shown = showProgress((progress: AnyLookProgress) => {
      if (!mine.isAbandoned) onProgress(progress);
    });
    const answer = await client.call('look', request, {
      signal: mine.controller.signal,
      onProgress: (progress) => {
        noteTurn(side, progress);
        shown.note(progress);
      },
    });
    shown.end();
    if (mine.isAbandoned) return null;
    run = null;
    if (!answer.ok) return answer.error;
    const outcomes: Outcome[] = [];
    const failures = new Map<PhotoId, Failure>();
    for (const [at, { id }] of request.sources.entries()) {
      const looked = answer.value[at];
      if (looked === undefined) continue;
      if (!looked.ok) failures.set(id, looked.error);
      else {
        const byteLength = bytesIn(looked.value.result);
        outcomes.push({ look: { ...look, photo: id }, looked: looked.value, model, backend, byteLength });
      }
    }
    return { outcomes, failures };
  };

  /** Keeps results, and notes what became of the photographs. */
  const take = ({ look, side }: Open, { outcomes, failures }: Answered): void =>
    hold(() => {
      const { addOutcomes, setPhotoState } = store.getState();
      const isDone = (id: PhotoId): void =>
        setPhotoState(id, (state) => (isWaiting(state) ? { status: 'done' } : state));
      addOutcomes(outcomes, side);
      for (const { look: answered } of outcomes) isDone(answered.photo);
      for (const [id, failure] of failures)
        if (failure.code !== 'no-room-together') setPhotoState(id, () => ({ status: 'failed', failure }));
        else {
          // Other lenses may show it.
          leftOut.add(keyOfLook({ ...look, photo: id }));
          isDone(id);
        }
    });

  const begin = (open: Open, isFurther: boolean): Run => {
    run = { ...open, isFurther, controller: new AbortController(), isAbandoned: false };
    return run;
  };

  const runPhoto = async (photo: Photo, look: Look): Promise<void> => {
    const { setPhotoState, addOutcomes, outcomes } = store.getState();
    const known = outcomes.get(keyOfLook(look));
    if (known !== undefined) {
      addOutcomes([known]);
      setPhotoState(photo.id, () => ({ status: 'done' }));
      return;
    }
    const open: Open = { look, side: 'own' };
    const mine = begin(open, false);
    setPhotoState(photo.id, () => ({ status: 'running', progress: null }));
    const came = await perform(mine, (progress) =>
      setPhotoState(photo.id, () => ({ status: 'running', progress })),
    );
    if (came === null) return;
    if ('code' in came)
      setPhotoState(photo.id, () =>
        came.code === 'cancelled' ? { status: 'cancelled' } : { status: 'failed', failure: came },
      );
    else take(open, came);
    announcer.tellPhoto(photo.id);
    pump();
  };

  const giveUp = ({ look, side }: Open, failure: Failure): void => {
    const state = store.getState();
    const { setAsking, pickPoint, say } = state;
    const photo = state.photos[look.photo];
    const asked = photo === undefined ? null : pickedOn(state, photo);
    failed.delete(side);
    if (side === 'own' && photo !== undefined && asked !== null) {
      // Deselecting the patch brings back the earlier result.
      hold(() => {
        setAsking(side, null);
        pickPoint(asked, null);
      });
      say(
        `${photo.name}: ${announcer.titleOf(look)} was not answered. ${describeFailure(failure)}`,
        'warning',
      );
    } else setAsking(side, { look, status: 'failed', failure });
  };

  const noteFailedRequest = (open: Open, failure: Failure): void => {
    const { look, side } = open;
    const { setAsking, engine } = store.getState();
    if (failure.code === 'cancelled' && engine.status !== 'ready') return setAsking(side, null);
    const before = failed.get(side);
    const times = before !== undefined && isOfSamePass(before.look, look) ? before.times + 1 : 1;
    failed.set(side, { look, times });
    if (times < maxRequestFailures) setAsking(side, null);
    else giveUp(open, failure);
  };

  const runRequest = async (open: Open): Promise<void> => {
    const { look, side } = open;
    const { setAsking } = store.getState();
    const mine = begin(open, true);
    setAsking(side, { look, status: 'running', progress: null });
    const came = await perform(mine, (progress) => setAsking(side, { look, status: 'running', progress }));
    if (came === null) return;
    // Together, so that the next question begins after this one has ended.
    hold(() => {
      if ('code' in came) return noteFailedRequest(open, came);
      take(open, came);
      const failure = came.failures.get(look.photo);
      failed.delete(side);
      // A patch on another photograph stays: it is answered there.
      if (failure?.code === 'no-room-together') return setAsking(side, { look, status: 'failed', failure });
      setAsking(side, null);
      const own = came.outcomes.find((outcome) => outcome.look.photo === look.photo);
      const state = store.getState();
      const photo = state.photos[look.photo];
      const isPicked = photo !== undefined && pickedPoint(state, photo) !== null;
      // The pointer asks many patches a second.
      const isHeard = side === 'own' && (state.pointed === null || isPicked);
      if (own !== undefined && isHeard) announcer.announceResult(own);
    });
  };

  /** @returns true if something was done at once, so that there may be more to do */
  const step = (): boolean => {
    const state = store.getState();
    if (run !== null || state.engine.status !== 'ready') return false;
    const selected = selectedPhoto(state);
    const first = selected === undefined ? null : unseen(state, selected);
    if (first !== null) {
      state.setPhotoState(first, () => ({ status: 'queued' }));
      return true;
    }
    const next = nextQueued(state);
    const request = next === state.selectedId ? null : openRequest(state, leftOut);
    if (request !== null) {
      void runRequest(request);
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
    const { controller, isFurther, side } = run;
    run.isAbandoned = true;
    run = null;
    controller.abort();
    if (isFurther) store.getState().setAsking(side, null);
  };

  const cancelWaiting = (id: PhotoId): void =>
    store.getState().setPhotoState(id, (state) => (isWaiting(state) ? { status: 'cancelled' } : state));

  /** The requested look has changed: an older one is cancelled, unless it is almost finished. */
  store.subscribe((state, before) => {
    const { asking } = state;
    const isOther = state.order !== before.order || state.framing !== before.framing;
    // There may be room now.
    if (isOther || state.models.used !== before.models.used) leftOut.clear();
    for (const side of sides) {
      const known = asking[side];
      if (known?.status === 'failed' && !isStillRequested(state, { look: known.look, side }))
        state.setAsking(side, null);
    }
    if (run?.isFurther === true && !isStillWanted(store.getState(), run, leftOut)) abandon();
    announcer.announceRequested(before, state);
    pump();
  });

  return {
    hold,
    queue: (id) => store.getState().setPhotoState(id, () => ({ status: 'queued' })),

    cancel: (id) =>
      hold(() => {
        const state = store.getState();
        const photo = state.photos[id];
        const asked = photo === undefined ? null : pickedOn(state, photo);
        cancelWaiting(id);
        const cancelled = run?.look.photo === id ? run : null;
        if (cancelled !== null) abandon();
        // The patch is deselected, or it would be asked again at once.
        if (asked !== null && (asked === id || cancelled !== null)) state.pickPoint(asked, null);
        const open = openRequest(store.getState(), leftOut);
        if (
          cancelled?.isFurther === true &&
          open !== null &&
          keyOfLook(open.look) === keyOfLook(cancelled.look)
        )
          store
            .getState()
            .setAsking(open.side, { look: open.look, status: 'failed', failure: { code: 'cancelled' } });
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
      failed.clear();
      for (const side of sides) store.getState().setAsking(side, null);
      pump();
    },
  };
}
