/** Further questions about a collection: the linear probe, look-alikes and the map. */
import * as tf from '@tensorflow/tfjs-core';
import { beforeEach, describe, expect, test } from 'vitest';
import { fail } from '../core/result.ts';
import { openSafetensors } from '../formats/safetensors.ts';
import { readProbeFile, writeProbeFile } from '../recognise/probe-file.ts';
import {
  CollectionWorker,
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

describe('further questions', () => {
  test('a linear probe tells the classes apart, and its file says the same when it is opened', async () => {
    const { collection } = await worker.gathered([...some, photograph('x.txt', 'hello')]);
    const { id } = collection;
    const before = tf.memory().numTensors;
    const request = { id, feature: 'both', heldOutShare: 0.34, seed: 3, k: 20 } as const;
    const trained = valueOf(await worker.handlers.trainProbe(request, quiet));
    expect(tf.memory().numTensors).toBe(before);
    expect(trained).toMatchObject({ classNames: ['mug', 'other'], heldOut: 2, accuracy: 1, knnAccuracy: 1 });
    expect([...trained.predictions]).toEqual([0, 0, 0, 1, 1, 1, 0, -1]);
    const tensors = valueOf(await openSafetensors(trained.file));
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ['linear.weight', [2, 4]],
      ['linear.bias', [2]],
    ]);
    const again = valueOf(await worker.handlers.openProbe({ id, file: trained.file }, quiet));
    expect(again).toEqual({
      classNames: trained.classNames,
      feature: 'both',
      predictions: trained.predictions,
      shares: trained.shares,
    });
    const other = await worker.gathered(some, {
      kind: 'new',
      title: 'x',
      settings: { ...settings, sidePx: 64 },
    });
    expect(
      await worker.handlers.openProbe({ id: other.collection.id, file: trained.file }, quiet),
    ).toMatchObject({
      ok: false,
      error: { code: 'probe-invalid' },
    });
  });

  test('a probe is known by its network’s hash, and where there is none by the key', async () => {
    const { collection } = await worker.gathered(some);
    const { id } = collection;
    const trained = await worker.handlers.trainProbe(
      { id, feature: 'cls', heldOutShare: 0.2, seed: 1, k: 20 },
      quiet,
    );
    const { probe, facts } = await readProbeFile(valueOf(trained).file);
    expect(facts).toMatchObject({ modelKey: 'tiny', modelHash: 'ab12' });
    const open = (named: Partial<typeof facts>) =>
      worker.handlers.openProbe({ id, file: writeProbeFile(probe, { ...facts, ...named }) }, quiet);
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
    const { collection } = await worker.gathered(some.slice(0, 3));
    expect(
      await worker.handlers.trainProbe(
        { id: collection.id, feature: 'cls', heldOutShare: 0.2, seed: 1, k: 20 },
        quiet,
      ),
    ).toMatchObject({ ok: false, error: { code: 'probe-invalid' } });
  });

  test('look-alikes: the nearest, and groups of near-duplicates', async () => {
    const { collection } = await worker.gathered([
      ...some,
      photograph('copy.jpg', '24 8'),
      photograph('x.txt', 'hello'),
    ]);
    const { nearest, groups, threshold } = valueOf(
      await worker.handlers.lookAlikes({ id: collection.id, feature: 'copy', of: 6, count: 3 }, quiet),
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
      await worker.handlers.lookAlikes({ id: collection.id, feature: 'copy', of: 8, count: 3 }, quiet),
    );
    expect(none.nearest).toBeNull();
  });

  test.each(['pca', 'umap'] as const)(
    'a map by %s lays classes apart, and is the same each time',
    async (method) => {
      const many = Array.from({ length: 40 }, (_, at) =>
        photograph(`${at}.jpg`, at % 2 === 0 ? `100 ${at}` : `${at} 100`, at % 2 === 0 ? 'even' : 'odd'),
      );
      const { collection } = await worker.gathered([...many, photograph('x.txt', 'hello')]);
      const request = { id: collection.id, feature: 'cls', method, seed: 5 } as const;
      const { places } = valueOf(await worker.handlers.layOut(request, quiet));
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
      expect(valueOf(await worker.handlers.layOut(request, quiet)).places).toEqual(places);
    },
  );

  test('a map of one photograph, and of none', async () => {
    const one = await worker.gathered([photograph('a.jpg', '1 0')]);
    const request = { feature: 'cls', method: 'umap', seed: 1 } as const;
    const { places } = valueOf(await worker.handlers.layOut({ ...request, id: one.collection.id }, quiet));
    expect([...places]).toEqual([0, 0]);
    const none = await worker.gathered([]);
    expect([
      ...valueOf(await worker.handlers.layOut({ ...request, id: none.collection.id }, quiet)).places,
    ]).toEqual([]);
  });
});
