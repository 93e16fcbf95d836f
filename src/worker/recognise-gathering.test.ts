/** Photographs that come into a collection: what is taken in, told, refused and taken up again. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FailureError } from '../core/failure.ts';
import { fail } from '../core/result.ts';
import { KeptCollection } from '../library/kept-collection.ts';
import type { GatheredPhotograph } from '../rpc/recognise-contract.ts';
import { createRecogniseHandlers } from './recognise-handlers.ts';
import {
  anew,
  CollectionWorker,
  model,
  photograph,
  quiet,
  settings,
  some,
  valueOf,
} from '../testing/collection-worker.ts';

let worker: CollectionWorker;

beforeEach(async () => {
  worker = await CollectionWorker.open();
});

describe('gathering', () => {
  test('takes each photograph in, tells it with its small picture, and leaves no tensor behind', async () => {
    const before = tf.memory().numTensors;
    const { how, collection } = await worker.gathered(some);
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
    expect(worker.news[0]).toMatchObject({ stage: 'begun', collection: { id: collection.id, items: 0 } });
    const told = worker.photographNews();
    expect(told.at(-1)).toMatchObject({ done: 7, total: 7, known: 0, failed: 0 });
    const added = told.flatMap((each) => each.added);
    expect(added.map(({ item }) => item.path)).toEqual(some.map(({ path }) => path));
    const { items, thumbnails, thumbnailEnds } = await worker.opened(collection.id);
    expect(items).toEqual(added.map(({ item }) => item));
    expect([...thumbnailEnds]).toEqual([2, 4, 6, 8, 10, 12, 14]);
    const own = new Blob(added.flatMap(({ thumbnail }) => thumbnail ?? []));
    expect(new Uint8Array(await own.arrayBuffer())).toEqual(new Uint8Array(await thumbnails.arrayBuffer()));
    expect(valueOf(await worker.handlers.listCollections({}, quiet))).toEqual({
      collections: [collection],
      unreadable: [],
      notKept: 'refused',
    });
  });

  test('bad files are items with their failure, and the rest goes on', async () => {
    const bad = [photograph('x.txt', 'hello'), photograph('empty.jpg', ''), photograph('moved.jpg', 'moved')];
    const { collection } = await worker.gathered([...bad, ...some]);
    expect(collection).toMatchObject({ items: 10, failed: 3 });
    const { items } = await worker.opened(collection.id);
    expect(items.slice(0, 4).map(({ failure }) => failure?.code ?? null)).toEqual([
      'not-an-image',
      'empty-file',
      'unreadable-file',
      null,
    ]);
    const { predictions, shares, neighbours, classNames } = await worker.voted(collection.id, 2);
    expect([...predictions.subarray(0, 3)]).toEqual([-1, -1, -1]);
    expect([...neighbours.items.subarray(0, 6)]).toEqual([-1, -1, -1, -1, -1, -1]);
    expect([...shares.subarray(0, 3 * classNames.length)]).toEqual([0, 0, 0, 0, 0, 0]);
    // What is no photograph stays none; what could not be read may be there again.
    worker.pooled = [];
    await worker.gathered(
      [bad[0], bad[1], photograph('moved.jpg', 'moved')].flatMap((each) => each ?? []),
      {
        kind: 'kept',
        id: collection.id,
      },
    );
    expect(worker.photographNews().at(-1)).toMatchObject({ done: 3, total: 3, known: 2, failed: 3 });
  });

  test('a mask beside its photograph is left out with the reason, also the next time', async () => {
    const [cat] = some;
    if (cat === undefined) return expect.unreachable('no photograph');
    const mayBeMaskOf = { name: 'a.jpg', blob: cat.blob };
    const mask = { ...photograph('mugs/a.png', 'mask of 1 0', 'mug'), mayBeMaskOf };
    const drawing = { ...photograph('mugs/b.png', '7 1', 'mug'), mayBeMaskOf };
    const { collection } = await worker.gathered([...some, mask, drawing]);
    expect(collection).toMatchObject({ items: 9, failed: 1 });
    const { items } = await worker.opened(collection.id);
    expect(items.slice(7).map(({ failure }) => failure)).toEqual([
      { code: 'mask-of-photograph', photographName: 'a.jpg' },
      null,
    ]);
    expect(worker.pooled).not.toContain('mask of 1 0');
    await worker.gathered([mask], { kind: 'kept', id: collection.id });
    expect(worker.photographNews().at(-1)).toMatchObject({ known: 1, failed: 1 });
  });

  test('a model whose file cannot be read again is no fault of the photographs', async () => {
    worker.refuse = () => ({ code: 'unreadable-file' });
    expect(await worker.gather(some)).toEqual({ ok: false, error: { code: 'unreadable-file' } });
    const { collections } = valueOf(await worker.handlers.listCollections({}, quiet));
    expect(collections).toMatchObject([{ items: 0, failed: 0 }]);
    worker.refuse = () => null;
    const [kept] = collections;
    const { collection } = await worker.gathered(some, { kind: 'kept', id: kept?.id ?? '' });
    expect(collection).toMatchObject({ items: some.length, failed: 0 });
  });

  test('the same folder once more takes in what is new, and classes that were given stay', async () => {
    const { collection } = await worker.gathered(some.slice(0, 3));
    const { id } = collection;
    await worker.handlers.setClasses({ id, changes: [{ index: 1, className: 'cup' }] }, quiet);
    worker.pooled = [];
    worker.news = [];
    const again = await worker.gathered([...some, some[6] as GatheredPhotograph], { kind: 'kept', id });
    expect(worker.pooled).toEqual(['0 1', '1 9', '2 8', '3 1']);
    expect(worker.photographNews()[0]).toMatchObject({ done: 4, total: 8, known: 4, added: [] });
    expect(again.collection.items).toBe(7);
    expect((await worker.opened(id)).items[1]?.className).toBe('cup');
  });

  test('an abort keeps what is done, and the rest comes later', async () => {
    const controller = new AbortController();
    const { pool } = worker.host;
    worker.handlers = createRecogniseHandlers({
      ...worker.host,
      pool: (...request) => {
        if (worker.pooled.length === 3) controller.abort();
        return pool(...request);
      },
    });
    const { how, collection } = valueOf(await worker.gather(some, anew, controller.signal));
    expect(how).toBe('cancelled');
    expect(collection.items).toBe(3);
    expect(valueOf(await worker.handlers.listCollections({}, quiet)).collections).toEqual([collection]);
    worker.pooled = [];
    await worker.gathered(some, { kind: 'kept', id: collection.id });
    expect(worker.pooled).toEqual(['0 1', '1 9', '2 8', '3 1']);
  });

  test('a fault of the device ends it, and another worker goes on where it was', async () => {
    const lost = { code: 'device-lost', message: '' } as const;
    worker.refuse = ([x]) => (x === 2 ? lost : null);
    expect(await worker.gather(some)).toEqual(fail(lost));
    const begun = worker.news.find((each) => each.stage === 'begun');
    const id = begun?.collection.id ?? '';
    worker.refuse = () => null;
    worker.handlers = createRecogniseHandlers(worker.host);
    worker.pooled = [];
    const { collection } = await worker.gathered(some, { kind: 'kept', id });
    expect(worker.pooled).toEqual(['2 8', '3 1']);
    expect((await worker.opened(collection.id)).items.map(({ path }) => path)).toEqual(
      some.map(({ path }) => path),
    );
  });

  test('a photograph for which there is no memory is left out where that is asked, and does not come again', async () => {
    const outOfMemory = { code: 'out-of-memory', tokens: 5 } as const;
    worker.refuse = ([x, y]) => (x === 8 && y === 2 ? outOfMemory : null);
    const ask = (id: string | null, leavesOutTooLarge: boolean) => {
      const into = id === null ? anew : ({ kind: 'kept', id } as const);
      return worker.handlers.gatherFeatures(
        { into, model, photographs: some, leavesOutTooLarge },
        worker.listening(),
      );
    };
    // Another engine may have the room.
    expect(await ask(null, false)).toEqual(fail(outOfMemory));
    const id = worker.news.find((each) => each.stage === 'begun')?.collection.id ?? '';
    expect((await worker.opened(id)).items).toHaveLength(2);
    worker.news = [];
    expect(await ask(id, true)).toEqual(fail(outOfMemory));
    const told = worker.photographNews().at(-1);
    expect(told).toMatchObject({ done: 3, failed: 1 });
    expect(told?.added.map(({ item }) => [item.path, item.failure])).toEqual([['mugs/c.jpg', outOfMemory]]);
    worker.pooled = [];
    worker.news = [];
    expect(valueOf(await ask(id, true)).collection).toMatchObject({ items: 7, failed: 1 });
    expect(worker.pooled).toEqual(['0 1', '1 9', '2 8', '3 1']);
    expect(worker.photographNews()[0]).toMatchObject({ done: 3, known: 3, failed: 1 });
    // Dropped again on another day it is tried again.
    worker.refuse = () => null;
    expect(valueOf(await ask(id, false)).collection).toMatchObject({ items: 7, failed: 0 });
  });

  test('one that cannot be decoded for want of memory is known, since nothing else is read beside it', async () => {
    const { readPhotograph } = worker.host;
    let reading = 0;
    worker.handlers = createRecogniseHandlers({
      ...worker.host,
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
    expect(await worker.handlers.gatherFeatures(request, worker.listening())).toEqual(fail(failure));
    const id = worker.news.find((each) => each.stage === 'begun')?.collection.id ?? '';
    expect((await worker.opened(id)).items.at(-1)).toMatchObject({ path: 'others/a.jpg', failure });
  });

  test('a full disk ends it with what is missing, and what was kept stays', async () => {
    const full = new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });
    let room = 6;
    worker.handlers = createRecogniseHandlers({
      ...worker.host,
      folders: Promise.resolve({
        ...worker.folders,
        open: async (id: string, file: string) => {
          const own = await worker.folders.open(id, file);
          const write: typeof own.write = (bytes, at) => {
            if (file.endsWith('features.f32') && room-- <= 0) throw full;
            own.write(bytes, at);
          };
          return { write, truncate: own.truncate.bind(own), flush: () => {}, close: () => {} };
        },
      }),
    });
    expect(await worker.gather(some)).toMatchObject({ ok: false, error: { code: 'storage-full' } });
    const [collection] = valueOf(await worker.handlers.listCollections({}, quiet)).collections;
    expect(collection?.items).toBe(6);
  });

  test('photographs are looked at between two of them, and classes are given', async () => {
    let lookedAtAfter = -1;
    const given: ReturnType<typeof worker.handlers.setClasses>[] = [];
    worker.onNews = (progress) => {
      if (progress.stage !== 'photographs' || given.length > 0 || progress.done === 0) return;
      const { id } = (worker.news.find((each) => each.stage === 'begun') as { collection: { id: string } })
        .collection;
      const asked = worker.pooled.length;
      void worker.enqueue(() => Promise.resolve((lookedAtAfter = worker.pooled.length - asked)));
      given.push(worker.handlers.setClasses({ id, changes: [{ index: 0, className: 'cup' }] }, quiet));
    };
    const { collection } = await worker.gathered(some);
    expect(lookedAtAfter).toBe(0);
    expect((await Promise.all(given)).map(({ ok }) => ok)).toEqual([true]);
    const { items } = await worker.opened(collection.id);
    expect(items.map(({ className }) => className).slice(0, 2)).toEqual(['cup', 'mug']);
  });

  test('a collection of another model is refused, and one that is not there', async () => {
    const { collection } = await worker.gathered(some.slice(0, 1));
    const into = { kind: 'kept', id: collection.id } as const;
    worker.hash = 'cd34';
    expect(await worker.gather(some, into)).toEqual(
      fail({ code: 'collection-other-model', modelTitle: 'another version of Tiny' }),
    );
    worker.hash = 'ab12';
    expect(await worker.gather(some, { kind: 'kept', id: 'gone' })).toEqual(
      fail({ code: 'collection-not-kept' }),
    );
    // The lock is free again.
    expect((await worker.gathered(some, into)).collection.items).toBe(7);
  });

  test('the same network by another key goes into the same collection', async () => {
    const { collection } = await worker.gathered(some.slice(0, 1));
    const into = { kind: 'kept', id: collection.id } as const;
    const other = { key: 'other', reference: model.reference };
    const more = await worker.handlers.gatherFeatures(
      { into, model: other, photographs: some, leavesOutTooLarge: false },
      quiet,
    );
    expect(valueOf(more).collection).toMatchObject({ items: 7, modelKey: 'tiny' });
  });

  test('a collection of an older version knows its model by the key, and from then on by its hash', async () => {
    const { collection } = await worker.gathered(some.slice(0, 1));
    const { id } = collection;
    const kept = await KeptCollection.open(worker.folders, id);
    await kept.change({ modelHash: null });
    const into = { kind: 'kept', id } as const;
    const other = { key: 'other', reference: model.reference };
    expect(
      await worker.handlers.gatherFeatures(
        { into, model: other, photographs: some, leavesOutTooLarge: false },
        quiet,
      ),
    ).toEqual(fail({ code: 'collection-other-model', modelTitle: 'another version of Tiny' }));
    expect((await worker.gathered(some, into)).collection).toMatchObject({ items: 7, modelHash: 'ab12' });
  });

  test('two at once are refused, and so is taking photographs away meanwhile', async () => {
    const busy = fail({ code: 'collection-busy' });
    const refused: Promise<unknown>[] = [];
    worker.onNews = (progress) => {
      if (progress.stage !== 'begun' || refused.length > 0) return;
      const { id } = progress.collection;
      refused.push(
        worker.gather(some),
        worker.handlers.removeItems({ id, indices: [0] }, quiet),
        worker.handlers.removeCollection({ id }, quiet),
      );
    };
    await worker.gathered(some);
    expect(await Promise.all(refused)).toEqual([busy, busy, busy]);
  });

  test('three photographs are read ahead while one is computed, and no more', async () => {
    let begun = 0;
    const ahead: number[] = [];
    const { readPhotograph, pool } = worker.host;
    worker.handlers = createRecogniseHandlers({
      ...worker.host,
      readPhotograph: (blob) => {
        begun += 1;
        return readPhotograph(blob);
      },
      pool: (...request) => {
        ahead.push(begun - worker.pooled.length - 1);
        return pool(...request);
      },
    });
    await worker.gathered(some);
    expect(ahead).toEqual([3, 3, 3, 3, 2, 1, 0]);
  });

  test('progress is told ten times a second at most', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { pool } = worker.host;
    worker.handlers = createRecogniseHandlers({
      ...worker.host,
      pool: (...request) => {
        vi.advanceTimersByTime(30);
        return pool(...request);
      },
    });
    await worker.gathered(Array.from({ length: 40 }, (_, at) => photograph(`${at}.jpg`, `1 ${at}`)));
    vi.useRealTimers();
    const told = worker.photographNews();
    expect(told.length).toBeLessThan(16);
    expect(told.flatMap((each) => each.added)).toHaveLength(40);
    expect(told.at(-1)?.perSecond).toBeCloseTo(1000 / 30, 0);
  });
});
