import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import type { BackendChoice } from '../../core/backend.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { EngineContract } from '../../rpc/engine-contract.ts';
import { viewOf } from '../../lenses/views.ts';
import { lookedAtHeads, someBackend, someModel } from '../../testing/looks.ts';
import { createAppStore } from '../state/app-store.ts';
import { parseSettings } from '../state/settings.ts';
import { shownOutcome, type Outcome as Shown } from '../state/looks.ts';
import { chosenModel, type ChosenModel } from '../state/model-choice.ts';
import { createSession } from './session.ts';
import { silenceTimeoutMs } from './start-watch.ts';

const started: EngineContract['start']['result'] = {
  backend: someBackend,
  model: someModel,
  pixels: 'exact',
};

/** A fake result of a look. Results differ by their number of tokens. */
const looked = (tokens: number) => [succeed(lookedAtHeads({ rows: 1, columns: 2 }, { tokens }))];

const chosen = (id: string): ChosenModel =>
  chosenModel({ kind: 'served', id }, { kind: 'tfjs', url: `models/${id}/model.json` });
const nano = chosen('nano');
const spare = chosen('spare');

/** The model as passed in a call. */
const asCalled = ({ key, reference }: ChosenModel) => ({ key, reference });

type Outcome = Result<unknown, Failure>;

interface OpenCall {
  readonly method: string;
  readonly request: unknown;
  readonly answer: (outcome: Outcome) => void;
  readonly cancelled: () => boolean;
  readonly tell: (progress: unknown) => void;
}

/** The photographs of which the engine was told that they are gone, call by call. */
const forgotten = (calls: readonly OpenCall[]): unknown[] =>
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

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

function setUp(backend: BackendChoice = 'auto', stored: unknown = null) {
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

describe('the queue', () => {
  it('takes photographs before the engine is ready and runs one at a time', async () => {
    const { session, photo, ready, statuses, fake, looks } = setUp();
    session.add([photo('a'), photo('b')]);
    expect(statuses()).toEqual(['queued', 'queued']);
    await ready();
    expect(statuses()).toEqual(['running', 'queued']);
    fake.last().answer(succeed(looked(3)));
    await settle();
    expect(statuses()).toEqual(['done', 'running']);
    expect(looks()).toBe(2);
  });

  it('runs the selected photograph next', async () => {
    const { session, store, photo, ready, statuses, fake } = setUp();
    session.add([photo('a'), photo('b'), photo('c')]);
    await ready();
    store.getState().select('photo-3');
    fake.last().answer(succeed(looked(3)));
    await settle();
    expect(statuses()).toEqual(['done', 'queued', 'running']);
  });

  it('names the photograph that comes next, so that it can be decoded meanwhile', async () => {
    const { session, photo, ready, fake } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    expect(fake.last().request).toMatchObject({ sources: [{ id: 'photo-1' }], upNext: { id: 'photo-2' } });
    fake.last().answer(succeed(looked(3)));
    await settle();
    expect(fake.last().request).toMatchObject({ sources: [{ id: 'photo-2' }], upNext: null });
  });

  it('keeps a failure to the photograph it belongs to', async () => {
    const { session, photo, ready, statuses, fake } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    fake.last().answer(fail({ code: 'not-an-image' }));
    await settle();
    expect(statuses()).toEqual(['failed', 'running']);
  });

  it('cancels the running photograph and goes on with the next', async () => {
    const { session, photo, ready, statuses, fake } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    const running = fake.last();
    session.cancel('photo-1');
    expect(running.cancelled()).toBe(true);
    await settle();
    expect(statuses()).toEqual(['cancelled', 'running']);
  });

  it('drops the answer for a photograph that was removed, and selects its neighbour', async () => {
    const { session, store, photo, ready, statuses, fake } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    const running = fake.last();
    session.remove('photo-1');
    expect(forgotten(fake.calls)).toEqual([['photo-1']]);
    running.answer(succeed(looked(3)));
    await settle();
    expect(statuses()).toEqual(['running']);
    expect(store.getState().selectedId).toBe('photo-2');
  });

  it('asks anew at another size and keeps the old result on view meanwhile', async () => {
    const { session, shown, statuses, photo, ready, fake } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.last().answer(succeed(looked(3)));
    await settle();
    session.changeFraming({ shape: 'photograph', sidePx: 480 });
    expect(statuses()).toEqual(['running']);
    expect(shown('photo-1')).toMatchObject({ looked: { passes: [{ tokens: 3 }] } });
    expect(fake.last().request).toMatchObject({ framing: { sidePx: 480 } });
  });

  it('does not try a broken file again at another size', async () => {
    const { session, photo, ready, statuses, fake } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.last().answer(fail({ code: 'empty-file' }));
    await settle();
    session.changeFraming({ shape: 'photograph', sidePx: 480 });
    expect(statuses()).toEqual(['failed']);
  });
});

describe('many at once', () => {
  const setUpThree = async () => {
    const set = setUp();
    set.session.add([set.photo('a'), set.photo('b'), set.photo('c')]);
    await set.ready();
    return set;
  };

  it('are cancelled together: none of them begins meanwhile', async () => {
    const { session, statuses, looks, fake } = await setUpThree();
    session.cancelAll();
    await settle();
    expect(statuses()).toEqual(['cancelled', 'cancelled', 'cancelled']);
    expect(fake.last().cancelled()).toBe(true);
    expect(looks()).toBe(1);
  });

  it('are removed together: none of them begins meanwhile, and nothing of them is kept', async () => {
    const { session, store, looks, fake } = await setUpThree();
    fake.last().answer(succeed(looked(3)));
    await settle();
    expect(store.getState().outcomes.size).toBe(1);
    const running = fake.last();
    session.removeAll();
    expect(forgotten(fake.calls)).toEqual([['photo-1', 'photo-2', 'photo-3']]);
    running.answer(succeed(looked(3)));
    await settle();
    expect(running.cancelled()).toBe(true);
    expect(looks()).toBe(2);
    expect(store.getState()).toMatchObject({ order: [], photos: {}, selectedId: null });
    expect(store.getState().outcomes.size).toBe(0);
  });

  it('wait for the new engine when the old one is lost: none of them is asked of one that is gone', async () => {
    const { statuses, looks, fake, ready } = await setUpThree();
    for (const loss of [1, 2]) {
      fake.lose({ code: 'device-lost', message: 'test' });
      await settle();
      expect(looks()).toBe(loss);
      expect(fake.last().method).toBe('start');
      await ready();
    }
    // Lost twice with the first photograph.
    expect(statuses()).toEqual(['failed', 'running', 'queued']);
  });
});

describe('losing the engine', () => {
  const lost: Failure = { code: 'device-lost', message: 'test' };

  it('starts again and runs the photograph again that was running', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.lose(lost);
    await settle();
    expect(statuses()).toEqual(['queued']);
    expect(fake.restarts).toBe(1);
    expect(fake.last().method).toBe('start');
    expect(store.getState().messages.map(({ tone }) => tone)).toEqual(['warning']);
    await ready();
    expect(statuses()).toEqual(['running']);
  });

  it('runs a photograph that ran out of memory once more, then says so, and counts it for no loss', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    for (const expected of [
      ['running', 'queued'],
      ['failed', 'running'],
      ['failed', 'running'],
      ['failed', 'failed'],
    ]) {
      fake.lose({ code: 'out-of-memory', tokens: 9 });
      await settle();
      await ready();
      expect(statuses()).toEqual(expected);
    }
    expect(store.getState().engine.status).toBe('ready');
  });

  it('starts again without a word where a cancel was not heard, and blames no photograph', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    await ready();
    for (let times = 0; times < 4; times += 1) {
      fake.lose({ code: 'worker-stuck' });
      await settle();
      expect(statuses()).toEqual(['queued']);
      await ready();
    }
    expect(statuses()).toEqual(['running']);
    expect(fake.restarts).toBe(4);
    expect(store.getState().messages).toEqual([]);
  });

  it('gives up after three losses within two minutes, and runs on wasm when told to', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    await ready();
    for (let loss = 0; loss < 2; loss += 1) {
      fake.lose(lost);
      await ready();
    }
    session.add([photo('a')]);
    await settle();
    fake.lose(lost);
    await settle();
    expect(store.getState().engine).toMatchObject({ status: 'failed', repeatedly: true, instead: 'wasm' });
    expect(fake.restarts).toBe(2);
    session.startAgain('wasm');
    expect(fake.last().request).toMatchObject({ backend: 'wasm' });
    await ready();
    expect(statuses()).toEqual(['running']);
  });

  it('forgets losses that are long ago', async () => {
    const { ready, fake, store, wait } = setUp();
    await ready();
    for (let loss = 0; loss < 4; loss += 1) {
      fake.lose(lost);
      await ready();
      wait(90_000);
    }
    expect(store.getState().engine.status).toBe('ready');
  });

  it('says so when the start fails, and keeps the photographs', async () => {
    const { session, photo, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    fake.last().answer(fail({ code: 'backend-unavailable', backend: 'webgpu', reason: 'of a test' }));
    await settle();
    expect(store.getState().engine).toMatchObject({ status: 'failed', repeatedly: false });
    expect(statuses()).toEqual(['queued']);
  });
});

describe('a machine without a graphics card', () => {
  const backend = {
    ...started.backend,
    name: 'wasm',
    reason: { kind: 'software-adapter', adapter: 'SwiftShader' },
  } as const;

  it('is told of in one short line, and once it was dismissed no more', async () => {
    const { session, fake, store } = setUp();
    const texts = (): string[] => store.getState().messages.map(({ text }) => text);
    fake.last().answer(succeed({ ...started, backend }));
    await settle();
    expect(texts()).toEqual(['No graphics card: slower, same results.']);
    for (const { id } of store.getState().messages) store.getState().dismiss(id);
    expect(store.getState().notesSeen).toEqual(['slower']);
    session.startAgain();
    fake.last().answer(succeed({ ...started, backend }));
    await settle();
    expect(texts()).toEqual([]);
  });

  it('is not told of where an earlier visit dismissed it', async () => {
    const { fake, store } = setUp('auto', { notesSeen: ['slower', 'of another version'] });
    fake.last().answer(succeed({ ...started, backend }));
    await settle();
    expect(store.getState()).toMatchObject({ messages: [], notesSeen: ['slower'] });
  });

  it('is told of again where something failed, which it may not the next time', async () => {
    const reason = {
      kind: 'webgpu-failed',
      failure: { code: 'gpu-error', message: 'no device' },
    } as const;
    const { fake, store } = setUp('auto', { notesSeen: ['slower'] });
    fake.last().answer(succeed({ ...started, backend: { ...backend, reason } }));
    await settle();
    expect(store.getState().messages.map(({ text }) => text)).toEqual([
      expect.stringMatching(/no device.*WebAssembly is used instead: slower, same results\.$/),
    ]);
  });
});

describe('pixels that this browser does not give as they are', () => {
  it.each([
    ['exact', []],
    ['altered', [expect.stringMatching(/changes the pixels/)]],
    ['hidden', [expect.stringMatching(/noise in place of/)]],
  ] as const)('%s: said once, at the first start', async (pixels, sentences) => {
    const { session, fake, store } = setUp();
    fake.last().answer(succeed({ ...started, pixels }));
    await settle();
    const texts = (): string[] => store.getState().messages.map(({ text }) => text);
    expect(texts()).toEqual(sentences);
    for (const { id } of store.getState().messages) store.getState().dismiss(id);
    session.startAgain();
    fake.last().answer(succeed({ ...started, pixels }));
    await settle();
    expect(texts()).toEqual([]);
  });
});

describe('a start that is silent', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const passes = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
  const working = (backend: string | null) => ({ stage: 'working', backend });

  it('on a back end goes on with the next one, and never asks for it again unasked', async () => {
    const { fake, store } = setUp();
    fake.last().tell({ stage: 'backend' });
    fake.last().tell(working('webgpu'));
    await passes(silenceTimeoutMs);
    expect(fake.restarts).toBe(1);
    expect(fake.last().request).toMatchObject({ backend: 'auto', silent: ['webgpu'] });
    fake.last().tell(working('wasm'));
    await passes(silenceTimeoutMs);
    expect(fake.last().request).toMatchObject({ silent: ['webgpu', 'wasm'] });
    // The engine tries it once more, without threads.
    fake.last().tell(working('wasm'));
    await passes(silenceTimeoutMs);
    expect(fake.last().request).toMatchObject({ silent: ['webgpu', 'wasm', 'wasm'] });
    fake.last().tell(working('cpu'));
    const failure = { code: 'backend-unavailable', backend: 'wasm', reason: 'it did not answer in time' };
    const reason = { kind: 'wasm-failed', failure } as const;
    fake.last().answer(succeed({ ...started, backend: { ...started.backend, name: 'cpu', reason } }));
    await passes(0);
    expect(store.getState().engine.status).toBe('ready');
    expect(store.getState().messages.at(-1)?.text).toMatch(
      /wasm back end .* did not answer in time.*JavaScript/,
    );
    fake.lose({ code: 'device-lost', message: '' });
    expect(fake.last().request).toMatchObject({ silent: ['webgpu', 'wasm', 'wasm'] });
  });

  it.each([
    ['whose script did not come', { code: 'script-missing', isGone: false }, 'Reload the page'],
    ['that cannot run here', { code: 'backend-unavailable', backend: 'wasm', reason: 'test' }, undefined],
  ] as const)(
    'without a back end %s says so, and offers to reload where that may help',
    async (_, failure, label) => {
      const { fake, store } = setUp();
      const reason = { kind: 'wasm-failed', failure } as const;
      fake.last().answer(succeed({ ...started, backend: { ...started.backend, name: 'cpu', reason } }));
      await passes(0);
      const message = store.getState().messages.at(-1);
      expect(message?.text).toContain('JavaScript is used instead');
      expect(message?.offer?.label).toBe(label);
    },
  );

  it('on the back end that was asked for, or on the last one, has failed', async () => {
    const { fake, store, session } = setUp('webgpu');
    fake.last().tell(working('webgpu'));
    await passes(silenceTimeoutMs);
    const failure = { code: 'backend-unavailable', backend: 'webgpu', reason: 'it did not answer in time' };
    expect(store.getState().engine).toMatchObject({ status: 'failed', failure });
    // The person starts again: earlier losses no longer count.
    session.startAgain();
    expect(fake.last().request).toMatchObject({ backend: 'webgpu', silent: [] });
  });

  it('on wasm, which was asked for, is made once more', async () => {
    const { fake, store } = setUp('wasm');
    fake.last().tell(working('wasm'));
    await passes(silenceTimeoutMs);
    expect(fake.last().request).toMatchObject({ backend: 'wasm', silent: ['wasm'] });
    fake.last().tell(working('wasm'));
    await passes(silenceTimeoutMs);
    const failure = { code: 'backend-unavailable', backend: 'wasm', reason: 'it did not answer in time' };
    expect(store.getState().engine).toMatchObject({ status: 'failed', failure });
    expect(fake.restarts).toBe(2);
  });

  it('from a worker that says nothing at all has one more worker, said so, and no third', async () => {
    const { fake, store } = setUp();
    await passes(silenceTimeoutMs);
    expect(fake.restarts).toBe(1);
    expect(store.getState().messages.at(-1)?.text).toMatch(/did not answer in time. Another one is started/);
    await passes(silenceTimeoutMs);
    expect(store.getState().engine).toMatchObject({ status: 'failed', failure: { code: 'worker-silent' } });
    const { length } = fake.calls;
    await passes(10 * silenceTimeoutMs);
    expect(fake.calls).toHaveLength(length);
  });

  it('but works is let go on', async () => {
    const { fake, store } = setUp();
    for (let block = 0; block < 5; block++) {
      fake.last().tell(working('cpu'));
      await passes(silenceTimeoutMs - 1);
    }
    fake.last().answer(succeed(started));
    await passes(10 * silenceTimeoutMs);
    expect(store.getState().engine.status).toBe('ready');
    expect(fake.restarts).toBe(0);
  });

  it('since its model is on its way waits for it', async () => {
    const { fake, store } = setUp();
    fake.last().tell(working('webgpu'));
    fake.last().tell(working(null));
    await passes(10 * silenceTimeoutMs);
    expect(fake.restarts).toBe(0);
    expect(store.getState().engine).toMatchObject({ status: 'starting' });
  });

  it('tells a person what goes on, and not each sign of life', () => {
    const { fake, store } = setUp();
    fake.last().tell({ stage: 'self-check' });
    fake.last().tell(working('webgpu'));
    expect(store.getState().engine).toMatchObject({ progress: { stage: 'self-check' } });
  });
});

it('a worker whose script is gone is not started again by itself', async () => {
  const { fake, store, session, photo, statuses, ready } = setUp();
  session.add([photo('a')]);
  await ready();
  fake.lose({ code: 'script-missing', isGone: true });
  await settle();
  expect(fake.restarts).toBe(0);
  expect(store.getState().engine).toEqual({
    status: 'failed',
    failure: { code: 'script-missing', isGone: true },
    repeatedly: false,
    instead: null,
  });
  expect(statuses()).toEqual(['queued']);
  session.startAgain();
  expect(fake.restarts).toBe(1);
});

describe('many photographs at once', () => {
  it('takes all of them in, and shows the first', async () => {
    const { session, photo, store } = setUp();
    session.add(Array.from({ length: 200 }, (_, i) => photo(`p${i}`)));
    expect(store.getState().order.length).toBeLessThan(200);
    await expect.poll(() => store.getState().order.length).toBe(200);
    const { order, photos, selectedId } = store.getState();
    expect(order.map((id) => photos[id]?.name)).toEqual(Array.from({ length: 200 }, (_, i) => `p${i}`));
    expect(selectedId).toBe(order[0]);
  });

  it('forgets those still coming in when all are removed', async () => {
    const { session, photo, store } = setUp();
    session.add(Array.from({ length: 200 }, (_, i) => photo(`p${i}`)));
    session.removeAll();
    await settle();
    expect(store.getState().order).toEqual([]);
    session.add([photo('later')]);
    expect(store.getState().order).toHaveLength(1);
  });
});

describe('the model', () => {
  const other = chosenModel({ kind: 'stored', id: 'other' }, chosen('other').reference);
  const otherModel = { ...started.model, id: 'other', title: 'Other', numHeads: 1 };
  const answered = succeed({ model: otherModel });

  it('that cannot be had at the start gives way to the one that comes with the page, with a word', async () => {
    const { fake, store, ready } = setUp();
    fake.last().answer(fail({ code: 'model-unreachable', url: 'x', status: 404 }));
    await settle();
    expect(fake.last().request).toMatchObject({ model: asCalled(spare) });
    await ready();
    expect(store.getState()).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { choice: spare.choice } },
    });
    expect(store.getState().messages.map(({ tone }) => tone)).toEqual(['warning']);
  });

  it('that is gone when the engine was lost gives way, and what it has shown is looked at again', async () => {
    const { session, photo, ready, statuses, fake, store, shown } = setUp();
    session.add([photo('a'), photo('b')]);
    await ready();
    for (const tokens of [3, 4]) {
      fake.last().answer(succeed(looked(tokens)));
      await settle();
    }
    expect(statuses()).toEqual(['done', 'done']);
    fake.lose({ code: 'device-lost', message: 'test' });
    await settle();
    fake.last().answer(fail({ code: 'model-unreachable', url: 'x', status: 404 }));
    await settle();
    fake.last().answer(succeed({ ...started, model: otherModel }));
    await settle();
    expect(statuses()).toEqual(['running', 'queued']);
    expect(fake.last().request).toMatchObject({ models: [asCalled(spare)] });
    const said = store.getState().messages.map(({ text }) => text);
    expect(said.some((text) => text.includes('photographs run again with Other'))).toBe(true);
    expect(said.some((text) => text.includes('nothing was lost'))).toBe(false);
    fake.last().answer(succeed(looked(7)));
    await settle();
    expect(shown('photo-1')).toMatchObject({ model: { id: 'other' }, looked: { passes: [{ tokens: 7 }] } });
  });

  it('that comes with the page and cannot be had either is a failure', async () => {
    const { fake, store } = setUp();
    for (let times = 0; times < 2; times++) {
      fake.last().answer(fail({ code: 'model-unreachable', url: 'x', status: 404 }));
      await settle();
    }
    expect(store.getState().engine).toMatchObject({ status: 'failed', failure: { status: 404 } });
  });

  it('is exchanged while photographs go on; then all run again, the old results on view until then', async () => {
    const { session, photo, ready, statuses, fake, store, shown, titleOf } = setUp();
    const picture = () => titleOf(shown('photo-1') ?? expect.unreachable('nothing is shown'));
    session.add([photo('a'), photo('b')]);
    await ready();
    fake.last().answer(succeed(looked(3)));
    await settle();
    store.getState().changeDrawing({ view: 1 });
    expect(picture()).toBe('Head 2');
    const running = fake.last();
    const exchange = session.useModel(other, 'Other');
    await settle();
    expect(store.getState().models.next).toMatchObject({ title: 'Other' });
    expect(store.getState()).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { description: { id: 'nano' } } },
    });
    fake.last().answer(answered);
    expect(await exchange).toEqual(succeed(otherModel));
    expect(running.cancelled()).toBe(true);
    const { engine, models } = store.getState();
    expect({ engine, models }).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { choice: other.choice, description: { id: 'other' } }, next: null },
    });
    expect(statuses()).toEqual(['running', 'queued']);
    expect(shown('photo-1')).toMatchObject({ model: { id: 'nano' } });
    fake
      .last()
      .answer(succeed([succeed(lookedAtHeads({ rows: 1, columns: 2 }, { numHeads: 1, tokens: 5 }))]));
    await settle();
    expect(statuses()).toEqual(['done', 'running']);
    expect(shown('photo-1')).toMatchObject({
      model: { id: 'other' },
      looked: { passes: [{ tokens: 5 }] },
    });
    // The new model does not have the head that was shown.
    expect(picture()).toBe('All heads');
  });

  it('that was in use before answers at once what it was asked before', async () => {
    const { session, photo, ready, statuses, fake, looks, shown } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.last().answer(succeed(looked(3)));
    await settle();
    const exchangeFor = async (model: ChosenModel, description = otherModel) => {
      const exchange = session.useModel(model, 'x');
      await settle();
      fake.last().answer(succeed({ model: description }));
      await exchange;
    };
    await exchangeFor(other);
    fake.last().answer(succeed(looked(5)));
    await settle();
    expect(looks()).toBe(2);
    await exchangeFor(nano, someModel);
    expect(statuses()).toEqual(['done']);
    expect(shown('photo-1')).toMatchObject({ model: { id: 'nano' }, looked: { passes: [{ tokens: 3 }] } });
    expect(looks()).toBe(2);
  });

  it('stays where the other fails, and the page says which and why', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    await ready();
    const exchange = session.useModel(other, 'Other');
    await settle();
    fake.last().answer(fail({ code: 'checkpoint-invalid', problem: 'it is empty' }));
    expect(await exchange).toMatchObject({ ok: false });
    expect(statuses()).toEqual(['running']);
    expect(store.getState()).toMatchObject({
      models: { used: { choice: nano.choice, description: { id: 'nano' } }, next: null },
    });
    expect(store.getState().messages.map(({ text }) => text)).toEqual([
      'Other: This checkpoint cannot be read: it is empty. Nano stays in use.',
    ]);
  });

  it('stays without a word where the exchange is cancelled, or another is chosen meanwhile', async () => {
    const { session, ready, fake, store } = setUp();
    await ready();
    const first = session.useModel(other, 'Other');
    await settle();
    const inWorker = fake.last();
    const second = session.useModel(spare, 'Spare');
    inWorker.answer(fail({ code: 'cancelled' }));
    expect(await first).toEqual(fail({ code: 'cancelled' }));
    await settle();
    expect(store.getState().models.next).toMatchObject({ title: 'Spare' });
    session.cancelModelSwitch();
    expect(store.getState().models.next).toBeNull();
    fake.last().answer(fail({ code: 'cancelled' }));
    expect(await second).toEqual(fail({ code: 'cancelled' }));
    expect(fake.calls.filter(({ method }) => method === 'useModel').every((call) => call.cancelled())).toBe(
      true,
    );
    expect(store.getState()).toMatchObject({
      models: { used: { choice: nano.choice }, next: null },
      messages: [],
    });
  });

  it('is the new one where a cancel comes when the worker has just exchanged them: never another than answers', async () => {
    const { session, photo, ready, fake, store, shown } = setUp();
    session.add([photo('a')]);
    await ready();
    const exchange = session.useModel(other, 'Other');
    await settle();
    const inWorker = fake.last();
    session.cancelModelSwitch();
    await settle();
    inWorker.answer(answered);
    expect(await exchange).toEqual(succeed(otherModel));
    fake.last().answer(succeed(looked(5)));
    await settle();
    expect(store.getState()).toMatchObject({
      models: { used: { choice: other.choice, description: { id: 'other' } }, next: null },
    });
    expect(shown('photo-1')).toMatchObject({ model: { id: 'other' } });
  });

  it('is what memory ran out over, and not the photograph that waited, however often it is tried', async () => {
    const { session, photo, ready, statuses, fake } = setUp();
    session.add([photo('a')]);
    await ready();
    for (let times = 0; times < 3; times += 1) {
      const exchange = session.useModel(other, 'Other');
      await settle();
      fake.lose({ code: 'out-of-memory', tokens: null });
      expect((await exchange).ok).toBe(false);
      expect(statuses()).toEqual(['queued']);
      await ready();
      expect(statuses()).toEqual(['running']);
    }
  });

  it('is the one that the engine starts again with: the old one when it is lost during the exchange, the new one after', async () => {
    const lost: Failure = { code: 'device-lost', message: 'test' };
    const { session, ready, fake, store } = setUp();
    await ready();
    const broken = session.useModel(other, 'Other');
    await settle();
    fake.lose(lost);
    expect(await broken).toEqual(fail(lost));
    expect(fake.last().request).toMatchObject({ model: asCalled(nano) });
    await ready();
    const exchange = session.useModel(other, 'Other');
    await settle();
    fake.last().answer(answered);
    await exchange;
    fake.lose(lost);
    await settle();
    expect(fake.last().request).toMatchObject({ model: asCalled(other) });
    await ready();
    expect(store.getState().models.used?.choice).toEqual(other.choice);
  });

  it('takes the warnings of the one before with it, in its own role', async () => {
    const { session, ready, fake, store } = setUp();
    const warned = () =>
      store
        .getState()
        .messages.filter(({ tone }) => tone === 'warning')
        .map(({ text }) => text.split(':')[0]);
    const broken: Failure = { code: 'model-fails-check', problem: 'test' };
    await ready();
    const compare = async (title: string, answer: Outcome): Promise<void> => {
      const compared = session.compareWith(other, title);
      await settle();
      fake.last().answer(answer);
      await compared;
    };
    await compare('One', fail(broken));
    expect(warned()).toEqual(['One']);
    const exchange = session.useModel(spare, 'Spare');
    await settle();
    fake.last().answer(fail(broken));
    await exchange;
    expect(warned()).toEqual(['One', 'Spare']);
    await compare('Two', fail(broken));
    expect(warned()).toEqual(['Spare', 'Two']);
    store.getState().setAgainst(null);
    expect(warned()).toEqual(['Spare']);
    await compare('Two', answered);
    const again = session.useModel(other, 'Other');
    await settle();
    expect(warned()).toEqual([]);
    fake.last().answer(answered);
    await again;
    expect(warned()).toEqual([]);
  });

  it('that is chosen while the engine starts waits for it', async () => {
    const { session, ready, fake, store } = setUp();
    const exchange = session.useModel(other, 'Other');
    await settle();
    expect(fake.last().method).toBe('start');
    await ready();
    expect(fake.last().method).toBe('useModel');
    fake.last().answer(answered);
    expect(await exchange).toEqual(succeed(otherModel));
    expect(store.getState().models.used?.choice).toEqual(other.choice);
  });

  it('that is chosen where the engine has failed starts it', async () => {
    const { session, fake, store } = setUp();
    for (let times = 0; times < 2; times++) {
      fake.last().answer(fail({ code: 'model-unreachable', url: 'x', status: 404 }));
      await settle();
    }
    const exchange = session.useModel(other, 'Other');
    await settle();
    expect(fake.last()).toMatchObject({ method: 'start', request: { model: asCalled(other) } });
    fake.last().answer(succeed({ ...started, model: otherModel }));
    expect(await exchange).toEqual(succeed(otherModel));
    expect(store.getState()).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { choice: other.choice } },
    });
  });

  it('that is chosen where the engine has failed, and cannot be had, is not said to be in use', async () => {
    const { session, ready, fake, store } = setUp();
    fake.last().answer(fail({ code: 'backend-unavailable', backend: 'webgpu', reason: 'of a test' }));
    await settle();
    const exchange = session.useModel(other, 'Other');
    await settle();
    fake.last().answer(fail({ code: 'checkpoint-invalid', problem: 'it is empty' }));
    await settle();
    expect(fake.last().request).toMatchObject({ model: asCalled(spare) });
    await ready();
    expect(await exchange).toEqual(fail({ code: 'cancelled' }));
    expect(store.getState()).toMatchObject({
      engine: { status: 'ready' },
      models: { used: { choice: spare.choice } },
    });
  });

  it('that is chosen where the engine was lost too often runs the photographs of the old one again', async () => {
    const { session, photo, ready, statuses, fake, store } = setUp();
    session.add([photo('a')]);
    await ready();
    fake.last().answer(succeed(looked(3)));
    await settle();
    for (let loss = 0; loss < 3; loss++) {
      fake.lose({ code: 'device-lost', message: 'test' });
      await settle();
      if (loss < 2) await ready();
    }
    expect(store.getState().engine).toMatchObject({ status: 'failed' });
    const exchange = session.useModel(other, 'Other');
    await settle();
    fake.last().answer(succeed({ ...started, model: otherModel }));
    expect(await exchange).toEqual(succeed(otherModel));
    expect(statuses()).toEqual(['running']);
    fake.lose({ code: 'device-lost', message: 'test' });
    await settle();
    expect(store.getState().engine).toMatchObject({ status: 'starting' });
  });
});
