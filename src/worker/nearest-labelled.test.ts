import { describe, expect, test } from 'vitest';
import { randomStream } from '../core/random.ts';
import { plainDots } from '../recognise/dot-products.ts';
import type { FeatureVectors } from '../recognise/feature-vectors.ts';
import { findNeighbours } from '../recognise/knn.ts';
import { rowsOf } from '../recognise/train-probe.ts';
import { NearestLabelled, type AskedAnew } from './nearest-labelled.ts';

const channels = 8;

/** Of length 1; every fifth one is the same as the one before it, so that some are equally near. */
function vectorsOf(count: number, seed: number): FeatureVectors {
  const random = randomStream(seed);
  const values = new Float32Array(count * channels);
  for (let item = 0; item < count; item++) {
    const row = values.subarray(item * channels, (item + 1) * channels);
    if (item % 5 === 4) row.set(values.subarray((item - 1) * channels, item * channels));
    else for (let i = 0; i < channels; i++) row[i] = random.normal();
    const length = Math.hypot(...row);
    for (let i = 0; i < channels; i++) row[i] = (row[i] as number) / length;
  }
  return { count, channels, values };
}

const first = ({ values }: FeatureVectors, count: number): FeatureVectors => ({
  count,
  channels,
  values: values.slice(0, count * channels),
});

/** Asks all of them by plain loops. @param asked counts how often */
const plainly = (vectors: FeatureVectors, asked = { times: 0 }): AskedAnew => ({
  dotsWith: (bank) => {
    asked.times += 1;
    return Promise.resolve({ dots: plainDots(vectors, rowsOf(vectors, bank)), dispose: () => undefined });
  },
  afterBlock: () => undefined,
});

/** The neighbours as they are found with nothing kept. */
const expected = (vectors: FeatureVectors, inBank: readonly boolean[], k: number) =>
  findNeighbours({
    queries: vectors.count,
    bank: vectors.count,
    k,
    dots: plainDots(vectors, vectors),
    own: Array.from({ length: vectors.count }, (_, item) => item),
    counts: (item) => inBank[item] === true,
  });

const everyone = (count: number): boolean[] => Array.from({ length: count }, () => true);

test('after any changes the neighbours are those that would be found anew', async () => {
  const all = vectorsOf(160, 1);
  const random = randomStream(2);
  const k = 5;
  const kept = new NearestLabelled(first(all, 40), k);
  let inBank: boolean[] = [];
  for (let change = 0; change < 60; change++) {
    const count = Math.min(160, 40 + 3 * change);
    const vectors = first(all, count);
    // Now one item, now many at once; now most of them have a class, now hardly any.
    const share = change % 7 === 6 ? 0.6 : 0.03;
    const wanted = change % 20 < 10 ? 0.9 : 0.05;
    inBank = Array.from({ length: count }, (_, item) =>
      random.next() < share ? random.next() < wanted : (inBank[item] ?? random.next() < 0.5),
    );
    await kept.update(vectors, inBank, plainly(vectors));
    expect(kept.neighbours(k, everyone(count)), `change ${change}`).toEqual(
      await expected(vectors, inBank, k),
    );
    expect(kept.neighbours(2, everyone(count))).toEqual(await expected(vectors, inBank, 2));
  }
});

describe('of many photographs', () => {
  const many = vectorsOf(600, 3);
  const inBank = Array.from({ length: 600 }, (_, item) => item % 3 > 0);

  test('all are asked on the device once, and then only those that changed', async () => {
    const asked = { times: 0 };
    const kept = new NearestLabelled(many, 3, 1e6);
    await kept.update(many, inBank, plainly(many, asked));
    expect(asked.times).toBe(1);
    const changed = inBank.with(0, true).with(1, false);
    await kept.update(many, changed, plainly(many, asked));
    expect(asked.times).toBe(1);
    expect(kept.neighbours(3, everyone(600))).toEqual(await expected(many, changed, 3));
  });

  test('a device that has no room leaves nothing half done', async () => {
    const kept = new NearestLabelled(many, 3, 1e5);
    await kept.update(many, inBank, plainly(many));
    const changed = inBank.map((isIn) => !isIn);
    const refused = { ...plainly(many), dotsWith: () => Promise.reject(new Error('no room')) };
    await expect(kept.update(many, changed, refused)).rejects.toThrow('no room');
    await kept.update(many, changed, plainly(many));
    expect(kept.neighbours(3, everyone(600))).toEqual(await expected(many, changed, 3));
  });

  test('a stop in the middle leaves nothing half done', async () => {
    const kept = new NearestLabelled(many, 3, 1e6);
    const stopped = {
      ...plainly(many),
      afterBlock: () => {
        throw new Error('stopped');
      },
    };
    await expect(kept.update(many, inBank, stopped)).rejects.toThrow('stopped');
    await kept.update(many, inBank, plainly(many));
    expect(kept.neighbours(3, everyone(600))).toEqual(await expected(many, inBank, 3));
  });
});

test('one without features has no neighbours, and fewer than k leave places empty', async () => {
  const vectors = vectorsOf(4, 4);
  const kept = new NearestLabelled(vectors, 3);
  await kept.update(vectors, [true, false, true, false], plainly(vectors));
  const { items, cosines } = kept.neighbours(3, [true, true, true, false]);
  expect([...items.subarray(9)]).toEqual([-1, -1, -1]);
  expect([...items.subarray(0, 3)]).toEqual([2, -1, -1]);
  expect([...cosines.subarray(1, 3)]).toEqual([0, 0]);
  expect(kept.serves(3)).toBe(true);
  expect(kept.serves(4)).toBe(false);
});
