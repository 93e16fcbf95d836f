import { describe, expect, it, vi } from 'vitest';
import type { BackendDescription } from '../../core/backend.ts';
import type { Failure } from '../../core/failure.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import type { ModelDescription } from '../../core/model.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import { contractOf } from '../../lenses/contracts.ts';
import type { Query } from '../../lenses/lens-contract.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type { LookRequest } from '../../rpc/engine-contract.ts';
import { frameOfGrid, lookedAtHeads, passFacts, someModel } from '../../testing/looks.ts';
import { createAppStore, type AppStore } from '../state/app-store.ts';
import { shownOutcome } from '../state/looks.ts';
import { chosenModel } from '../state/model-choice.ts';
import { pointOf } from '../state/photo-point.ts';
import { parseSettings } from '../state/settings.ts';
import { createAnnouncer } from './announcer.ts';
import { createLookQueue } from './look-queue.ts';

const backend = { name: 'wasm' } as BackendDescription;
const framing = { shape: 'photograph', sidePx: 96 } as const;
const grid = frameOfGrid(6, 12);

const usedModel = (id: string) => ({
  ...chosenModel({ kind: 'served', id }, { kind: 'tfjs', url: `models/${id}/model.json` }),
  description: { ...someModel, id } satisfies ModelDescription,
});

interface OpenCall {
  readonly request: LookRequest;
  readonly progress: (progress: { stage: 'decode' | 'check' }) => void;
  readonly answer: (outcome: Result<unknown, Failure>) => void;
  readonly cancelled: () => boolean;
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve));

/** Two finished photographs, the first one selected, and an engine whose calls the test answers. */
async function setUp() {
  const calls: OpenCall[] = [];
  const call = (
    method: string,
    request: LookRequest,
    { signal, onProgress }: { signal: AbortSignal; onProgress: OpenCall['progress'] },
  ) =>
    new Promise((resolve) => {
      expect(method).toBe('look');
      signal.addEventListener('abort', () => resolve(fail({ code: 'cancelled' })));
      calls.push({ request, progress: onProgress, answer: resolve, cancelled: () => signal.aborted });
    });
  const store = createAppStore(parseSettings(null), framing);
  const queue = createLookQueue({ call } as unknown as EngineClient, store, createAnnouncer(store));
  const { addPhotos, setEngine, setUsedModel, pickPoint } = store.getState();
  setUsedModel(usedModel('nano'));
  setEngine({ status: 'ready', backend });
  const last = () => calls.at(-1) ?? expect.unreachable('nothing was asked');
  const queryOf = ({ request }: OpenCall) => request.params as Query;
  /** @param on the grid of patches of the answer */
  const reply = async (on = grid) => {
    last().answer(succeed([succeed(lookedAtHeads(on, { query: queryOf(last()) }))]));
    await settle();
  };
  addPhotos(
    ['a', 'b'].map((name) => ({ name, alt: null, credit: null, blob: new Blob() })),
    true,
  );
  for (const _ of ['a', 'b']) await reply();
  calls.length = 0;
  const photo = () => store.getState().photos['photo-1'] ?? expect.unreachable('it is gone');
  return {
    calls,
    store,
    queue,
    last,
    reply,
    photo,
    ask: (row: number, column: number) => pickPoint('photo-1', pointOf({ row, column }, grid)),
    patch: (): PatchPosition | null => queryOf(last()).patch,
    /** The query whose answer the photograph shows. */
    shown: () => shownOutcome(store.getState(), photo())?.look.params as Query | undefined,
    asking: () => store.getState().asking.own ?? store.getState().asking.against,
  };
}

describe('a patch', () => {
  it('is asked on its photograph’s grid, and its answer belongs to that result', async () => {
    const { ask, calls, last, reply, shown, store } = await setUp();
    ask(4, 11);
    expect(last().request).toMatchObject({
      lens: 'heads',
      sources: [{ id: 'photo-1' }],
      models: [{ key: usedModel('nano').key }],
      framing,
      params: { patch: { row: 4, column: 11 } },
    });
    expect(shown()?.patch).toBeNull();
    await reply();
    expect(shown()?.patch).toEqual({ row: 4, column: 11 });
    expect(store.getState().announcement.text).toBe('Patch (row 5, column 12) of 6 × 12');
    ask(4, 11);
    expect(calls).toHaveLength(1);
  });

  it('of a key that is held down is asked one at a time, and the last one counts', async () => {
    const { ask, calls, patch, reply, shown } = await setUp();
    for (let column = 0; column < 9; column++) ask(2, column);
    expect(calls).toHaveLength(1);
    await reply();
    expect(calls).toHaveLength(2);
    expect(patch()).toEqual({ row: 2, column: 8 });
    await reply();
    expect(calls).toHaveLength(2);
    expect(shown()?.patch?.column).toBe(8);
  });

  it('is cancelled by going back to CLS, and what comes then is nobody’s', async () => {
    const { ask, last, store, reply, shown, asking, calls } = await setUp();
    ask(1, 1);
    last().progress({ stage: 'decode' });
    expect(asking()).toMatchObject({ status: 'running', progress: null });
    await vi.waitFor(() => expect(asking()).toMatchObject({ progress: { stage: 'decode' } }));
    store.getState().pickPoint('photo-1', null);
    expect(last().cancelled()).toBe(true);
    await reply();
    expect(store.getState().announcement.text).toBe('CLS token');
    expect(shown()).toEqual({ block: 'last', token: 0, patch: null });
    expect(asking()).toBeNull();
    expect(calls).toHaveLength(1);
  });

  it('is cancelled when another photograph is looked at, and asked again on the way back', async () => {
    const { ask, calls, last, store } = await setUp();
    ask(1, 1);
    store.getState().select('photo-2');
    expect(last().cancelled()).toBe(true);
    await settle();
    expect(calls).toHaveLength(1);
    store.getState().select('photo-1');
    expect(calls).toHaveLength(2);
  });

  it('keeps its place on the grid of another result', async () => {
    const { ask, patch, reply, queue, store } = await setUp();
    ask(3, 6);
    await reply();
    queue.hold(() => {
      store.getState().setFraming({ shape: 'photograph', sidePx: 192 });
      queue.queue('photo-1');
    });
    expect(patch()).toBeNull();
    await reply(frameOfGrid(12, 24)); // twice as fine
    expect(patch()).toEqual({ row: 7, column: 13 });
  });

  it('of a result of another model than the engine’s is asked once that has run', async () => {
    const { ask, calls, last, photo, store, patch, reply } = await setUp();
    // As after a start with the fallback model.
    store.getState().setEngine({ status: 'starting', progress: null, recoversFrom: null });
    store.getState().setUsedModel(usedModel('another'));
    ask(1, 1);
    expect(calls).toHaveLength(0);
    store.getState().setEngine({ status: 'ready', backend });
    expect(photo().state.status).toBe('running');
    expect(last().request).toMatchObject({
      models: [{ key: usedModel('another').key }],
      params: { patch: null },
    });
    await reply();
    expect(patch()).toEqual({ row: 1, column: 1 });
  });

  it('waits while the engine starts again', async () => {
    const { ask, calls, store } = await setUp();
    store.getState().setEngine({ status: 'starting', progress: null, recoversFrom: null });
    ask(1, 1);
    expect(calls).toHaveLength(0);
    store.getState().setEngine({ status: 'ready', backend });
    expect(calls).toHaveLength(1);
  });

  it('that fails is asked once more, then given up with a sentence', async () => {
    const { ask, calls, last, photo, asking, shown, store } = await setUp();
    ask(1, 1);
    for (const times of [1, 2]) {
      expect(calls).toHaveLength(times);
      last().answer(fail({ code: 'out-of-memory', tokens: 73 }));
      await settle();
    }
    expect(calls).toHaveLength(2);
    expect(photo().point).toBeNull();
    expect(asking()).toBeNull();
    expect(shown()?.patch).toBeNull();
    expect(store.getState().messages.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^a: Patch \(row 2, column 2\) was not answered\. /),
    ]);
  });

  it('that is cancelled is let go of, and not asked again', async () => {
    const { ask, calls, last, queue, photo, asking } = await setUp();
    ask(1, 1);
    queue.cancel('photo-1');
    await settle();
    expect(last().cancelled()).toBe(true);
    expect(calls).toHaveLength(1);
    expect(photo().point).toBeNull();
    expect(photo().state.status).toBe('done');
    expect(asking()).toBeNull();
  });

  it('that was asked before answers at once', async () => {
    const { ask, calls, reply, shown, store } = await setUp();
    for (const column of [3, 4]) {
      ask(1, column);
      await reply();
      expect(store.getState().announcement.text).toBe(`Patch (row 2, column ${column + 1}) of 6 × 12`);
    }
    ask(1, 3);
    // It is also announced to screen readers.
    expect(store.getState().announcement.text).toBe('Patch (row 2, column 4) of 6 × 12');
    expect(shown()?.patch).toEqual({ row: 1, column: 3 });
    expect(calls).toHaveLength(2);
  });
});

describe('another question to every photograph', () => {
  it('is asked of the one that is looked at, and of another once that is looked at', async () => {
    const { store, calls, last, reply, shown, asking } = await setUp();
    store.getState().changeParams({ block: 1 });
    expect(calls).toHaveLength(1);
    expect(last().request).toMatchObject({ sources: [{ id: 'photo-1' }], params: { block: 1 } });
    // The old result stays until then.
    expect(shown()).toMatchObject({ block: 'last' });
    expect(asking()).toMatchObject({ status: 'running' });
    await reply();
    expect(shown()).toMatchObject({ block: 1 });
    expect(store.getState().announcement.text).toBe('Heads: CLS token');
    expect(calls).toHaveLength(1);
    store.getState().select('photo-2');
    expect(last().request).toMatchObject({ sources: [{ id: 'photo-2' }], params: { block: 1 } });
    await reply();
    store.getState().changeParams({ block: 'last' });
    store.getState().select('photo-1');
    await settle();
    expect(calls).toHaveLength(2);
    expect(shown()).toMatchObject({ block: 'last' });
  });

  it('that fails twice is not asked again unasked, and again when asked', async () => {
    const { store, calls, last, asking, queue } = await setUp();
    const failure = { code: 'out-of-memory', tokens: 73 } as const;
    store.getState().changeParams({ block: 1 });
    for (const times of [1, 2]) {
      expect(calls).toHaveLength(times);
      last().answer(fail(failure));
      await settle();
    }
    expect(asking()).toMatchObject({ status: 'failed', failure });
    expect(calls).toHaveLength(2);
    expect(store.getState().messages).toEqual([]);
    queue.retryRequest();
    expect(asking()).toMatchObject({ status: 'running' });
    expect(calls).toHaveLength(3);
  });

  it('that is cancelled waits until somebody asks for it, or for something else', async () => {
    const { store, calls, last, asking, queue, reply } = await setUp();
    store.getState().changeParams({ block: 1 });
    queue.cancel('photo-1');
    await settle();
    expect(last().cancelled()).toBe(true);
    expect(calls).toHaveLength(1);
    expect(asking()).toMatchObject({ status: 'failed', failure: { code: 'cancelled' } });
    queue.retryRequest();
    expect(calls).toHaveLength(2);
    await reply();
    expect(asking()).toBeNull();
  });

  it('lets go of a failure with what had failed', async () => {
    const { store, asking, queue, calls } = await setUp();
    store.getState().changeParams({ block: 1 });
    queue.cancel('photo-1');
    store.getState().changeParams({ block: 'last' });
    expect(asking()).toBeNull();
    store.getState().changeParams({ block: 1 });
    await settle();
    expect(calls).toHaveLength(2);
  });

  it('comes before photographs that wait, and after the one that is looked at', async () => {
    const { store, last, queue, ask, reply } = await setUp();
    queue.hold(() => {
      queue.queue('photo-2');
      ask(0, 0);
    });
    expect(last().request).toMatchObject({
      sources: [{ id: 'photo-1' }],
      params: { patch: { row: 0, column: 0 } },
      upNext: { id: 'photo-2' },
    });
    await reply();
    expect(store.getState().photos['photo-2']?.state.status).toBe('done');
  });
});

it('names the register that has answered, at once where it had answered before', async () => {
  const { store, reply, calls } = await setUp();
  const said = () => store.getState().announcement.text;
  store.getState().setToken(1);
  await reply();
  expect(said()).toBe('Heads: Register 1');
  store.getState().setToken(0);
  expect(said()).toBe('Heads: CLS token');
  store.getState().setToken(1);
  expect(said()).toBe('Heads: Register 1');
  expect(calls).toHaveLength(1);
});

it('asks nothing that only draws differently', async () => {
  const { store, calls } = await setUp();
  store.getState().changeDrawing({ view: 1, mass: 30 });
  store.getState().changeShared({ opacityPercent: 20 });
  store.getState().resetDrawing();
  expect(store.getState().drawings.heads).toEqual(contractOf('heads').drawing.defaults);
  await settle();
  expect(calls).toHaveLength(0);
});

describe('a question about all photographs together', () => {
  /** Two photographs that were looked at, then colours of both together are asked. */
  async function setUpTogether() {
    const page = await setUp();
    const { store, last } = page;
    const { addPhotos, setLens, changeParams } = store.getState();
    page.queue.hold(() => {
      setLens('colours');
      changeParams({ together: true });
    });
    const ids = () => last().request.sources.map(({ id }) => id);
    const frame = frameOfGrid(6, 12);
    const looked = (name: string) => succeed({ passes: [passFacts(frame)], result: { name } });
    return {
      ...page,
      ids,
      /** @param failures of photographs that get no result */
      replyAll: async (failures: Readonly<Record<string, Failure>> = {}) => {
        const answers = ids().map((id) => (failures[id] === undefined ? looked(id) : fail(failures[id])));
        last().answer(succeed(answers));
        await settle();
      },
      /** The photograph that the result on view of this one is of. */
      shownOf: (id: string) => {
        const each = store.getState().photos[id] ?? expect.unreachable('it is gone');
        return shownOutcome(store.getState(), each)?.looked.result;
      },
      add: (name: string) => addPhotos([{ name, alt: null, credit: null, blob: new Blob() }], false),
      stateOf: (id: string) => store.getState().photos[id]?.state,
    };
  }

  it('is asked once, and each photograph gets its own answer', async () => {
    const { calls, ids, replyAll, shownOf, store } = await setUpTogether();
    expect(ids()).toEqual(['photo-1', 'photo-2']);
    await replyAll();
    expect(shownOf('photo-1')).toEqual({ name: 'photo-1' });
    expect(shownOf('photo-2')).toEqual({ name: 'photo-2' });
    store.getState().select('photo-2');
    await settle();
    expect(calls).toHaveLength(1);
    expect(store.getState().asking).toEqual({ own: null, against: null });
  });

  it('is asked again with a photograph that was added, whose first look it is', async () => {
    const { add, calls, ids, replyAll, shownOf, stateOf } = await setUpTogether();
    await replyAll();
    add('c');
    expect(ids()).toEqual(['photo-1', 'photo-2', 'photo-3']);
    expect(shownOf('photo-1')).toEqual({ name: 'photo-1' });
    await replyAll();
    expect(stateOf('photo-3')).toEqual({ status: 'done' });
    expect(shownOf('photo-3')).toEqual({ name: 'photo-3' });
    expect(calls).toHaveLength(2);
  });

  it('is asked again without a photograph that cannot be read, and without one that is removed', async () => {
    const { add, calls, ids, replyAll, stateOf, queue, store } = await setUpTogether();
    await replyAll();
    add('c');
    await replyAll({ 'photo-3': { code: 'not-an-image' } });
    expect(stateOf('photo-3')).toMatchObject({ status: 'failed', failure: { code: 'not-an-image' } });
    // The answer of before is of these two.
    expect(calls).toHaveLength(2);
    queue.hold(() => store.getState().removePhotos(['photo-2']));
    expect(ids()).toEqual(['photo-1']);
    await replyAll();
    expect(calls).toHaveLength(3);
  });

  it('leaves a photograph alone for which there is no room, and says so when it is looked at', async () => {
    const { calls, replyAll, shownOf, stateOf, store, asking } = await setUpTogether();
    await replyAll({ 'photo-2': { code: 'no-room-together' } });
    expect(stateOf('photo-2')).toEqual({ status: 'done' });
    expect(shownOf('photo-1')).toEqual({ name: 'photo-1' });
    expect(shownOf('photo-2')).toBeUndefined();
    expect(calls).toHaveLength(1);
    store.getState().select('photo-2');
    expect(calls).toHaveLength(2);
    await replyAll({ 'photo-2': { code: 'no-room-together' } });
    expect(asking()).toMatchObject({ status: 'failed', failure: { code: 'no-room-together' } });
    expect(calls).toHaveLength(2);
  });

  it('is asked again where there may be room: with another model', async () => {
    const { calls, ids, replyAll, store } = await setUpTogether();
    await replyAll({ 'photo-2': { code: 'no-room-together' } });
    store.getState().setUsedModel(usedModel('other'));
    await replyAll();
    store.getState().setUsedModel(usedModel('nano'));
    expect(calls).toHaveLength(3);
    expect(ids()).toContain('photo-2');
  });

  it('leaves the other side of a comparison alone while all are on the stage', async () => {
    const { calls, last, replyAll, store } = await setUpTogether();
    await replyAll();
    store.getState().setShowsAll(true);
    store.getState().setAgainst({ model: usedModel('twin'), look: null });
    expect(calls).toHaveLength(1);
    store.getState().setShowsAll(false);
    expect(last().request.models).toMatchObject([{ key: usedModel('twin').key }]);
  });
});

describe('a patch that is asked on another photograph than the one that is looked at', () => {
  async function setUpElsewhere() {
    const page = await setUp();
    const { store, queue, ask, calls } = page;
    queue.hold(() => {
      store.getState().setLens('similarity');
      store.getState().select('photo-2');
      ask(1, 1);
    });
    expect(calls.at(-1)?.request.sources.map(({ id }) => id)).toEqual(['photo-1', 'photo-2']);
    return page;
  }

  it('is let go of when it is cancelled', async () => {
    const { queue, photo, asking } = await setUpElsewhere();
    queue.cancel('photo-2');
    expect(photo().point).toBeNull();
    expect(asking()?.look.of ?? []).toEqual([]);
  });

  it('is let go of when it fails twice', async () => {
    const { last, photo } = await setUpElsewhere();
    for (const _ of [1, 2]) {
      last().answer(fail({ code: 'out-of-memory', tokens: 73 }));
      await settle();
    }
    expect(photo().point).toBeNull();
  });
});

it('notes that the models take turns where the one in use has to be brought back', async () => {
  const { store, calls, last, reply, ask } = await setUp();
  const takesTurns = (): boolean => store.getState().takesTurns;
  store.getState().setAgainst({ model: usedModel('twin'), look: null });
  expect(last().request.models).toMatchObject([{ key: usedModel('twin').key }]);
  // The other one may have to come back after an engine was lost.
  last().progress({ stage: 'check' });
  await reply();
  expect(takesTurns()).toBe(false);
  ask(1, 1);
  last().progress({ stage: 'decode' });
  expect(takesTurns()).toBe(false);
  expect(last().request.models).toMatchObject([{ key: usedModel('nano').key }]);
  last().progress({ stage: 'check' });
  expect(takesTurns()).toBe(true);
  await reply();
  expect(calls).toHaveLength(3);
  store.getState().setAgainst(null);
  expect(takesTurns()).toBe(false);
});

describe('each side of a comparison', () => {
  const failure = { code: 'out-of-memory', tokens: 73 } as const;
  const withBlock = (store: AppStore, block: number) => {
    const { params, drawings, setAgainst } = store.getState();
    const look = { lens: 'heads', params: { ...params.heads, block }, drawing: drawings.heads } as const;
    setAgainst({ model: null, look });
  };
  const failTwice = async ({ last }: Awaited<ReturnType<typeof setUp>>): Promise<void> => {
    for (const _ of [1, 2]) {
      last().answer(fail(failure));
      await settle();
    }
  };

  it('is given up by itself: what the other one asks does not repeat it', async () => {
    const page = await setUp();
    const { store, calls, reply } = page;
    withBlock(store, 1);
    await failTwice(page);
    expect(store.getState().asking).toMatchObject({ own: null, against: { status: 'failed', failure } });
    store.getState().changeParams({ block: 2 });
    expect(calls).toHaveLength(3);
    await reply();
    expect(calls).toHaveLength(3);
    expect(store.getState().asking).toMatchObject({ own: null, against: { status: 'failed', failure } });
    withBlock(store, 2);
    expect(store.getState().asking.against?.status).not.toBe('failed');
  });

  it('is asked also where the usual picture has failed, and both are asked again', async () => {
    const page = await setUp();
    const { store, calls, queue, reply } = page;
    store.getState().changeParams({ block: 2 });
    await failTwice(page);
    withBlock(store, 1);
    expect(calls).toHaveLength(3);
    await reply();
    expect(calls).toHaveLength(3);
    expect(store.getState().asking.own).toMatchObject({ status: 'failed', failure });
    queue.retryRequest();
    expect(calls).toHaveLength(4);
  });

  it('that waits for its grid is given up too', async () => {
    const page = await setUp();
    const { store, calls, ask, reply } = page;
    ask(1, 1);
    await reply();
    calls.length = 0;
    store.getState().setAgainst({ model: usedModel('twin'), look: null });
    await failTwice(page);
    expect(calls).toHaveLength(2);
    expect(store.getState().asking.against).toMatchObject({ status: 'failed', failure });
  });
});
