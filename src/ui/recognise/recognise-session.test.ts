import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Failure } from '../../core/failure.ts';
import { fail, type Result, succeed } from '../../core/result.ts';
import type { EngineClient } from '../../rpc/engine-client.ts';
import type {
  CollectionItem,
  GatherProgress,
  RecogniseContract,
  StoredCollection,
} from '../../rpc/recognise-contract.ts';
import { someBackend, someModel } from '../../testing/looks.ts';
import { createAppStore } from '../state/app-store.ts';
import { chosenModel } from '../state/model-choice.ts';
import type { NewPhoto } from '../state/photo.ts';
import { parseSettings } from '../state/settings.ts';
import { rememberCollection } from './last-collection.ts';
import { createRecogniseSession } from './recognise-session.ts';
import { createRecogniseStore, neighboursToAsk, type Votes } from './recognise-state.ts';

type Outcome = Result<unknown, Failure>;

interface OpenCall {
  readonly method: string;
  readonly request: unknown;
  readonly signal: AbortSignal | undefined;
  answer(outcome: Outcome): Promise<void>;
  tell(progress: unknown): void;
}

const model = chosenModel({ kind: 'served', id: 'nano' }, { kind: 'tfjs', url: 'models/nano/model.json' });
const settings = { block: 4, framing: 'official', sidePx: 224 } as const;

const kept = (facts: Partial<StoredCollection> = {}): StoredCollection => ({
  id: 'c1',
  title: 'mugs, pots',
  modelKey: model.key,
  modelTitle: 'nano',
  settings,
  savedAt: '2026-11-29T02:00:00.000Z',
  byteLength: 1000,
  items: 4,
  failed: 0,
  classNames: ['mugs', 'pots'],
  ...facts,
});

const item = (index: number, className: string | null, failure: Failure | null = null): CollectionItem => ({
  index,
  path: `${className ?? 'other'}/${index}.jpg`,
  byteLength: 10,
  lastModified,
  name: `${index}.jpg`,
  className,
  failure,
});

/** Each item is voted into the class with this index, surely. */
const votesOf = (...predicted: readonly number[]): Votes => ({
  classNames: ['mugs', 'pots'],
  predictions: Int32Array.from(predicted),
  shares: Float32Array.from(predicted.flatMap((at) => [at === 0 ? 1 : 0, at === 1 ? 1 : 0])),
  neighbours: {
    k: 1,
    items: Int32Array.from(predicted, () => -1),
    cosines: new Float32Array(predicted.length),
  },
  accuracy: 0.5,
  confusion: Uint32Array.of(1, 1, 0, 1),
  elapsedMs: 1,
});

/** ms since 1970 */
const lastModified = 1_000_000;

const photograph = (path: string): File => {
  const file = new File([path], path.split('/').at(-1) ?? path, { lastModified });
  Object.defineProperty(file, 'path', { value: `/${path}` });
  return file;
};

/** @param used null: the page has just been opened */
function setUp(used: typeof model | null = model) {
  const calls: OpenCall[] = [];
  const client = {
    call: (
      method: string,
      request: unknown,
      options: { signal?: AbortSignal; onProgress?(p: unknown): void } = {},
    ) =>
      new Promise<Outcome>((resolve) => {
        const answer = async (outcome: Outcome): Promise<void> => {
          calls.splice(calls.indexOf(call), 1);
          resolve(outcome);
          await settled();
        };
        const call: OpenCall = {
          method,
          request,
          signal: options.signal,
          answer,
          tell: (progress) => options.onProgress?.(progress),
        };
        calls.push(call);
      }),
  } as unknown as EngineClient;
  const app = createAppStore(parseSettings(null), { shape: 'photograph', sidePx: 64 });
  if (used !== null) {
    app.getState().setUsedModel({ ...used, description: someModel });
    app.getState().setEngine({ status: 'ready', backend: someBackend });
  }
  const added: NewPhoto[] = [];
  const viewer = { add: (photos: readonly NewPhoto[]) => void added.push(...photos) };
  const session = createRecogniseSession(client, app, viewer, createRecogniseStore());
  const state = () => session.store.getState();
  const find = (method: keyof RecogniseContract): OpenCall => {
    const call = calls.find((each) => each.method === method);
    if (call === undefined)
      expect.unreachable(`${method} was not called; open: ${calls.map((c) => c.method).join()}`);
    return call;
  };
  /** Opens a collection of two mugs, one pot and one without a class; the second mug is taken for a pot. */
  const openFour = async (): Promise<void> => {
    void session.openCollection('c1');
    await find('openCollection').answer(
      succeed({
        collection: kept(),
        items: [item(0, 'mugs'), item(1, 'mugs'), item(2, 'pots'), item(3, null)],
        thumbnails: new Blob([]),
        thumbnailEnds: new Uint32Array(4),
      }),
    );
    await find('vote').answer(succeed(votesOf(0, 1, 1, 0)));
  };
  return { app, session, state, find, calls, added, openFour };
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 12; turn++) await Promise.resolve();
};

beforeEach(() => {
  const stored = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  });
  vi.stubGlobal('navigator', {});
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('an opened collection is voted on; the wrong one comes first, then the one without a class', async () => {
  const { state, openFour } = setUp();
  await openFour();
  expect(state().votes).toMatchObject({ status: 'done', value: { accuracy: 0.5 } });
  expect(state().arranged).toEqual([1, 3, 0, 2]);
});

test('k follows the smallest class, so that no class outvotes its own, and the person may set it', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  expect(neighboursToAsk(state())).toBe(1);
  session.setNeighbours(7);
  expect(find('vote').request).toEqual({ id: 'c1', feature: 'cls', k: 7 });
});

test('a vote that was replaced by another one is stopped, and its answer is not shown', async () => {
  const { session, state, find, calls, openFour } = setUp();
  await openFour();
  session.setFeature('mean');
  const first = find('vote');
  session.setFeature('both');
  expect(first.signal?.aborted).toBe(true);
  await first.answer(succeed(votesOf(1, 1, 1, 1)));
  expect(state().votes).toMatchObject({ status: 'asking', value: { accuracy: 0.5 } });
  expect(calls.map(({ request }) => request)).toEqual([{ id: 'c1', feature: 'both', k: 1 }]);
});

test('a photograph that is given to a class is there at once, and everybody is asked again; nothing moves', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  session.selectItem(3, 'one');
  session.teach('pots');
  expect(state().open?.items[3]?.className).toBe('pots');
  await settled();
  expect(find('setClasses').request).toEqual({ id: 'c1', changes: [{ index: 3, className: 'pots' }] });
  await find('setClasses').answer(succeed({ collection: kept() }));
  await find('vote').answer(succeed(votesOf(1, 1, 0, 1)));
  expect(state().arranged).toEqual([1, 3, 0, 2]);

  session.undoTeaching();
  expect(state().open?.items[3]?.className).toBeNull();
  await settled();
  expect(find('setClasses').request).toEqual({ id: 'c1', changes: [{ index: 3, className: null }] });
});

test('a new class comes last, so that the others keep their keys; one that is empty stays', async () => {
  const { session, state, openFour } = setUp();
  await openFour();
  session.addClass('bowls');
  session.selectItem(0, 'one');
  session.selectItem(1, 'range');
  session.teach('apples');
  expect(state().open?.classNames).toEqual(['mugs', 'pots', 'bowls', 'apples']);
  expect(state().selected).toEqual(new Set([0, 1, 3]));
  expect(state().open?.items.map(({ className }) => className)).toEqual([
    'apples',
    'apples',
    'pots',
    'apples',
  ]);
});

test('changes of classes reach the worker in their order', async () => {
  const { session, find, calls, openFour } = setUp();
  await openFour();
  session.teach('pots', [0]);
  session.teach('mugs', [0]);
  await settled();
  expect(calls.filter(({ method }) => method === 'setClasses')).toHaveLength(1);
  await find('setClasses').answer(succeed({ collection: kept() }));
  // It is kept before the votes are there, and they are not stopped by it.
  expect(find('setClasses').request).toEqual({ id: 'c1', changes: [{ index: 0, className: 'mugs' }] });
  const first = find('vote');
  await find('setClasses').answer(succeed({ collection: kept() }));
  expect(first.signal?.aborted).toBe(false);
  await first.answer(succeed(votesOf(0, 1, 1, 0)));
  expect(calls.map(({ method }) => method)).toEqual(['vote']);
});

test('photographs come in: shown as they come, the bad ones named, then all are voted on', async () => {
  vi.useFakeTimers();
  const { session, state, find } = setUp();
  void session.gatherFiles([
    photograph('mugs/a.jpg'),
    photograph('pots/b.jpg'),
    photograph('pots/notes.txt'),
  ]);
  const gather = find('gatherFeatures');
  expect(gather.request).toMatchObject({
    into: { kind: 'new', title: 'mugs, pots', settings: { framing: 'official', block: someModel.depth } },
    model: { key: model.key },
    photographs: [
      { path: 'mugs/a.jpg', className: 'mugs' },
      { path: 'pots/b.jpg', className: 'pots' },
      { path: 'pots/notes.txt', className: 'pots' },
    ],
  });
  gather.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const notImage: Failure = { code: 'not-an-image' };
  gather.tell({
    stage: 'photographs',
    done: 3,
    total: 3,
    known: 0,
    failed: 1,
    perSecond: 4,
    added: [0, 1].map((at) => ({ item: item(at, at === 0 ? 'mugs' : 'pots'), thumbnail: new Blob(['x']) })),
  } satisfies GatherProgress);
  expect(state().open?.items).toEqual([]);
  vi.advanceTimersByTime(300);
  expect(state().gathering?.progress).toMatchObject({ done: 3, failed: 1, perSecond: 4 });
  expect(state().arranged).toEqual([0, 1]);
  gather.tell({
    stage: 'photographs',
    done: 3,
    total: 3,
    known: 0,
    failed: 1,
    perSecond: 4,
    added: [{ item: item(2, 'pots', notImage), thumbnail: null }],
  } satisfies GatherProgress);
  await gather.answer(succeed({ how: 'finished', collection: kept({ items: 3, failed: 1 }) }));
  expect(state()).toMatchObject({ gathering: null, open: { kept: { items: 3 } } });
  expect(state().open?.items[2]?.failure).toEqual(notImage);
  // Of what could not be read there is nothing to show.
  expect(state().arranged).toEqual([0, 1]);
  expect(find('vote').request).toMatchObject({ id: 'c1' });
});

test('after a lost engine it goes on in the same collection as soon as there is another one', async () => {
  const { session, state, find, app } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  find('gatherFeatures').tell({ stage: 'begun', collection: kept() } satisfies GatherProgress);
  const lost: Failure = { code: 'device-lost', message: '' };
  app.getState().setEngine({ status: 'starting', progress: null, recoversFrom: lost });
  await find('gatherFeatures').answer(fail(lost));
  expect(state().gathering).toMatchObject({ waitsForEngine: true });
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  await settled();
  expect(find('gatherFeatures').request).toMatchObject({ into: { kind: 'kept', id: 'c1' } });
  expect(state().gathering).toMatchObject({ waitsForEngine: false });
});

test('an engine that is lost again and again without a further photograph ends it, with the reason', async () => {
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  const lost: Failure = { code: 'device-lost', message: '' };
  for (let attempt = 0; attempt < 3; attempt++) await find('gatherFeatures').answer(fail(lost));
  await settled();
  expect(state()).toMatchObject({ gathering: null, failure: lost });
});

test('cancelled: what has come stays, and is voted on', async () => {
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg'), photograph('mugs/b.jpg')]);
  const gather = find('gatherFeatures');
  gather.tell({ stage: 'begun', collection: kept() } satisfies GatherProgress);
  session.cancelGathering();
  expect(gather.signal?.aborted).toBe(true);
  await gather.answer(succeed({ how: 'cancelled', collection: kept({ items: 0 }) }));
  expect(state()).toMatchObject({ gathering: null, failure: null, open: { kept: { items: 0 } } });
  expect(find('vote')).toBeDefined();
});

test('photographs are not mixed with those of another model', async () => {
  const { session, app, calls, openFour } = setUp();
  await openFour();
  const other = chosenModel({ kind: 'served', id: 'other' }, { kind: 'tfjs', url: 'x' });
  app.getState().setUsedModel({ ...other, description: someModel });
  await session.gatherFiles([photograph('mugs/a.jpg')]);
  expect(calls).toEqual([]);
  expect(app.getState().messages.at(-1)?.text).toMatch(/was computed by nano/);
});

test('only what is at hand can be opened in the viewer', async () => {
  const { session, state, find, added, app, openFour } = setUp();
  await openFour();
  session.selectItem(0, 'one');
  session.openInViewer();
  expect(added).toEqual([]);
  // Another photograph of that name, as phones give one to all.
  const other = new File(['something else'], '0.jpg', { lastModified });
  Object.defineProperty(other, 'path', { value: '/mugs/0.jpg' });
  void session.gatherFiles([photograph('mugs/0.jpg'), other]);
  await find('gatherFeatures').answer(succeed({ how: 'finished', collection: kept() }));
  expect(await state().open?.files.of(state().open?.items[0])?.text()).toBe('mugs/0.jpg');
  session.openInViewer();
  expect(added.map(({ name }) => name)).toEqual(['0.jpg']);
  expect(app.getState().screen).toBe('viewer');
});

test('the next visit opens the last collection, and tells what had not come yet', async () => {
  rememberCollection({ id: 'c1', wanted: 9 });
  const { session, state, find } = setUp();
  void session.begin();
  await find('listCollections').answer(succeed({ collections: [kept()], unreadable: [], notKept: null }));
  await find('openCollection').answer(
    succeed({
      collection: kept(),
      items: [item(0, 'mugs')],
      thumbnails: new Blob([]),
      thumbnailEnds: new Uint32Array(1),
    }),
  );
  await find('vote').answer(succeed(votesOf(0)));
  expect(state()).toMatchObject({ wanted: 9, open: { kept: { id: 'c1' } } });
});

test('votes wait for the engine, and are asked again after it was lost', async () => {
  const { session, state, find, calls, app } = setUp();
  app.getState().setEngine({ status: 'starting', progress: null, recoversFrom: null });
  void session.openCollection('c1');
  await find('openCollection').answer(
    succeed({
      collection: kept(),
      items: [item(0, 'mugs')],
      thumbnails: new Blob([]),
      thumbnailEnds: new Uint32Array(1),
    }),
  );
  expect(calls).toEqual([]);
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  app.getState().setEngine({ status: 'starting', progress: null, recoversFrom: null });
  await find('vote').answer(fail({ code: 'device-lost', message: '' }));
  expect(state().votes.status).toBe('failed');
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  await find('vote').answer(succeed(votesOf(0)));
  expect(state().votes.status).toBe('done');
});

test('a cell of the confusion matrix shows its photographs, a class its own', async () => {
  const { session, state, openFour } = setUp();
  await openFour();
  session.setFilter({ kind: 'cell', className: 'mugs', voted: 'pots' });
  expect(state().arranged).toEqual([1]);
  session.setFilter({ kind: 'class', className: null });
  expect(state().arranged).toEqual([3]);
  session.setFilter({ kind: 'picked', indices: [2, 0], words: '' });
  expect(state().arranged).toEqual([2, 0]);
  session.setTab('map');
  expect(state().arranged).toHaveLength(4);
  session.setOrder('class');
  expect(state().arranged).toEqual([3, 0, 1, 2]);
  session.setOrder('added');
  expect(state().arranged).toEqual([0, 1, 2, 3]);
});

test('arrow keys move in the shown order, and stop at its ends', async () => {
  const { session, state, openFour } = setUp();
  await openFour();
  session.moveBy(1, 'one');
  expect(state().cursor).toBe(1);
  session.moveBy(-1, 'one');
  expect(state().cursor).toBe(1);
  session.moveBy(2, 'range');
  expect(state().selected).toEqual(new Set([0, 1, 3]));
  session.moveBy(99, 'one');
  expect(state().cursor).toBe(2);
});

test('while photographs come, those that are there are voted on now and then, and can be taught', async () => {
  vi.useFakeTimers();
  const { session, state, find, calls } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg'), photograph('pots/b.jpg')]);
  const gather = find('gatherFeatures');
  gather.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const tellOne = (index: number): void =>
    gather.tell({
      stage: 'photographs',
      done: index + 1,
      total: 9,
      known: 0,
      failed: 0,
      perSecond: 1,
      added: [{ item: item(index, 'mugs'), thumbnail: null }],
    } satisfies GatherProgress);
  tellOne(0);
  vi.advanceTimersByTime(300);
  expect(calls.map(({ method }) => method)).toEqual(['gatherFeatures']);
  vi.advanceTimersByTime(4000);
  tellOne(1);
  vi.advanceTimersByTime(300);
  await find('vote').answer(succeed(votesOf(0, 1)));
  expect(state().votes).toMatchObject({ status: 'done' });
  session.teach('pots', [1]);
  expect(state().open?.items[1]?.className).toBe('pots');
  await settled();
  expect(find('setClasses').request).toEqual({ id: 'c1', changes: [{ index: 1, className: 'pots' }] });
});

test('many photographs are sent a few hundred after the other, and counted together', async () => {
  vi.useFakeTimers();
  const { session, state, find } = setUp();
  const files = Array.from({ length: 250 }, (_, at) => photograph(`mugs/${String(at).padStart(3, '0')}.jpg`));
  void session.gatherFiles(files);
  const first = find('gatherFeatures');
  expect((first.request as { photographs: unknown[] }).photographs).toHaveLength(200);
  first.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const tell = (call: OpenCall, done: number, failed: number, perSecond: number | null): void => {
    call.tell({
      stage: 'photographs',
      done,
      total: 200,
      known: 1,
      failed,
      perSecond,
      added: [],
    } satisfies GatherProgress);
    vi.advanceTimersByTime(300);
  };
  tell(first, 200, 3, 20);
  await first.answer(succeed({ how: 'finished', collection: kept() }));
  const second = find('gatherFeatures');
  expect(second.request).toMatchObject({ into: { kind: 'kept', id: 'c1' } });
  expect((second.request as { photographs: unknown[] }).photographs).toHaveLength(50);
  tell(second, 10, 1, null);
  expect(state().gathering?.progress).toEqual({
    stage: 'photographs',
    done: 210,
    total: 250,
    known: 2,
    failed: 4,
    perSecond: 20,
  });
  await second.answer(succeed({ how: 'cancelled', collection: kept() }));
  expect(state().gathering).toBeNull();
});

test('a title that was made of the classes follows them; one that the person gave stays', async () => {
  const { session, find, calls, openFour } = setUp();
  await openFour();
  const add = async (path: string, added: CollectionItem, title: string): Promise<void> => {
    void session.gatherFiles([photograph(path)]);
    const gather = find('gatherFeatures');
    gather.tell({ stage: 'begun', collection: kept({ title }) } satisfies GatherProgress);
    gather.tell({
      stage: 'photographs',
      done: 1,
      total: 1,
      known: 0,
      failed: 0,
      perSecond: null,
      added: [{ item: added, thumbnail: null }],
    } satisfies GatherProgress);
    await gather.answer(succeed({ how: 'finished', collection: kept({ title }) }));
    await find('vote').answer(succeed(votesOf(0, 1, 1, 0, 0)));
    await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  };
  await add('bowls/5.jpg', item(4, 'bowls'), 'mugs, pots');
  expect(find('renameCollection').request).toEqual({ id: 'c1', title: 'bowls, mugs, pots' });
  await find('renameCollection').answer(succeed({ collection: kept({ title: 'My kitchen' }) }));
  await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  await add('jars/6.jpg', item(5, 'jars'), 'My kitchen');
  expect(calls).toEqual([]);
});

test('what is dropped while the page starts waits for the model', async () => {
  const { session, state, find, calls, app } = setUp(null);
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await settled();
  expect(calls).toEqual([]);
  expect(state().gathering).toMatchObject({ waitsForEngine: true });
  app.getState().setUsedModel({ ...model, description: someModel });
  app.getState().setEngine({ status: 'ready', backend: someBackend });
  await settled();
  expect(find('gatherFeatures').request).toMatchObject({ model: { key: model.key } });
});

test('what was asked about one collection is not shown of another one', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  void session.trainProbe();
  void session.findLookAlikes();
  const asked = [find('trainProbe'), find('lookAlikes')];
  void session.openCollection('c2');
  await find('openCollection').answer(
    succeed({
      collection: kept({ id: 'c2' }),
      items: [item(0, 'mugs')],
      thumbnails: new Blob([]),
      thumbnailEnds: new Uint32Array(1),
    }),
  );
  for (const call of asked) {
    expect(call.signal?.aborted).toBe(true);
    await call.answer(succeed({ ...votesOf(0, 1, 1, 0), groups: [], nearest: null, threshold: 1 }));
  }
  expect(state()).toMatchObject({ probe: { status: 'idle' }, lookAlikes: { status: 'idle' } });
});

test('while photographs are taken out, indices mean nothing: none is taken out or given to a class', async () => {
  const { session, state, find, calls, app, openFour } = setUp();
  await openFour();
  void session.removeItems([0]);
  void session.removeItems([0]);
  session.teach('pots', [1]);
  await settled();
  expect(calls.map(({ method }) => method)).toEqual(['removeItems']);
  expect(state().open?.items[1]?.className).toBe('mugs');
  expect(app.getState().messages.at(-1)?.text).toMatch(/are being taken out/);
  await find('removeItems').answer(fail({ code: 'collection-busy' }));
  session.teach('pots', [1]);
  expect(state().open?.items[1]?.className).toBe('pots');
});

test('a class that could not be kept is not shown as if it were', async () => {
  const { session, state, find, openFour } = setUp();
  await openFour();
  session.teach('pots', [0, 3]);
  await settled();
  session.teach('mugs', [0]);
  await find('setClasses').answer(fail({ code: 'collection-busy' }));
  expect(state().failure).toEqual({ code: 'collection-busy' });
  expect(state().open?.items.map(({ className }) => className)).toEqual(['mugs', 'mugs', 'pots', null]);
});

test('what is dropped while the votes on the first photographs are counted is taken in, and can be cancelled', async () => {
  vi.useFakeTimers();
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  find('gatherFeatures').tell({ stage: 'begun', collection: kept() } satisfies GatherProgress);
  await find('gatherFeatures').answer(succeed({ how: 'finished', collection: kept({ items: 0 }) }));
  const votes = find('vote');
  void session.gatherFiles([photograph('pots/b.jpg')]);
  await settled();
  const second = find('gatherFeatures');
  await votes.answer(succeed(votesOf(0)));
  await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  expect(state().gathering).not.toBeNull();
  session.cancelGathering();
  expect(second.signal?.aborted).toBe(true);
});

test('what is dropped before the collection of the last visit is open goes into it', async () => {
  rememberCollection({ id: 'c1', wanted: 9 });
  const { session, find, calls } = setUp();
  void session.begin();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  await find('listCollections').answer(succeed({ collections: [kept()], unreadable: [], notKept: null }));
  expect(calls.map(({ method }) => method)).toEqual(['openCollection']);
  await find('openCollection').answer(
    succeed({
      collection: kept(),
      items: [item(0, 'mugs')],
      thumbnails: new Blob([]),
      thumbnailEnds: new Uint32Array(1),
    }),
  );
  expect(find('gatherFeatures').request).toMatchObject({ into: { kind: 'kept', id: 'c1' } });
});

test('a new collection has the usual settings, not those of the one before; none names a block that there is not', async () => {
  const { session, find, openFour } = setUp();
  await openFour();
  session.closeCollection();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  const usual = { block: someModel.depth, framing: 'official', sidePx: 224 };
  expect(find('gatherFeatures').request).toMatchObject({ into: { settings: usual } });
  await find('gatherFeatures').answer(fail({ code: 'cancelled' }));
  await find('listCollections').answer(succeed({ collections: [], unreadable: [], notKept: null }));
  session.setSettings({ ...usual, framing: 'square', block: someModel.depth + 12 });
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  expect(find('gatherFeatures').request).toMatchObject({
    into: { settings: { ...usual, framing: 'square' } },
  });
});

test('a photograph that was kept and not told, as an engine was lost just then, is read', async () => {
  vi.useFakeTimers();
  const { session, state, find } = setUp();
  void session.gatherFiles([photograph('mugs/a.jpg')]);
  const gather = find('gatherFeatures');
  gather.tell({ stage: 'begun', collection: kept({ items: 0 }) } satisfies GatherProgress);
  const counts = { stage: 'photographs', total: 2, known: 1, failed: 0, perSecond: null } as const;
  const added = [{ item: item(1, 'pots'), thumbnail: null }];
  gather.tell({ ...counts, done: 2, added } satisfies GatherProgress);
  vi.advanceTimersByTime(300);
  // There is no gap among the photographs that are shown.
  expect(state().open?.items).toEqual([]);
  const items = [item(0, 'mugs'), item(1, 'pots')];
  await find('openCollection').answer(
    succeed({ collection: kept(), items, thumbnails: new Blob([]), thumbnailEnds: new Uint32Array(2) }),
  );
  expect(state()).toMatchObject({ open: { items }, arranged: [0, 1] });
});
