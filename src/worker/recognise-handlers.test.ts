/** Collections as the page asks for them, on the cpu back end, in memory instead of a browser's storage, by features that a file names itself. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FailureError, type Failure } from '../core/failure.ts';
import type { PooledFeatures } from '../core/recognition.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { createMemoryStorage, type FileStorage } from '../library/file-storage.ts';
import { KeptCollection } from '../library/kept-collection.ts';
import { readProbeFile, writeProbeFile } from '../recognise/probe-file.ts';
import type { KeyedModel } from '../rpc/engine-contract.ts';
import type { GatheredPhotograph, GatherProgress, RecogniseContract } from '../rpc/recognise-contract.ts';
import type { Handlers } from '../rpc/serve-calls.ts';
import { createSerialQueue, type Enqueue } from '../rpc/serial-queue.ts';
import { arraysOfAnswer, type RecogniseAnswer } from './recognise-arrays.ts';
import { createRecogniseHandlers, type RecogniseHost } from './recognise-handlers.ts';

/** A file's two numbers. */
type Pixels = readonly [number, number];

const model: KeyedModel = { key: 'tiny', reference: { kind: 'tfjs', url: 'none' } };
const settings = { block: 1, framing: 'square', sidePx: 32 } as const;

let backend: OpenBackend;
let folders: FileStorage;
let enqueue: Enqueue;
let host: RecogniseHost<Pixels>;
let handlers: Handlers<RecogniseContract>;
let hash: string;
let news: GatherProgress[];
let onNews: (progress: GatherProgress) => void;
/** What the device is asked for, and whatever it says against it. */
let pooled: string[];
let refuse: (pixels: Pixels) => Failure | null;

const valueOf = <T>(result: Result<T, Failure>): T => {
  if (!result.ok) throw new Error(JSON.stringify(result.error));
  return result.value;
};

/** CLS says where it lies, the mean lies across, and GeM is CLS again. */
const featuresOf = ([x, y]: Pixels): PooledFeatures => ({
  cls: Float32Array.of(x, y),
  mean: Float32Array.of(-y, x),
  gem: Float32Array.of(x, y),
});

beforeAll(async () => {
  backend = valueOf(await openBackend('cpu', null));
});

beforeEach(() => {
  folders = createMemoryStorage('refused');
  hash = 'ab12';
  news = [];
  onNews = () => undefined;
  pooled = [];
  refuse = () => null;
  enqueue = createSerialQueue();
  host = {
    folders: Promise.resolve(folders),
    enqueue: (...work) => enqueue(...work),
    faults: () => backend.faults,
    yieldToEventLoop: () => new Promise((resolve) => setImmediate(resolve)),
    now: () => performance.now(),
    today: () => new Date('2026-11-29T02:00:00Z'),
    bringModel: () =>
      Promise.resolve(
        succeed({
          model: {
            id: 'tiny',
            title: 'Tiny',
            hash,
            embedDim: 2,
            depth: 1,
            numHeads: 1,
            patchSizePx: 4,
            numRegisters: 0,
            parameterCount: 1,
          },
        }),
      ),
    readPhotograph: async (blob) => {
      const text = await blob.text();
      if (text === '') return fail({ code: 'empty-file' });
      if (text === 'moved') return fail({ code: 'unreadable-file' });
      const [x = NaN, y = NaN] = text.split(' ').map(Number);
      if (Number.isNaN(x)) return fail({ code: 'not-an-image' });
      return succeed({ pixels: [x, y] as const, thumbnail: Uint8Array.of(x, y), thumbnailMs: 1 });
    },
    isMask: async (picture, photo) => (await picture.text()) === `mask of ${await photo.text()}`,
    pool: (_, pixels, __, signal) =>
      enqueue(() => {
        pooled.push(pixels.join(' '));
        const failure = signal.aborted ? ({ code: 'cancelled' } as const) : refuse(pixels);
        return Promise.resolve(failure === null ? succeed(featuresOf(pixels)) : fail(failure));
      }),
  };
  handlers = createRecogniseHandlers(host);
});

const quiet = { signal: new AbortController().signal, onProgress: () => undefined };
const listening = (signal = quiet.signal) => ({
  signal,
  onProgress: (progress: GatherProgress) => {
    news.push(progress);
    onNews(progress);
  },
});

const photograph = (path: string, text: string, className: string | null = null): GatheredPhotograph => ({
  path,
  className,
  blob: new File([text], path, { lastModified: 7 }),
});

/** Two classes that lie apart, and one photograph that has no class. */
const some = [
  photograph('mugs/a.jpg', '1 0', 'mug'),
  photograph('mugs/b.jpg', '9 1', 'mug'),
  photograph('mugs/c.jpg', '8 2', 'mug'),
  photograph('others/a.jpg', '0 1', 'other'),
  photograph('others/b.jpg', '1 9', 'other'),
  photograph('others/c.jpg', '2 8', 'other'),
  photograph('d.jpg', '3 1'),
];

type Into = RecogniseContract['gatherFeatures']['request']['into'];
const anew = { kind: 'new', title: 'Mugs', settings } as const;

const gather = (photographs: readonly GatheredPhotograph[], into: Into = anew, signal?: AbortSignal) =>
  handlers.gatherFeatures({ into, model, photographs, leavesOutTooLarge: false }, listening(signal));
const gathered = async (photographs: readonly GatheredPhotograph[], into: Into = anew) =>
  valueOf(await gather(photographs, into));
const opened = async (id: string) => valueOf(await handlers.openCollection({ id }, quiet));
const voted = async (id: string, k = 20) => valueOf(await handlers.vote({ id, feature: 'cls', k }, quiet));
const photographNews = () => news.flatMap((each) => (each.stage === 'photographs' ? [each] : []));

describe('gathering', () => {
  test('takes each photograph in, tells it with its small picture, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const { how, collection } = await gathered(some);
    expect(tf.memory().numTensors).toBe(before);
    expect(how).toBe('finished');
    expect(collection).toMatchObject({
      title: 'Mugs',
      modelKey: 'tiny',
      modelHash: 'ab12',
      modelTitle: 'Tiny',
      settings,
      items: 7,
      failed: 0,
      classNames: ['mug', 'other'],
    });
    expect(news[0]).toMatchObject({ stage: 'begun', collection: { id: collection.id, items: 0 } });
    const told = photographNews();
    expect(told.at(-1)).toMatchObject({ done: 7, total: 7, known: 0, failed: 0 });
    const added = told.flatMap((each) => each.added);
    expect(added.map(({ item }) => item.path)).toEqual(some.map(({ path }) => path));
    const { items, thumbnails, thumbnailEnds } = await opened(collection.id);
    expect(items).toEqual(added.map(({ item }) => item));
    expect([...thumbnailEnds]).toEqual([2, 4, 6, 8, 10, 12, 14]);
    const own = new Blob(added.flatMap(({ thumbnail }) => thumbnail ?? []));
    expect(new Uint8Array(await own.arrayBuffer())).toEqual(new Uint8Array(await thumbnails.arrayBuffer()));
    expect(valueOf(await handlers.listCollections({}, quiet))).toEqual({
      collections: [collection],
      unreadable: [],
      notKept: 'refused',
    });
  });

  test('bad files are items with their failure, and the rest goes on', async () => {
    const bad = [photograph('x.txt', 'hello'), photograph('empty.jpg', ''), photograph('moved.jpg', 'moved')];
    const { collection } = await gathered([...bad, ...some]);
    expect(collection).toMatchObject({ items: 10, failed: 3 });
    const { items } = await opened(collection.id);
    expect(items.slice(0, 4).map(({ failure }) => failure?.code ?? null)).toEqual([
      'not-an-image',
      'empty-file',
      'unreadable-file',
      null,
    ]);
    const { predictions, shares, neighbours, classNames } = await voted(collection.id, 2);
    expect([...predictions.subarray(0, 3)]).toEqual([-1, -1, -1]);
    expect([...neighbours.items.subarray(0, 6)]).toEqual([-1, -1, -1, -1, -1, -1]);
    expect([...shares.subarray(0, 3 * classNames.length)]).toEqual([0, 0, 0, 0, 0, 0]);
    // What is no photograph stays none; what could not be read may be there again.
    pooled = [];
    await gathered(
      [bad[0], bad[1], photograph('moved.jpg', 'moved')].flatMap((each) => each ?? []),
      {
        kind: 'kept',
        id: collection.id,
      },
    );
    expect(photographNews().at(-1)).toMatchObject({ done: 3, total: 3, known: 2, failed: 3 });
  });

  test('a mask beside its photograph is left out with the reason, also the next time', async () => {
    const [cat] = some;
    if (cat === undefined) return expect.unreachable('no photograph');
    const mayBeMaskOf = { name: 'a.jpg', blob: cat.blob };
    const mask = { ...photograph('mugs/a.png', 'mask of 1 0', 'mug'), mayBeMaskOf };
    const drawing = { ...photograph('mugs/b.png', '7 1', 'mug'), mayBeMaskOf };
    const { collection } = await gathered([...some, mask, drawing]);
    expect(collection).toMatchObject({ items: 9, failed: 1 });
    const { items } = await opened(collection.id);
    expect(items.slice(7).map(({ failure }) => failure)).toEqual([
      { code: 'mask-of-photograph', photographName: 'a.jpg' },
      null,
    ]);
    expect(pooled).not.toContain('mask of 1 0');
    await gathered([mask], { kind: 'kept', id: collection.id });
    expect(photographNews().at(-1)).toMatchObject({ known: 1, failed: 1 });
  });

  test('a model whose file cannot be read again is no fault of the photographs', async () => {
    refuse = () => ({ code: 'unreadable-file' });
    expect(await gather(some)).toEqual({ ok: false, error: { code: 'unreadable-file' } });
    const { collections } = valueOf(await handlers.listCollections({}, quiet));
    expect(collections).toMatchObject([{ items: 0, failed: 0 }]);
    refuse = () => null;
    const [kept] = collections;
    const { collection } = await gathered(some, { kind: 'kept', id: kept?.id ?? '' });
    expect(collection).toMatchObject({ items: some.length, failed: 0 });
  });

  test('the same folder once more takes in what is new, and classes that were given stay', async () => {
    const { collection } = await gathered(some.slice(0, 3));
    const { id } = collection;
    await handlers.setClasses({ id, changes: [{ index: 1, className: 'cup' }] }, quiet);
    pooled = [];
    news = [];
    const again = await gathered([...some, some[6] as GatheredPhotograph], { kind: 'kept', id });
    expect(pooled).toEqual(['0 1', '1 9', '2 8', '3 1']);
    expect(photographNews()[0]).toMatchObject({ done: 4, total: 8, known: 4, added: [] });
    expect(again.collection.items).toBe(7);
    expect((await opened(id)).items[1]?.className).toBe('cup');
  });

  test('an abort keeps what is done, and the rest comes later', async () => {
    const controller = new AbortController();
    const { pool } = host;
    handlers = createRecogniseHandlers({
      ...host,
      pool: (...request) => {
        if (pooled.length === 3) controller.abort();
        return pool(...request);
      },
    });
    const { how, collection } = valueOf(await gather(some, anew, controller.signal));
    expect(how).toBe('cancelled');
    expect(collection.items).toBe(3);
    expect(valueOf(await handlers.listCollections({}, quiet)).collections).toEqual([collection]);
    pooled = [];
    await gathered(some, { kind: 'kept', id: collection.id });
    expect(pooled).toEqual(['0 1', '1 9', '2 8', '3 1']);
  });

  test('a fault of the device ends it, and another worker goes on where it was', async () => {
    const lost = { code: 'device-lost', message: '' } as const;
    refuse = ([x]) => (x === 2 ? lost : null);
    expect(await gather(some)).toEqual(fail(lost));
    const begun = news.find((each) => each.stage === 'begun');
    const id = begun?.collection.id ?? '';
    refuse = () => null;
    handlers = createRecogniseHandlers(host);
    pooled = [];
    const { collection } = await gathered(some, { kind: 'kept', id });
    expect(pooled).toEqual(['2 8', '3 1']);
    expect((await opened(collection.id)).items.map(({ path }) => path)).toEqual(some.map(({ path }) => path));
  });

  test('a photograph for which there is no memory is left out where that is asked, and does not come again', async () => {
    const outOfMemory = { code: 'out-of-memory', tokens: 5 } as const;
    refuse = ([x, y]) => (x === 8 && y === 2 ? outOfMemory : null);
    const ask = (id: string | null, leavesOutTooLarge: boolean) => {
      const into = id === null ? anew : ({ kind: 'kept', id } as const);
      return handlers.gatherFeatures({ into, model, photographs: some, leavesOutTooLarge }, listening());
    };
    // Another engine may have the room.
    expect(await ask(null, false)).toEqual(fail(outOfMemory));
    const id = news.find((each) => each.stage === 'begun')?.collection.id ?? '';
    expect((await opened(id)).items).toHaveLength(2);
    news = [];
    expect(await ask(id, true)).toEqual(fail(outOfMemory));
    const told = photographNews().at(-1);
    expect(told).toMatchObject({ done: 3, failed: 1 });
    expect(told?.added.map(({ item }) => [item.path, item.failure])).toEqual([['mugs/c.jpg', outOfMemory]]);
    pooled = [];
    news = [];
    expect(valueOf(await ask(id, true)).collection).toMatchObject({ items: 7, failed: 1 });
    expect(pooled).toEqual(['0 1', '1 9', '2 8', '3 1']);
    expect(photographNews()[0]).toMatchObject({ done: 3, known: 3, failed: 1 });
    // Dropped again on another day it is tried again.
    refuse = () => null;
    expect(valueOf(await ask(id, false)).collection).toMatchObject({ items: 7, failed: 0 });
  });

  test('one that cannot be decoded for want of memory is known, since nothing else is read beside it', async () => {
    const { readPhotograph } = host;
    let reading = 0;
    handlers = createRecogniseHandlers({
      ...host,
      readPhotograph: async (blob) => {
        reading += 1;
        expect(reading).toBe(1);
        try {
          // What V8 says.
          if ((await blob.text()) === '0 1') throw new RangeError('Array buffer allocation failed');
          return await readPhotograph(blob);
        } finally {
          reading -= 1;
        }
      },
    });
    const request = { into: anew, model, photographs: some, leavesOutTooLarge: true };
    const failure = { code: 'out-of-memory', tokens: null } as const;
    expect(await handlers.gatherFeatures(request, listening())).toEqual(fail(failure));
    const id = news.find((each) => each.stage === 'begun')?.collection.id ?? '';
    expect((await opened(id)).items.at(-1)).toMatchObject({ path: 'others/a.jpg', failure });
  });

  test('a full disk ends it with what is missing, and what was kept stays', async () => {
    const full = new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });
    let room = 6;
    handlers = createRecogniseHandlers({
      ...host,
      folders: Promise.resolve({
        ...folders,
        open: async (id: string, file: string) => {
          const own = await folders.open(id, file);
          const write: typeof own.write = (bytes, at) => {
            if (file.endsWith('features.f32') && room-- <= 0) throw full;
            own.write(bytes, at);
          };
          return { write, truncate: own.truncate.bind(own), flush: () => {}, close: () => {} };
        },
      }),
    });
    expect(await gather(some)).toMatchObject({ ok: false, error: { code: 'storage-full' } });
    const [collection] = valueOf(await handlers.listCollections({}, quiet)).collections;
    expect(collection?.items).toBe(6);
  });

  test('photographs are looked at between two of them, and classes are given', async () => {
    let lookedAtAfter = -1;
    const given: ReturnType<typeof handlers.setClasses>[] = [];
    onNews = (progress) => {
      if (progress.stage !== 'photographs' || given.length > 0 || progress.done === 0) return;
      const { id } = (news.find((each) => each.stage === 'begun') as { collection: { id: string } })
        .collection;
      const asked = pooled.length;
      void enqueue(() => Promise.resolve((lookedAtAfter = pooled.length - asked)));
      given.push(handlers.setClasses({ id, changes: [{ index: 0, className: 'cup' }] }, quiet));
    };
    const { collection } = await gathered(some);
    expect(lookedAtAfter).toBe(0);
    expect((await Promise.all(given)).map(({ ok }) => ok)).toEqual([true]);
    const { items } = await opened(collection.id);
    expect(items.map(({ className }) => className).slice(0, 2)).toEqual(['cup', 'mug']);
  });

  test('a collection of another model is refused, and one that is not there', async () => {
    const { collection } = await gathered(some.slice(0, 1));
    const into = { kind: 'kept', id: collection.id } as const;
    hash = 'cd34';
    expect(await gather(some, into)).toEqual(
      fail({ code: 'collection-other-model', modelTitle: 'another version of Tiny' }),
    );
    hash = 'ab12';
    expect(await gather(some, { kind: 'kept', id: 'gone' })).toEqual(fail({ code: 'collection-not-kept' }));
    // The lock is free again.
    expect((await gathered(some, into)).collection.items).toBe(7);
  });

  test('the same network by another key goes into the same collection', async () => {
    const { collection } = await gathered(some.slice(0, 1));
    const into = { kind: 'kept', id: collection.id } as const;
    const other = { key: 'other', reference: model.reference };
    const more = await handlers.gatherFeatures(
      { into, model: other, photographs: some, leavesOutTooLarge: false },
      quiet,
    );
    expect(valueOf(more).collection).toMatchObject({ items: 7, modelKey: 'tiny' });
  });

  test('a collection of an older version knows its model by the key, and from then on by its hash', async () => {
    const { collection } = await gathered(some.slice(0, 1));
    const { id } = collection;
    const kept = await KeptCollection.open(folders, id);
    await kept.change({ modelHash: null });
    const into = { kind: 'kept', id } as const;
    const other = { key: 'other', reference: model.reference };
    expect(
      await handlers.gatherFeatures(
        { into, model: other, photographs: some, leavesOutTooLarge: false },
        quiet,
      ),
    ).toEqual(fail({ code: 'collection-other-model', modelTitle: 'another version of Tiny' }));
    expect((await gathered(some, into)).collection).toMatchObject({ items: 7, modelHash: 'ab12' });
  });

  test('two at once are refused, and so is taking photographs away meanwhile', async () => {
    const busy = fail({ code: 'collection-busy' });
    const refused: Promise<unknown>[] = [];
    onNews = (progress) => {
      if (progress.stage !== 'begun' || refused.length > 0) return;
      const { id } = progress.collection;
      refused.push(
        gather(some),
        handlers.removeItems({ id, indices: [0] }, quiet),
        handlers.removeCollection({ id }, quiet),
      );
    };
    await gathered(some);
    expect(await Promise.all(refused)).toEqual([busy, busy, busy]);
  });

  test('three photographs are read ahead while one is computed, and no more', async () => {
    let begun = 0;
    const ahead: number[] = [];
    const { readPhotograph, pool } = host;
    handlers = createRecogniseHandlers({
      ...host,
      readPhotograph: (blob) => {
        begun += 1;
        return readPhotograph(blob);
      },
      pool: (...request) => {
        ahead.push(begun - pooled.length - 1);
        return pool(...request);
      },
    });
    await gathered(some);
    expect(ahead).toEqual([3, 3, 3, 3, 2, 1, 0]);
  });

  test('progress is told ten times a second at most', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { pool } = host;
    handlers = createRecogniseHandlers({
      ...host,
      pool: (...request) => {
        vi.advanceTimersByTime(30);
        return pool(...request);
      },
    });
    await gathered(Array.from({ length: 40 }, (_, at) => photograph(`${at}.jpg`, `1 ${at}`)));
    vi.useRealTimers();
    const told = photographNews();
    expect(told.length).toBeLessThan(16);
    expect(told.flatMap((each) => each.added)).toHaveLength(40);
    expect(told.at(-1)?.perSecond).toBeCloseTo(1000 / 30, 0);
  });
});

describe('votes', () => {
  test('leave the photograph itself out, and tell accuracy, confusion and those that voted', async () => {
    const { collection } = await gathered(some);
    const { classNames, predictions, accuracy, confusion, neighbours, shares } = await voted(
      collection.id,
      2,
    );
    expect(classNames).toEqual(['mug', 'other']);
    expect([...predictions]).toEqual([0, 0, 0, 1, 1, 1, 0]);
    expect(accuracy).toBe(1);
    expect([...confusion]).toEqual([3, 0, 0, 3]);
    // 3 1 lies at 18.4°: next to it 8 2 at 14.0° and 9 1 at 6.3°.
    expect([...neighbours.items.subarray(12)]).toEqual([2, 1]);
    expect(neighbours.cosines[12]).toBeCloseTo(Math.cos(Math.atan2(1, 3) - Math.atan2(2, 8)), 6);
    expect(shares[12]).toBeCloseTo(1, 6);
  });

  test('know no class of which every file is broken, and neither does a probe', async () => {
    const bad = [photograph('pots/x.jpg', 'hello', 'pot'), photograph('pots/y.jpg', '', 'pot')];
    const { collection } = await gathered([...some, ...bad]);
    const { id } = collection;
    expect(collection.classNames).toEqual(['mug', 'other']);
    const { classNames, confusion } = await voted(id, 2);
    expect([classNames, [...confusion]]).toEqual([
      ['mug', 'other'],
      [3, 0, 0, 3],
    ]);
    const trained = await handlers.trainProbe(
      { id, feature: 'cls', heldOutShare: 0.3, seed: 1, k: 20 },
      quiet,
    );
    const { facts, probe } = await readProbeFile(valueOf(trained).file);
    expect([facts.classNames, probe.classCount]).toEqual([['mug', 'other'], 2]);
  });

  test('change at once with a class, in this visit and the next', async () => {
    const { collection } = await gathered(some);
    const { id } = collection;
    await voted(id, 2);
    const changes = [0, 1, 2].map((index) => ({ index, className: 'cup' }));
    const changed = valueOf(await handlers.setClasses({ id, changes }, quiet));
    expect(changed.collection.classNames).toEqual(['cup', 'other']);
    const { classNames, predictions } = await voted(id, 2);
    expect([...predictions].map((at) => classNames[at])).toEqual([
      'cup',
      'cup',
      'cup',
      'other',
      'other',
      'other',
      'cup',
    ]);
    await handlers.setClasses(
      { id, changes: changes.map(({ index }) => ({ index, className: null })) },
      quiet,
    );
    expect([...(await voted(id, 2)).predictions]).toEqual([0, 0, 0, 0, 0, 0, 0]);
    handlers = createRecogniseHandlers(host);
    expect([...(await voted(id, 2)).predictions]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test('know a class that is still being written, and forget it where it cannot be', async () => {
    const { collection } = await gathered(some);
    const { id } = collection;
    const { open } = folders;
    let isFull = false;
    folders.open = async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (isFull) throw new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });
      return open(...args);
    };
    const given = handlers.setClasses({ id, changes: [{ index: 6, className: 'cup' }] }, quiet);
    expect((await voted(id, 2)).classNames).toEqual(['cup', 'mug', 'other']);
    valueOf(await given);
    isFull = true;
    const refused = handlers.setClasses({ id, changes: [{ index: 6, className: 'jug' }] }, quiet);
    expect(await refused).toMatchObject({ ok: false, error: { code: 'storage-full' } });
    expect((await voted(id, 2)).classNames).toEqual(['cup', 'mug', 'other']);
  });

  test('forget a class that could not be kept, since another window is changing the collection', async () => {
    const { collection } = await gathered(some);
    const { id } = collection;
    const held = () => Promise.reject(new DOMException('held', 'TimeoutError'));
    vi.stubGlobal('navigator', { locks: { request: held } });
    const refused = await handlers.setClasses({ id, changes: [{ index: 6, className: 'jug' }] }, quiet);
    vi.unstubAllGlobals();
    expect(refused).toEqual(fail({ code: 'collection-busy' }));
    expect((await voted(id, 2)).classNames).toEqual(['mug', 'other']);
  });

  test('where nobody has a class say nothing', async () => {
    const { collection } = await gathered([photograph('a.jpg', '1 0'), photograph('b.jpg', '0 1')]);
    const { predictions, accuracy, shares, confusion } = await voted(collection.id);
    expect([[...predictions], accuracy, [...shares], [...confusion]]).toEqual([[-1, -1], null, [], []]);
  });

  test('of one class have no accuracy, since none could be wrong', async () => {
    const { collection } = await gathered(some.slice(0, 3));
    const { classNames, accuracy } = await voted(collection.id, 2);
    expect([classNames, accuracy]).toEqual([['mug'], null]);
  });

  test('an abort leaves look-alikes at once, and no tensor behind', async () => {
    const many = Array.from({ length: 300 }, (_, at) =>
      photograph(`${at}.jpg`, `${1 + (at % 17)} ${at % 23}`, at % 2 === 0 ? 'even' : 'odd'),
    );
    const { collection } = await gathered(many);
    const { id } = collection;
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const aborted = await handlers.lookAlikes(
      { id, feature: 'cls', of: 0, count: 5 },
      { signal: controller.signal, onProgress: () => controller.abort() },
    );
    expect(aborted).toEqual(fail({ code: 'cancelled' }));
    // Groups are found to their end, for whoever asks next.
    const next = valueOf(await handlers.lookAlikes({ id, feature: 'cls', of: 1, count: 5 }, quiet));
    expect(next.nearest?.items).toHaveLength(5);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('what is removed', () => {
  test('photographs leave the votes, and the others are counted anew', async () => {
    const { collection } = await gathered(some);
    const { id } = collection;
    await voted(id, 2);
    const left = valueOf(await handlers.removeItems({ id, indices: [0, 3] }, quiet)).collection;
    expect(left.items).toBe(5);
    expect((await opened(id)).items.map(({ path }) => path)).toEqual(
      some.filter((_, at) => at !== 0 && at !== 3).map(({ path }) => path),
    );
    expect([...(await voted(id, 1)).predictions]).toEqual([0, 0, 1, 1, 0]);
    // They can come again.
    expect((await gathered(some, { kind: 'kept', id })).collection.items).toBe(7);
  });

  test('comes back with its class, its features and its small picture, or the reason why it failed', async () => {
    const { collection } = await gathered([...some, photograph('x.txt', 'hello', 'mug')]);
    const { id } = collection;
    const before = await opened(id);
    valueOf(await handlers.setClasses({ id, changes: [{ index: 0, className: 'cup' }] }, quiet));
    const { removed } = valueOf(await handlers.removeItems({ id, indices: [0, 3, 7] }, quiet));
    // One of them has come again meanwhile.
    await gathered(some.slice(3, 4), { kind: 'kept', id });
    pooled = [];
    const back = valueOf(await handlers.putBack({ id, removed }, quiet)).collection;
    expect(back).toMatchObject({ items: 8, failed: 1, classNames: ['cup', 'mug', 'other'] });
    handlers = createRecogniseHandlers(host);
    const { items, thumbnails, thumbnailEnds } = await opened(id);
    expect(items.slice(5).map(({ path, className, failure }) => [path, className, failure])).toEqual([
      ['others/a.jpg', 'other', null],
      ['mugs/a.jpg', 'cup', null],
      ['x.txt', 'mug', before.items[7]?.failure],
    ]);
    const bytes = new Uint8Array(await thumbnails.arrayBuffer());
    expect([...bytes.subarray(thumbnailEnds[5], thumbnailEnds[6])]).toEqual([1, 0]);
    // 1 0 lies next to 9 1 and then 8 2, by what was kept: nothing is computed.
    const { neighbours } = await voted(id, 2);
    expect([...neighbours.items.subarray(12, 14)].map((at) => items[at]?.path)).toEqual([
      'mugs/b.jpg',
      'mugs/c.jpg',
    ]);
    expect(pooled).toEqual([]);
  });

  test('by another window make this one open the collection anew, before an index means another photograph', async () => {
    const { collection } = await gathered(some);
    const { id } = collection;
    const other = createRecogniseHandlers(host);
    valueOf(await other.removeItems({ id, indices: [0] }, quiet));
    const changes = [{ index: 0, className: 'cup' }];
    const changed = fail({ code: 'collection-changed' });
    expect(await handlers.setClasses({ id, changes }, quiet)).toEqual(changed);
    expect(await handlers.removeItems({ id, indices: [0] }, quiet)).toEqual(changed);
    expect(await gather(some, { kind: 'kept', id })).toEqual(changed);
    expect((await opened(id)).items.map(({ className }) => className)).not.toContain('cup');
    valueOf(await handlers.setClasses({ id, changes }, quiet));
    expect((await opened(id)).items[0]).toMatchObject({ path: 'mugs/b.jpg', className: 'cup' });
  });

  test('a collection leaves nothing, and a name can be changed', async () => {
    const { collection } = await gathered(some);
    const { id } = collection;
    expect(valueOf(await handlers.renameCollection({ id, title: 'Cups' }, quiet)).collection.title).toBe(
      'Cups',
    );
    expect((await opened(id)).collection.title).toBe('Cups');
    expect(valueOf(await handlers.removeCollection({ id }, quiet)).collections).toEqual([]);
    expect(await folders.list()).toEqual([]);
    expect(await handlers.openCollection({ id }, quiet)).toEqual(fail({ code: 'collection-not-kept' }));
  });
});

describe('each answer', () => {
  /** Of a value, however deep they lie. */
  const arraysIn = (value: unknown): unknown[] => {
    if (ArrayBuffer.isView(value)) return [value];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(arraysIn) : [];
  };

  test('gives its arrays away, and is the same the next time', async () => {
    const { collection } = await gathered([...some, photograph('copy.jpg', '24 8')]);
    const { id } = collection;
    const common = { id, feature: 'cls' } as const;
    const questions = {
      openCollection: () => handlers.openCollection({ id }, quiet),
      vote: () => handlers.vote({ ...common, k: 2 }, quiet),
      trainProbe: () => handlers.trainProbe({ ...common, heldOutShare: 0.3, seed: 1, k: 20 }, quiet),
      openProbe: async () => {
        const { file } = valueOf(await questions.trainProbe());
        return handlers.openProbe({ id, file }, quiet);
      },
      lookAlikes: () => handlers.lookAlikes({ ...common, of: 6, count: 3 }, quiet),
      layOut: () => handlers.layOut({ ...common, method: 'pca', seed: 1 }, quiet),
    } as const;
    for (const [method, ask] of Object.entries(questions) as [
      RecogniseAnswer,
      () => Promise<Result<never, Failure>>,
    ][]) {
      const answer = valueOf(await ask());
      const arrays = arraysOfAnswer(method, answer);
      expect(arrays.length).toBeGreaterThan(0);
      expect(new Set(arrays)).toEqual(new Set(arraysIn(answer)));
      const before = structuredClone(arrays);
      structuredClone(arrays, { transfer: arrays.map(({ buffer }) => buffer) });
      expect(arraysOfAnswer(method, valueOf(await ask()))).toEqual(before);
    }
  });
});

describe('further questions', () => {
  test('a linear probe tells the classes apart, and its file says the same when it is opened', async () => {
    const { collection } = await gathered([...some, photograph('x.txt', 'hello')]);
    const { id } = collection;
    const before = tf.memory().numTensors;
    const request = { id, feature: 'both', heldOutShare: 0.34, seed: 3, k: 20 } as const;
    const trained = valueOf(await handlers.trainProbe(request, quiet));
    expect(tf.memory().numTensors).toBe(before);
    expect(trained).toMatchObject({ classNames: ['mug', 'other'], heldOut: 2, accuracy: 1, knnAccuracy: 1 });
    expect([...trained.predictions]).toEqual([0, 0, 0, 1, 1, 1, 0, -1]);
    const tensors = valueOf(await openSafetensors(trained.file));
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ['linear.weight', [2, 4]],
      ['linear.bias', [2]],
    ]);
    const again = valueOf(await handlers.openProbe({ id, file: trained.file }, quiet));
    expect(again).toEqual({
      classNames: trained.classNames,
      feature: 'both',
      predictions: trained.predictions,
      shares: trained.shares,
    });
    const other = await gathered(some, { kind: 'new', title: 'x', settings: { ...settings, sidePx: 64 } });
    expect(await handlers.openProbe({ id: other.collection.id, file: trained.file }, quiet)).toMatchObject({
      ok: false,
      error: { code: 'probe-invalid' },
    });
  });

  test('a probe is known by its network’s hash, and where there is none by the key', async () => {
    const { collection } = await gathered(some);
    const { id } = collection;
    const trained = await handlers.trainProbe(
      { id, feature: 'cls', heldOutShare: 0.2, seed: 1, k: 20 },
      quiet,
    );
    const { probe, facts } = await readProbeFile(valueOf(trained).file);
    expect(facts).toMatchObject({ modelKey: 'tiny', modelHash: 'ab12' });
    const open = (named: Partial<typeof facts>) =>
      handlers.openProbe({ id, file: writeProbeFile(probe, { ...facts, ...named }) }, quiet);
    const { shares } = valueOf(await open({ modelKey: 'as the command line calls it' }));
    expect(shares).toEqual(valueOf(trained).shares);
    expect((await open({ modelHash: null })).ok).toBe(true);
    expect(await open({ modelHash: null, modelKey: 'other' })).toMatchObject({ ok: false });
    expect(await open({ modelHash: 'cd34' })).toEqual(
      fail({
        code: 'probe-invalid',
        problem: 'it was made of other features (another version of Tiny, block 1, 32 px)',
      }),
    );
  });

  test('a probe of one class is none', async () => {
    const { collection } = await gathered(some.slice(0, 3));
    expect(
      await handlers.trainProbe(
        { id: collection.id, feature: 'cls', heldOutShare: 0.2, seed: 1, k: 20 },
        quiet,
      ),
    ).toMatchObject({ ok: false, error: { code: 'probe-invalid' } });
  });

  test('look-alikes: the nearest, and groups of near-duplicates', async () => {
    const { collection } = await gathered([
      ...some,
      photograph('copy.jpg', '24 8'),
      photograph('x.txt', 'hello'),
    ]);
    const { nearest, groups, threshold } = valueOf(
      await handlers.lookAlikes({ id: collection.id, feature: 'copy', of: 6, count: 3 }, quiet),
    );
    expect([...(nearest?.items ?? [])]).toEqual([7, 2, 1]);
    expect(nearest?.cosines[0]).toBeCloseTo(1, 6);
    // Each class lies within a few degrees; a file that failed is as far from all as one can be, and changes nothing.
    expect(threshold).toBeGreaterThan(0.9);
    expect(groups).toEqual([
      [0, 1, 2, 6, 7],
      [3, 4, 5],
    ]);
    const none = valueOf(
      await handlers.lookAlikes({ id: collection.id, feature: 'copy', of: 8, count: 3 }, quiet),
    );
    expect(none.nearest).toBeNull();
  });

  test.each(['pca', 'umap'] as const)(
    'a map by %s lays classes apart, and is the same each time',
    async (method) => {
      const many = Array.from({ length: 40 }, (_, at) =>
        photograph(`${at}.jpg`, at % 2 === 0 ? `100 ${at}` : `${at} 100`, at % 2 === 0 ? 'even' : 'odd'),
      );
      const { collection } = await gathered([...many, photograph('x.txt', 'hello')]);
      const request = { id: collection.id, feature: 'cls', method, seed: 5 } as const;
      const { places } = valueOf(await handlers.layOut(request, quiet));
      expect(places).toHaveLength(82);
      expect([...places.subarray(80)]).toEqual([NaN, NaN]);
      const there = [...places.subarray(0, 80)];
      expect(Math.max(...there.map(Math.abs))).toBeCloseTo(1, 5);
      const placeOf = (item: number) => [there[2 * item] as number, there[2 * item + 1] as number] as const;
      const distance = (a: number, b: number): number => {
        const [first, second] = [placeOf(a), placeOf(b)];
        return Math.hypot(first[0] - second[0], first[1] - second[1]);
      };
      for (let item = 0; item < 40; item++) {
        const nearest = Array.from({ length: 40 }, (_, other) => other)
          .filter((other) => other !== item)
          .toSorted((a, b) => distance(item, a) - distance(item, b))[0] as number;
        expect(nearest % 2).toBe(item % 2);
      }
      expect(valueOf(await handlers.layOut(request, quiet)).places).toEqual(places);
    },
  );

  test('a map of one photograph, and of none', async () => {
    const one = await gathered([photograph('a.jpg', '1 0')]);
    const request = { feature: 'cls', method: 'umap', seed: 1 } as const;
    const { places } = valueOf(await handlers.layOut({ ...request, id: one.collection.id }, quiet));
    expect([...places]).toEqual([0, 0]);
    const none = await gathered([]);
    expect([...valueOf(await handlers.layOut({ ...request, id: none.collection.id }, quiet)).places]).toEqual(
      [],
    );
  });
});
