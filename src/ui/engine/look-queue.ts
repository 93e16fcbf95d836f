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
import {
  askedPoint,
  bytesIn,
  canShowAll,
  keyOfLook,
  otherSide,
  pickedOn,
  pickedPoint,
  plainLook,
  requestedLook,
  spanOfLook,
  type Look,
  type Outcome,
  type Side,
} from '../state/looks.ts';
import type { UsedModel } from '../state/model-in-use.ts';
import { isWaiting, type AnyLookProgress, type Photo, type PhotoId } from '../state/photo.ts';
import type { Announcer } from './announcer.ts';

/** After this many failures a further question is not repeated automatically. */
const maxRequestFailures = 2;

interface Run {
  readonly look: Look;
  readonly side: Side;
  /** True for a further question, false for a photograph from the queue. */
  readonly isFurther: boolean;
  readonly controller: AbortController;
  /** Its result is no longer needed. */
  isAbandoned: boolean;
}

/** A look that is still missing. */
interface Open {
  readonly look: Look;
  readonly side: Side;
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
  a.of.join() === b.of.join() &&
  a.lens === b.lens &&
  a.model === b.model &&
  keyOfFraming(a.framing) === keyOfFraming(b.framing);

/**
 * @returns the photograph that must be looked at first: a patch is asked on it, but this model has no result for it yet, so its grid
 * is not known
 */
function unseen(state: AppState, photo: Photo): PhotoId | null {
  const asked = askedPoint(state, photo)?.photo;
  if (asked === undefined || asked.state.status !== 'done') return null;
  return plainLook(state, asked) !== null && requestedLook(state, photo) === null ? asked.id : null;
}

/** @returns the photographs that the engine needs, those of `also` among them where each gets its own result */
function photosFor({ photo, of, ...look }: Look, also: readonly PhotoId[]): readonly PhotoId[] {
  switch (spanOfLook(look)) {
    case 'one':
      return [photo];
    case 'pair':
      return [photo, ...of];
    case 'each':
      return [...new Set([...of, photo, ...also])];
    case 'all':
      return of;
  }
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
  let failed: { readonly look: Look; readonly times: number } | null = null;

  const isQueued = (id: PhotoId): boolean => store.getState().photos[id]?.state.status === 'queued';

  /** The selected photograph comes first. */
  const nextQueued = (): PhotoId | undefined => {
    const { order, selectedId } = store.getState();
    return selectedId !== null && isQueued(selectedId) ? selectedId : order.find(isQueued);
  };

  const stateOf = (side: Side): AppState | null => {
    const state = store.getState();
    return side === 'own' ? state : otherSide(state);
  };

  /** @returns the look that is still missing for this photograph; null if there is none */
  const missing = (photo: Photo | undefined, side: Side = 'own'): Look | null => {
    const state = stateOf(side);
    if (state === null || photo === undefined || photo.state.status !== 'done') return null;
    const look = requestedLook(state, photo);
    return look === null || state.outcomes.has(keyOfLook(look)) ? null : look;
  };

  /**
   * @returns what the other side of a comparison still lacks of the selected photograph: the plain look first, where a patch is asked and
   * that model's grid is not known. Null while all photographs are on the stage, where nothing is compared
   */
  const missingAgainst = (): Look | null => {
    const own = store.getState();
    if (own.showsAll && canShowAll(own)) return null;
    const state = stateOf('against');
    const photo = state === null ? undefined : selectedPhoto(state);
    if (state === null || photo === undefined || photo.state.status !== 'done') return null;
    if (requestedLook(state, photo) !== null) return missing(photo, 'against');
    const plain = plainLook(state, askedPoint(state, photo)?.photo ?? photo);
    return plain === null || state.outcomes.has(keyOfLook(plain)) ? null : plain;
  };

  /**
   * @returns the look that is still missing for the selected photograph, else one of another photograph that depends on several; null if
   * there is none, or if it was given up
   */
  const openRequest = (): Open | null => {
    const state = store.getState();
    const { asking, lens, order, photos } = state;
    const unlessFailed = (look: Look, side: Side): Open | null =>
      asking?.status === 'failed' && keyOfLook(asking.look) === keyOfLook(look) ? null : { look, side };
    const own = missing(selectedPhoto(state));
    if (own !== null) return unlessFailed(own, 'own');
    const other = missingAgainst();
    if (other !== null) return unlessFailed(other, 'against');
    // The strip shows answers only to questions about several photographs.
    if (contractOf(lens).looksAt === undefined) return null;
    for (const id of order) {
      const look = missing(photos[id]);
      if (look === null || leftOut.has(keyOfLook(look))) continue;
      const span = spanOfLook(look);
      return span === 'each' || span === 'all' ? { look, side: 'own' } : null;
    }
    return null;
  };

  /** @returns other photographs that still lack their answer to the same question */
  const alsoWanted = ({ look, side }: Open): readonly PhotoId[] => {
    const state = stateOf(side);
    if (state === null || side === 'against' || spanOfLook(look) !== 'each') return [];
    return state.order.filter((id) => {
      const photo = state.photos[id];
      const wanted = photo?.state.status === 'done' ? requestedLook(state, photo) : null;
      if (wanted === null || wanted.of[0] !== look.of[0]) return false;
      const key = keyOfLook(wanted);
      return !state.outcomes.has(key) && !leftOut.has(key);
    });
  };

  const requestOf = ({ look, side }: Open, { reference }: UsedModel): LookRequest => {
    const { photos } = store.getState();
    const sources = photosFor(look, alsoWanted({ look, side })).flatMap((id) => {
      const photo = photos[id];
      return photo === undefined ? [] : [{ id, photo: photo.blob }];
    });
    const nextId = nextQueued();
    const next = sources.some(({ id }) => id === nextId) || nextId === undefined ? undefined : photos[nextId];
    return {
      lens: look.lens,
      params: look.params,
      sources,
      models: [{ key: look.model, reference }],
      framing: look.framing,
      upNext: next === undefined ? null : { id: next.id, photo: next.blob },
    };
  };

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
    const used = stateOf(side)?.models.used ?? null;
    if (engine.status !== 'ready' || used === null || used.key !== look.model) return { code: 'cancelled' };
    const [{ backend }, { description: model }] = [engine, used];
    const request = requestOf({ look, side }, used);
    const answer = await client.call('look', request, {
      signal: mine.controller.signal,
      onProgress: (progress) => {
        noteTurn(side, progress);
        if (!mine.isAbandoned) onProgress(progress);
      },
    });
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
      addOutcomes(outcomes, side);
      for (const { look: answered } of outcomes)
        setPhotoState(answered.photo, (state) => (isWaiting(state) ? { status: 'done' } : state));
      for (const [id, failure] of failures)
        if (failure.code !== 'no-room-together') setPhotoState(id, () => ({ status: 'failed', failure }));
        else {
          // Other lenses may show it.
          leftOut.add(keyOfLook({ ...look, photo: id }));
          setPhotoState(id, (state) => (isWaiting(state) ? { status: 'done' } : state));
        }
    });

  const begin = ({ look, side }: Open, isFurther: boolean): Run => {
    run = { look, side, isFurther, controller: new AbortController(), isAbandoned: false };
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
    failed = null;
    if (side === 'own' && photo !== undefined && asked !== null) {
      // Deselecting the patch brings back the earlier result.
      hold(() => {
        setAsking(null);
        pickPoint(asked, null);
      });
      say(
        `${photo.name}: ${announcer.titleOf(look)} was not answered. ${describeFailure(failure)}`,
        'warning',
      );
    } else setAsking({ look, status: 'failed', failure });
  };

  const noteFailedRequest = (open: Open, failure: Failure): void => {
    const { look } = open;
    const { setAsking, engine } = store.getState();
    if (failure.code === 'cancelled' && engine.status !== 'ready') return setAsking(null);
    const times = failed !== null && isOfSamePass(failed.look, look) ? failed.times + 1 : 1;
    failed = { look, times };
    if (times < maxRequestFailures) setAsking(null);
    else giveUp(open, failure);
  };

  const runRequest = async (open: Open): Promise<void> => {
    const { look, side } = open;
    const { setAsking } = store.getState();
    const mine = begin(open, true);
    setAsking({ look, status: 'running', progress: null });
    const came = await perform(mine, (progress) => setAsking({ look, status: 'running', progress }));
    if (came === null) return;
    // Together, so that the next question begins after this one has ended.
    hold(() => {
      if ('code' in came) return noteFailedRequest(open, came);
      take(open, came);
      const failure = came.failures.get(look.photo);
      failed = null;
      // A patch on another photograph stays: it is answered there.
      if (failure?.code === 'no-room-together') return setAsking({ look, status: 'failed', failure });
      setAsking(null);
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
    const next = nextQueued();
    const request = next === state.selectedId ? null : openRequest();
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
    const isOther = state.order !== before.order || state.framing !== before.framing;
    // There may be room now.
    if (isOther || state.models.used !== before.models.used) leftOut.clear();
    if (asking?.status === 'failed') {
      const photo = selectedPhoto(state);
      const other = otherSide(state);
      const requested = [state, ...(other === null ? [] : [other])].flatMap((each) => {
        const look = photo === undefined ? null : requestedLook(each, photo);
        return look === null ? [] : [keyOfLook(look)];
      });
      if (!requested.includes(keyOfLook(asking.look))) state.setAsking(null);
    }
    if (run?.isFurther === true) {
      const { look, side } = run;
      const open = openRequest();
      // A pointer that moves on must not keep the other side waiting for ever.
      const other = side === 'against' ? missingAgainst() : null;
      const isWanted = [open?.look ?? null, other].some((each) => each !== null && isOfSamePass(look, each));
      if (!isWanted) abandon();
    }
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
        const open = openRequest();
        if (
          cancelled?.isFurther === true &&
          open !== null &&
          keyOfLook(open.look) === keyOfLook(cancelled.look)
        )
          store.getState().setAsking({ look: open.look, status: 'failed', failure: { code: 'cancelled' } });
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
