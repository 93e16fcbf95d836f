/** Votes on the photographs of a collection, and what becomes of them when photographs or classes change. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { FailureError, type Failure } from '../core/failure.ts';
import { fail, type Result } from '../core/result.ts';
import { readProbeFile } from '../recognise/probe-file.ts';
import { arraysOfAnswer, type RecogniseAnswer } from './recognise-arrays.ts';
import { createRecogniseHandlers } from './recognise-handlers.ts';
import { CollectionWorker, model, photograph, quiet, some, valueOf } from '../testing/collection-worker.ts';

let worker: CollectionWorker;

beforeEach(async () => {
  worker = await CollectionWorker.open();
});

describe('votes', () => {
  test('leave the photograph itself out, and tell accuracy, confusion and those that voted', async () => {
    const { collection } = await worker.gathered(some);
    const { classNames, predictions, accuracy, confusion, neighbours, shares } = await worker.voted(
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
    const { collection } = await worker.gathered([...some, ...bad]);
    const { id } = collection;
    expect(collection.classNames).toEqual(['mug', 'other']);
    const { classNames, confusion } = await worker.voted(id, 2);
    expect([classNames, [...confusion]]).toEqual([
      ['mug', 'other'],
      [3, 0, 0, 3],
    ]);
    const trained = await worker.handlers.trainProbe(
      { id, feature: 'cls', heldOutShare: 0.3, seed: 1, k: 20 },
      quiet,
    );
    const { facts, probe } = await readProbeFile(valueOf(trained).file);
    expect([facts.classNames, probe.classCount]).toEqual([['mug', 'other'], 2]);
  });

  test('change at once with a class, in this visit and the next', async () => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    await worker.voted(id, 2);
    const changes = [0, 1, 2].map((index) => ({ index, className: 'cup' }));
    const changed = valueOf(await worker.handlers.setClasses({ id, changes }, quiet));
    expect(changed.collection.classNames).toEqual(['cup', 'other']);
    const { classNames, predictions } = await worker.voted(id, 2);
    expect([...predictions].map((at) => classNames[at])).toEqual([
      'cup',
      'cup',
      'cup',
      'other',
      'other',
      'other',
      'cup',
    ]);
    await worker.handlers.setClasses(
      { id, changes: changes.map(({ index }) => ({ index, className: null })) },
      quiet,
    );
    expect([...(await worker.voted(id, 2)).predictions]).toEqual([0, 0, 0, 0, 0, 0, 0]);
    worker.handlers = createRecogniseHandlers(worker.host);
    expect([...(await worker.voted(id, 2)).predictions]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  test('know a class that is still being written, and forget it where it cannot be', async () => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    const { open } = worker.folders;
    let isFull = false;
    worker.folders.open = async (...args) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (isFull) throw new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });
      return open(...args);
    };
    const given = worker.handlers.setClasses({ id, changes: [{ index: 6, className: 'cup' }] }, quiet);
    expect((await worker.voted(id, 2)).classNames).toEqual(['cup', 'mug', 'other']);
    valueOf(await given);
    isFull = true;
    const refused = worker.handlers.setClasses({ id, changes: [{ index: 6, className: 'jug' }] }, quiet);
    expect(await refused).toMatchObject({ ok: false, error: { code: 'storage-full' } });
    expect((await worker.voted(id, 2)).classNames).toEqual(['cup', 'mug', 'other']);
  });

  test('forget a class that could not be kept, since another window is changing the collection', async () => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    const held = () => Promise.reject(new DOMException('held', 'TimeoutError'));
    vi.stubGlobal('navigator', { locks: { request: held } });
    const refused = await worker.handlers.setClasses(
      { id, changes: [{ index: 6, className: 'jug' }] },
      quiet,
    );
    vi.unstubAllGlobals();
    expect(refused).toEqual(fail({ code: 'collection-busy' }));
    expect((await worker.voted(id, 2)).classNames).toEqual(['mug', 'other']);
  });

  test('where nobody has a class say nothing', async () => {
    const { collection } = await worker.gathered([photograph('a.jpg', '1 0'), photograph('b.jpg', '0 1')]);
    const { predictions, accuracy, shares, confusion } = await worker.voted(collection.id);
    expect([[...predictions], accuracy, [...shares], [...confusion]]).toEqual([[-1, -1], null, [], []]);
  });

  test('of one class have no accuracy, since none could be wrong', async () => {
    const { collection } = await worker.gathered(some.slice(0, 3));
    const { classNames, accuracy } = await worker.voted(collection.id, 2);
    expect([classNames, accuracy]).toEqual([['mug'], null]);
  });

  test('an abort leaves look-alikes at once, and no tensor behind', async () => {
    const many = Array.from({ length: 300 }, (_, at) =>
      photograph(`${at}.jpg`, `${1 + (at % 17)} ${at % 23}`, at % 2 === 0 ? 'even' : 'odd'),
    );
    const { collection } = await worker.gathered(many);
    const { id } = collection;
    const before = tf.memory().numTensors;
    const controller = new AbortController();
    const aborted = await worker.handlers.lookAlikes(
      { id, feature: 'cls', of: 0, count: 5 },
      { signal: controller.signal, onProgress: () => controller.abort() },
    );
    expect(aborted).toEqual(fail({ code: 'cancelled' }));
    // Groups are found to their end, for whoever asks next.
    const next = valueOf(await worker.handlers.lookAlikes({ id, feature: 'cls', of: 1, count: 5 }, quiet));
    expect(next.nearest?.items).toHaveLength(5);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('what is removed', () => {
  test('photographs leave the votes, and the others are counted anew', async () => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    await worker.voted(id, 2);
    const left = valueOf(await worker.handlers.removeItems({ id, indices: [0, 3] }, quiet)).collection;
    expect(left.items).toBe(5);
    expect((await worker.opened(id)).items.map(({ path }) => path)).toEqual(
      some.filter((_, at) => at !== 0 && at !== 3).map(({ path }) => path),
    );
    expect([...(await worker.voted(id, 1)).predictions]).toEqual([0, 0, 1, 1, 0]);
    // They can come again.
    expect((await worker.gathered(some, { kind: 'kept', id })).collection.items).toBe(7);
  });

  test('comes back with its class, its features and its small picture, or the reason why it failed', async () => {
    const { collection } = await worker.gathered([...some, photograph('x.txt', 'hello', 'mug')]);
    const { id } = collection;
    const before = await worker.opened(id);
    valueOf(await worker.handlers.setClasses({ id, changes: [{ index: 0, className: 'cup' }] }, quiet));
    const { removed } = valueOf(await worker.handlers.removeItems({ id, indices: [0, 3, 7] }, quiet));
    // One of them has come again meanwhile.
    await worker.gathered(some.slice(3, 4), { kind: 'kept', id });
    worker.pooled = [];
    const back = valueOf(await worker.handlers.putBack({ id, removed }, quiet)).collection;
    expect(back).toMatchObject({ items: 8, failed: 1, classNames: ['cup', 'mug', 'other'] });
    worker.handlers = createRecogniseHandlers(worker.host);
    const { items, thumbnails, thumbnailEnds } = await worker.opened(id);
    expect(items.slice(5).map(({ path, className, failure }) => [path, className, failure])).toEqual([
      ['others/a.jpg', 'other', null],
      ['mugs/a.jpg', 'cup', null],
      ['x.txt', 'mug', before.items[7]?.failure],
    ]);
    const bytes = new Uint8Array(await thumbnails.arrayBuffer());
    expect([...bytes.subarray(thumbnailEnds[5], thumbnailEnds[6])]).toEqual([1, 0]);
    // 1 0 lies next to 9 1 and then 8 2, by what was kept: nothing is computed.
    const { neighbours } = await worker.voted(id, 2);
    expect([...neighbours.items.subarray(12, 14)].map((at) => items[at]?.path)).toEqual([
      'mugs/b.jpg',
      'mugs/c.jpg',
    ]);
    expect(worker.pooled).toEqual([]);
  });

  test('by another window make this one open the collection anew, before an index means another photograph', async () => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    const other = createRecogniseHandlers(worker.host);
    valueOf(await other.removeItems({ id, indices: [0] }, quiet));
    const changes = [{ index: 0, className: 'cup' }];
    const changed = fail({ code: 'collection-changed' });
    expect(await worker.handlers.setClasses({ id, changes }, quiet)).toEqual(changed);
    expect(await worker.handlers.removeItems({ id, indices: [0] }, quiet)).toEqual(changed);
    expect(await worker.gather(some, { kind: 'kept', id })).toEqual(changed);
    expect((await worker.opened(id)).items.map(({ className }) => className)).not.toContain('cup');
    valueOf(await worker.handlers.setClasses({ id, changes }, quiet));
    expect((await worker.opened(id)).items[0]).toMatchObject({ path: 'mugs/b.jpg', className: 'cup' });
  });

  type Others = ReturnType<typeof createRecogniseHandlers>;
  const photographs = [photograph('e.jpg', '3 2')];
  test.each<[string, (other: Others, id: string) => Promise<Result<unknown, Failure>>]>([
    ['a class', (other, id) => other.setClasses({ id, changes: [{ index: 0, className: 'cup' }] }, quiet)],
    [
      'a further photograph',
      (other, id) =>
        other.gatherFeatures(
          { into: { kind: 'kept', id }, model, photographs, leavesOutTooLarge: false },
          quiet,
        ),
    ],
    ['a photograph less', (other, id) => other.removeItems({ id, indices: [0] }, quiet)],
  ])('by another window, %s: nothing is answered before this one has read it', async (_, change) => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    await worker.opened(id);
    // What this window does itself it knows.
    valueOf(await worker.handlers.setClasses({ id, changes: [{ index: 6, className: 'mug' }] }, quiet));
    await worker.voted(id);
    valueOf(await change(createRecogniseHandlers(worker.host), id));
    const changed = fail({ code: 'collection-changed' });
    const common = { id, feature: 'cls' } as const;
    expect(await worker.handlers.vote({ ...common, k: 2 }, quiet)).toEqual(changed);
    expect(await worker.handlers.lookAlikes({ ...common, of: 0, count: 2 }, quiet)).toEqual(changed);
    expect(await worker.handlers.layOut({ ...common, method: 'pca', seed: 0 }, quiet)).toEqual(changed);
    const { items } = await worker.opened(id);
    expect((await worker.voted(id)).predictions).toHaveLength(items.length);
  });

  test('in another collection that was in memory meanwhile are no other window’s', async () => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    await worker.opened(id);
    await worker.gathered([photograph('f.jpg', '1 2')]);
    await worker.voted(id);
    valueOf(await worker.handlers.setClasses({ id, changes: [{ index: 0, className: 'cup' }] }, quiet));
    expect((await worker.voted(id)).classNames).toEqual(['cup', 'mug', 'other']);
  });

  test('a collection leaves nothing, and a name can be changed', async () => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    expect(
      valueOf(await worker.handlers.renameCollection({ id, title: 'Cups' }, quiet)).collection.title,
    ).toBe('Cups');
    expect((await worker.opened(id)).collection.title).toBe('Cups');
    expect(valueOf(await worker.handlers.removeCollection({ id }, quiet)).collections).toEqual([]);
    expect(await worker.folders.list()).toEqual([]);
    expect(await worker.handlers.openCollection({ id }, quiet)).toEqual(
      fail({ code: 'collection-not-kept' }),
    );
  });
});

describe('each answer', () => {
  /** Of a value, however deep they lie. */
  const arraysIn = (value: unknown): unknown[] => {
    if (ArrayBuffer.isView(value)) return [value];
    return typeof value === 'object' && value !== null ? Object.values(value).flatMap(arraysIn) : [];
  };

  test('gives its arrays away, and is the same the next time', async () => {
    const { collection } = await worker.gathered([...some, photograph('copy.jpg', '24 8')]);
    const { id } = collection;
    const common = { id, feature: 'cls' } as const;
    const questions = {
      openCollection: () => worker.handlers.openCollection({ id }, quiet),
      vote: () => worker.handlers.vote({ ...common, k: 2 }, quiet),
      trainProbe: () => worker.handlers.trainProbe({ ...common, heldOutShare: 0.3, seed: 1, k: 20 }, quiet),
      openProbe: async () => {
        const { file } = valueOf(await questions.trainProbe());
        return worker.handlers.openProbe({ id, file }, quiet);
      },
      lookAlikes: () => worker.handlers.lookAlikes({ ...common, of: 6, count: 3 }, quiet),
      layOut: () => worker.handlers.layOut({ ...common, method: 'pca', seed: 1 }, quiet),
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
