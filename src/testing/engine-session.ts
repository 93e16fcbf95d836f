/** The page's session with the engine for its tests: without a worker, whose answers a test gives itself. */
import type { BackendChoice } from '../core/backend.ts';
import type { Failure } from '../core/failure.ts';
import { fail, type Result, succeed } from '../core/result.ts';
import { viewOf } from '../lenses/views.ts';
import type { EngineClient } from '../rpc/engine-client.ts';
import type { EngineContract } from '../rpc/engine-contract.ts';
import { createSession } from '../ui/engine/session.ts';
import { createAppStore } from '../ui/state/app-store.ts';
import { shownOutcome, type Outcome as Shown } from '../ui/state/looks.ts';
import { chosenModel, type ChosenModel } from '../ui/state/model-choice.ts';
import { parseSettings } from '../ui/state/settings.ts';
import { lookedAtHeads, someBackend, someModel } from './looks.ts';

export const started: EngineContract['start']['result'] = {
  backend: someBackend,
  model: someModel,
  pixels: 'exact',
};

/** A fake result of a look. Results differ by their number of tokens. */
export const looked = (tokens: number) => [succeed(lookedAtHeads({ rows: 1, columns: 2 }, { tokens }))];

export const chosen = (id: string): ChosenModel =>
  chosenModel({ kind: 'served', id }, { kind: 'tfjs', url: `models/${id}/model.json` });
export const nano = chosen('nano');
export const spare = chosen('spare');

/** The model as passed in a call. */
export const asCalled = ({ key, reference }: ChosenModel) => ({ key, reference });

type Outcome = Result<unknown, Failure>;

interface OpenCall {
  readonly method: string;
  readonly request: unknown;
  readonly answer: (outcome: Outcome) => void;
  readonly cancelled: () => boolean;
  readonly tell: (progress: unknown) => void;
}

/** The photographs of which the engine was told that they are gone, call by call. */
export const forgotten = (calls: readonly OpenCall[]): unknown[] =>
  calls
    .filter(({ method }) => method === 'forget')
    .map(({ request }) => (request as { readonly photos: unknown }).photos);

/** A client whose calls are answered by the test. */
function createFakeClient() {
  const open: OpenCall[] = [];
  const listeners = new Set<(failure: Failure) => void>();
  let restarts = 0;
  const call = (
    method: string,
    request: unknown,
    {
      signal,
      awaitsWorker,
      onProgress,
    }: {
      signal?: AbortSignal;
      awaitsWorker?: boolean;
      onProgress?: (progress: unknown) => void;
    } = {},
  ) =>
    new Promise<Outcome>((resolve) => {
      if (awaitsWorker !== true)
        signal?.addEventListener('abort', () => resolve(fail({ code: 'cancelled' })));
      open.push({
        method,
        request,
        answer: resolve,
        cancelled: () => signal?.aborted ?? false,
        tell: (progress) => onProgress?.(progress),
      });
    });
  const client: EngineClient = {
    // The fake does not have the types from method to result.
    call: call as EngineClient['call'],
    onGone: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    restart: () => {
      restarts += 1;
    },
    terminate: () => undefined,
  };
  return {
    client,
    calls: open,
    get restarts() {
      return restarts;
    },
    /** The latest call. */
    last: () => {
      const latest = open.at(-1);
      if (!latest) throw new Error('no call was made');
      return latest;
    },
    /** As in the real client: open calls fail first, then all listeners are called at once. */
    lose: (failure: Failure) => {
      for (const one of open) one.answer(fail(failure));
      for (const listener of listeners) listener(failure);
    },
  };
}

export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

export function setUp(backend: BackendChoice = 'auto', stored: unknown = null) {
  const fake = createFakeClient();
  const store = createAppStore(parseSettings(stored), { shape: 'photograph', sidePx: 320 });
  let time = 0;
  const session = createSession(fake.client, store, {
    backend,
    now: () => time,
  });
  session.start(nano, spare);
  const photoNamed = (name: string) => ({ name, alt: null, credit: null, blob: new Blob([name]) });
  return {
    fake,
    store,
    session,
    photo: photoNamed,
    wait: (ms: number) => {
      time += ms;
    },
    ready: async () => {
      fake.last().answer(succeed(started));
      await settle();
    },
    statuses: () => {
      const { order, photos } = store.getState();
      return order.map((id) => photos[id]?.state.status);
    },
    looks: () => fake.calls.filter(({ method }) => method === 'look').length,
    /** The outcome that the photograph shows. */
    shown: (id: string) => {
      const photo = store.getState().photos[id];
      return photo === undefined ? null : shownOutcome(store.getState(), photo);
    },
    /** The title of an outcome on the stage. */
    titleOf: ({ look, looked: seen }: Shown) =>
      viewOf(look.lens).title({
        looked: seen,
        params: look.params,
        drawing: store.getState().drawings[look.lens],
      }),
  };
}
