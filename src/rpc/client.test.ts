import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Failure } from '../core/failure.ts';
import { succeed } from '../core/result.ts';
import { createEngineClient, type EngineClient } from './engine-client.ts';
import type { EngineContract } from './engine-contract.ts';
import type { FromWorker as From, ToWorker as To } from './messages.ts';

type FromWorker = From<EngineContract>;
type ToWorker = To<EngineContract>;

/** A worker whose messages the test reads and writes. */
class FakeWorker extends EventTarget {
  onmessage = null;
  onmessageerror = null;
  onerror = null;
  readonly received: ToWorker[] = [];
  isTerminated = false;

  postMessage(message: ToWorker): void {
    this.received.push(message);
  }
  terminate(): void {
    this.isTerminated = true;
  }
  say(message: FromWorker): void {
    this.dispatchEvent(new MessageEvent('message', { data: message }));
  }
  get last(): ToWorker {
    return this.received.at(-1) ?? expect.unreachable('nothing was sent');
  }
}

type Look = EngineContract['look'];

const looked = (tokens: number): Look['result'] => [
  succeed({
    passes: [
      {
        frame: {
          rows: 1,
          columns: 1,
          box: { top: 0, left: 0, height: 8, width: 8 },
          photoSizePx: { height: 8, width: 8 },
          inputSizePx: { height: 8, width: 8 },
        },
        tokens,
        timings: { decodeMs: 1, prepareMs: 1, forwardMs: 1 },
        notices: [],
      },
    ],
    result: { maps: Float32Array.of(1) },
  }),
];

const lookRequest: Look['request'] = {
  lens: 'heads',
  params: {},
  sources: [{ id: 'a', photo: new Blob(['a photograph']) }],
  models: [{ key: 'nano', reference: { kind: 'tfjs', url: 'models/nano/model.json' } }],
  framing: { shape: 'photograph', sidePx: 224 },
  upNext: null,
};
const trainRequest: EngineContract['train']['request'] = {
  kind: 'resume',
  id: 'run-1',
  crops: false,
};
const decodeRequest: EngineContract['decode']['request'] = {
  id: 'photo-1',
  photo: new Blob(),
  maxSidePx: 100,
};

let workers: FakeWorker[];
let client: EngineClient;
let losses: Failure[];
let isGone: ReturnType<typeof vi.fn<() => Promise<boolean>>>;

const worker = (): FakeWorker => workers.at(-1) ?? expect.unreachable('no worker');
const done = (id: number, tokens: number): FromWorker => ({
  kind: 'done',
  id,
  method: 'look',
  result: looked(tokens),
});
const cancelled = { ok: false, error: { code: 'cancelled' } };
const lost: Failure = { code: 'device-lost', message: 'for a test' };

beforeEach(() => {
  workers = [];
  losses = [];
  isGone = vi.fn<() => Promise<boolean>>(() => Promise.resolve(true));
  client = createEngineClient({
    start: () => {
      const spawned = new FakeWorker();
      workers.push(spawned);
      return spawned;
    },
    isGone,
  });
  client.onGone((failure) => losses.push(failure));
});

describe('a call', () => {
  test('goes to the worker with its request and an id of its own', () => {
    void client.call('look', lookRequest);
    void client.call('decode', decodeRequest);
    const [first, second] = worker().received;
    expect(first).toMatchObject({ kind: 'call', method: 'look', request: lookRequest });
    expect(second).toMatchObject({ kind: 'call', method: 'decode', request: decodeRequest });
    expect(first?.id).not.toBe(second?.id);
  });

  test('gets the answer with its id, in whatever order the answers come', async () => {
    const first = client.call('look', lookRequest);
    const second = client.call('look', lookRequest);
    const [one, two] = worker().received.map(({ id }) => id);
    worker().say(done(two ?? 0, 22));
    worker().say(done(one ?? 0, 11));
    expect(await first).toMatchObject({ ok: true, value: [{ value: { passes: [{ tokens: 11 }] } }] });
    expect(await second).toMatchObject({ ok: true, value: [{ value: { passes: [{ tokens: 22 }] } }] });
  });

  test('gets its own failure, and the others go on', async () => {
    const first = client.call('look', lookRequest);
    const second = client.call('look', lookRequest);
    const [one, two] = worker().received.map(({ id }) => id);
    worker().say({ kind: 'failed', id: one ?? 0, failure: { code: 'not-an-image' } });
    worker().say(done(two ?? 0, 22));
    expect(await first).toEqual({ ok: false, error: { code: 'not-an-image' } });
    expect(await second).toMatchObject({ ok: true });
    expect(losses).toEqual([]);
  });

  test('hears of its own progress until it ends', async () => {
    const heard: unknown[] = [];
    const call = client.call('look', lookRequest, { onProgress: (progress) => heard.push(progress) });
    const { id } = worker().last;
    const other = client.call('look', lookRequest);
    const progress = { stage: 'forward', blocksDone: 1, depth: 2 } as const;
    worker().say({ kind: 'progress', id: worker().last.id, method: 'look', progress: { stage: 'decode' } });
    worker().say({ kind: 'progress', id, method: 'look', progress });
    worker().say(done(id, 1));
    await call;
    worker().say({ kind: 'progress', id, method: 'look', progress: { stage: 'prepare' } });
    expect(heard).toEqual([progress]);
    worker().say(done(worker().last.id, 2));
    await other;
  });
});

describe('a cancelled call', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test('ends at once, and the worker is told', async () => {
    const controller = new AbortController();
    const call = client.call('look', lookRequest, { signal: controller.signal });
    const { id } = worker().last;
    controller.abort();
    expect(await call).toEqual(cancelled);
    expect(worker().last).toEqual({ kind: 'cancel', id });
  });

  test.each<[string, (id: number) => FromWorker, unknown]>([
    ['failed', (id) => ({ kind: 'failed', id, failure: { code: 'cancelled' } }), cancelled],
    ['done', (id) => done(id, 3), { ok: true, value: [{ value: { passes: [{ tokens: 3 }] } }] }],
  ])('that awaits the worker ends with what became of it: %s', async (_, answer, outcome) => {
    const controller = new AbortController();
    const settled = vi.fn<() => void>();
    const call = client.call('look', lookRequest, { signal: controller.signal, awaitsWorker: true });
    void call.finally(settled);
    const { id } = worker().last;
    controller.abort();
    expect(worker().last).toEqual({ kind: 'cancel', id });
    await vi.advanceTimersByTimeAsync(5000);
    expect(settled).not.toHaveBeenCalled();
    worker().say(answer(id));
    expect(await call).toMatchObject(outcome as object);
    vi.advanceTimersByTime(60_000);
    expect(losses).toEqual([]);
  });

  test('is not sent at all where its signal was aborted before', async () => {
    expect(await client.call('look', lookRequest, { signal: AbortSignal.abort() })).toEqual(cancelled);
    expect(worker().received).toEqual([]);
  });

  test('that had ended is left alone', async () => {
    const controller = new AbortController();
    const call = client.call('look', lookRequest, { signal: controller.signal });
    worker().say(done(worker().last.id, 5));
    expect(await call).toMatchObject({ ok: true });
    controller.abort();
    expect(worker().received.map(({ kind }) => kind)).toEqual(['call']);
    vi.advanceTimersByTime(60_000);
    expect(losses).toEqual([]);
  });

  test('hears of no more progress', () => {
    const controller = new AbortController();
    const onProgress = vi.fn<() => void>();
    void client.call('look', lookRequest, { signal: controller.signal, onProgress });
    const { id } = worker().last;
    controller.abort();
    worker().say({ kind: 'progress', id, method: 'look', progress: { stage: 'prepare' } });
    expect(onProgress).not.toHaveBeenCalled();
  });

  test('has its late picture closed, since nobody else could', async () => {
    const controller = new AbortController();
    const call = client.call('decode', decodeRequest, { signal: controller.signal });
    const { id } = worker().last;
    controller.abort();
    await call;
    const bitmap = { height: 1, width: 1, close: vi.fn<() => void>() };
    const result = { bitmap, photoSizePx: { height: 1, width: 1 }, notices: [] };
    worker().say({ kind: 'done', id, method: 'decode', result });
    expect(bitmap.close).toHaveBeenCalledOnce();
  });

  test('leaves the picture of a call that is waited for open', async () => {
    const call = client.call('decode', decodeRequest);
    const bitmap = { height: 1, width: 1, close: vi.fn<() => void>() };
    const result = { bitmap, photoSizePx: { height: 1, width: 1 }, notices: [] };
    worker().say({ kind: 'done', id: worker().last.id, method: 'decode', result });
    expect(await call).toMatchObject({ ok: true });
    expect(bitmap.close).not.toHaveBeenCalled();
  });

  test('that the worker does not let go of within ten seconds loses the worker', async () => {
    const controller = new AbortController();
    void client.call('look', lookRequest, { signal: controller.signal });
    const waiting = client.call('look', lookRequest);
    controller.abort();
    vi.advanceTimersByTime(9_999);
    expect(losses).toEqual([]);
    vi.advanceTimersByTime(1);
    const failure = { code: 'worker-stuck' };
    expect(losses).toEqual([failure]);
    expect(worker().isTerminated).toBe(true);
    expect(await waiting).toEqual({ ok: false, error: failure });
  });

  test.each<[string, (id: number) => FromWorker]>([
    ['cancelled', (id) => ({ kind: 'failed', id, failure: { code: 'cancelled' } })],
    ['done', (id) => done(id, 3)],
  ])('that the worker reports as %s in time loses nothing', (_, answer) => {
    const controller = new AbortController();
    void client.call('look', lookRequest, { signal: controller.signal });
    const { id } = worker().last;
    controller.abort();
    worker().say(answer(id));
    vi.advanceTimersByTime(60_000);
    expect(losses).toEqual([]);
  });

  test('loses no worker that is in the midst of a long training step, but one that is stuck after the run', () => {
    const controller = new AbortController();
    const run = client.call('train', trainRequest, { keepsWorkerBusy: true });
    const { id } = worker().last;
    void client.call('look', lookRequest, { signal: controller.signal });
    controller.abort();
    vi.advanceTimersByTime(60_000);
    expect(losses).toEqual([]);
    worker().say({ kind: 'failed', id, failure: { code: 'run-busy' } });
    vi.advanceTimersByTime(10_000);
    expect(losses).toEqual([{ code: 'worker-stuck' }]);
    return run;
  });

  test('of a worker that was replaced is not waited for', () => {
    const controller = new AbortController();
    void client.call('look', lookRequest, { signal: controller.signal });
    controller.abort();
    client.restart();
    vi.advanceTimersByTime(60_000);
    expect(losses).toEqual([]);
    expect(worker().isTerminated).toBe(false);
  });
});

describe('a worker that is lost', () => {
  test('by its own word fails every open call, and tells each listener once', async () => {
    const another = vi.fn<(failure: Failure) => void>();
    client.onGone(another);
    const calls = [client.call('look', lookRequest), client.call('decode', decodeRequest)];
    worker().say({ kind: 'gone', failure: lost });
    worker().say({ kind: 'gone', failure: lost });
    for (const call of calls) expect(await call).toEqual({ ok: false, error: lost });
    expect(losses).toEqual([lost]);
    expect(another.mock.calls).toEqual([[lost]]);
    expect(worker().isTerminated).toBe(true);
  });

  test.each([
    ['an error', Object.assign(new Event('error'), { message: 'x is not defined' }), 'x is not defined'],
    ['an answer that cannot be read', new Event('messageerror'), 'an answer could not be read'],
  ])('by %s is a crash', async (_, event, message) => {
    const call = client.call('look', lookRequest);
    worker().dispatchEvent(event);
    const failure = { code: 'worker-crashed', message };
    expect(await call).toEqual({ ok: false, error: failure });
    expect(losses).toEqual([failure]);
  });

  test.each([true, false])('since its script did not load says whether it is gone: %s', async (gone) => {
    isGone.mockResolvedValue(gone);
    const call = client.call('look', lookRequest);
    worker().dispatchEvent(new Event('error'));
    const failure = { code: 'script-missing', isGone: gone };
    expect(await call).toEqual({ ok: false, error: failure });
    expect(losses).toEqual([failure]);
    // Nobody starts it again by itself, and each later call says why.
    expect(workers).toHaveLength(1);
    expect(await client.call('look', lookRequest)).toEqual({ ok: false, error: failure });
  });

  test('after it has spoken has crashed: its script was there', async () => {
    const call = client.call('look', lookRequest);
    const { id } = worker().last;
    worker().say({ kind: 'progress', id, method: 'look', progress: { stage: 'decode' } });
    worker().dispatchEvent(new Event('error'));
    expect(await call).toMatchObject({ ok: false, error: { code: 'worker-crashed' } });
    expect(isGone).not.toHaveBeenCalled();
  });

  test('that was replaced while the host was asked for its script is lost no more', async () => {
    let answer: (isGone: boolean) => void = () => {};
    isGone.mockReturnValue(new Promise((resolve) => (answer = resolve)));
    worker().dispatchEvent(new Event('error'));
    client.restart();
    answer(true);
    await Promise.resolve();
    expect(losses).toEqual([]);
    expect(worker().isTerminated).toBe(false);
  });

  test('takes no more calls until it is replaced', async () => {
    worker().say({ kind: 'gone', failure: lost });
    expect(await client.call('look', lookRequest)).toEqual({ ok: false, error: lost });
    expect(worker().received).toEqual([]);
    client.restart();
    expect(workers).toHaveLength(2);
    const call = client.call('look', lookRequest);
    worker().say(done(worker().last.id, 9));
    expect(await call).toMatchObject({ ok: true, value: [{ value: { passes: [{ tokens: 9 }] } }] });
  });

  test('may be replaced by its listener, who is told of the next loss too', () => {
    client.onGone(() => client.restart());
    worker().say({ kind: 'gone', failure: lost });
    worker().say({ kind: 'gone', failure: { ...lost, message: 'again' } });
    expect(workers).toHaveLength(3);
    expect(losses.map((failure) => 'message' in failure && failure.message)).toEqual(['for a test', 'again']);
  });

  test('is not told to who no longer listens', () => {
    const listener = vi.fn<() => void>();
    client.onGone(listener)();
    worker().say({ kind: 'gone', failure: lost });
    expect(listener).not.toHaveBeenCalled();
  });
});

describe('a restart', () => {
  test('ends open calls as cancelled and tells nobody of a loss', async () => {
    const call = client.call('look', lookRequest);
    const [old] = workers;
    client.restart();
    expect(await call).toEqual(cancelled);
    expect(old?.isTerminated).toBe(true);
    expect(losses).toEqual([]);
  });

  test('leaves what the old worker still says unheard', async () => {
    const [old] = workers;
    void client.call('look', lookRequest);
    client.restart();
    const call = client.call('look', lookRequest);
    const { id } = worker().last;
    old?.say(done(id, 666));
    old?.say({ kind: 'gone', failure: lost });
    old?.dispatchEvent(new Event('error'));
    worker().say(done(id, 7));
    expect(await call).toMatchObject({ ok: true, value: [{ value: { passes: [{ tokens: 7 }] } }] });
    expect(losses).toEqual([]);
  });
});

test('a terminated client ends its calls and takes no more', async () => {
  const call = client.call('look', lookRequest);
  client.terminate();
  expect(await call).toEqual(cancelled);
  expect(worker().isTerminated).toBe(true);
  expect(await client.call('look', lookRequest)).toMatchObject({ ok: false });
  expect(losses).toEqual([]);
});
