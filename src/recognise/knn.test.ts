import { describe, expect, test } from 'vitest';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { recognitionCases } from '../testing/recognition-fixtures.ts';
import { plainDots } from './dot-products.ts';
import { featureVectors, type FeatureVectors } from './feature-vectors.ts';
import { accuracyOf, countConfusion, findNeighbours, vote } from './knn.ts';

const vectorsOf = (...values: number[][]): FeatureVectors => ({
  count: values.length,
  channels: values[0]?.length ?? 0,
  values: Float32Array.from(values.flat()),
});

describe.each(recognitionCases)('$name', (each) => {
  const { bank, queries, channels, kind, classCount, classesOfBank, classesOfQueries } = each;
  const ofBank = featureVectors(bank, channels, kind);
  const ofQueries = featureVectors(queries, channels, kind);

  test('vectors equal NumPy’s', () => {
    expect(ofBank.values).toHaveLength(each.vectors.length);
    expect(maxAbsDifference(ofBank.values, each.vectors)).toBeLessThan(1e-6);
  });

  test.each([
    ['of other photographs', ofQueries, classesOfQueries, each.ofQueries, false],
    ['of the bank’s own, each left out', ofBank, classesOfBank, each.leaveOneOut, true],
  ] as const)(
    'neighbours and votes %s equal NumPy’s official script',
    async (_, asked, classes, expected, isOwn) => {
      for (const { k, predictions, shares, confusion, accuracy } of expected.votes) {
        const found = await findNeighbours({
          queries: asked.count,
          bank: ofBank.count,
          k,
          dots: plainDots(asked, ofBank),
          ...(isOwn ? { own: classes.map((_class, item) => item) } : {}),
        });
        const most = expected.items.length / asked.count;
        const those = <T>(all: ArrayLike<T>, empty: T): T[] =>
          Array.from({ length: asked.count * k }, (_slot, at) => {
            const rank = at % k;
            return rank < most ? (all[Math.floor(at / k) * most + rank] as T) : empty;
          });
        expect([...found.items]).toEqual(those(expected.items, -1));
        expect(maxAbsDifference(found.cosines, those(expected.cosines, 0))).toBeLessThan(1e-6);
        const votes = vote(found, classesOfBank, classCount);
        expect([...votes.predictions]).toEqual(predictions);
        expect(maxAbsDifference(votes.shares, shares)).toBeLessThan(1e-5);
        expect([...countConfusion(votes.predictions, classes, classCount)]).toEqual(confusion);
        expect(accuracyOf(votes.predictions, classes)).toBeCloseTo(accuracy, 12);
      }
    },
  );

  test('fewer of the neighbours that were found vote as if no more had been found', async () => {
    const dots = plainDots(ofQueries, ofBank);
    const found = await findNeighbours({ queries: ofQueries.count, bank: ofBank.count, k: 100, dots });
    for (const { k, predictions } of each.ofQueries.votes)
      expect([...vote(found, classesOfBank, classCount, k).predictions]).toEqual(predictions);
  });
});

test('of equally near neighbours the first is taken, and of equal votes the first class', async () => {
  const bank = vectorsOf([0, 1], [1, 0], [1, 0], [1, 0]);
  const dots = plainDots(vectorsOf([1, 0]), bank);
  const found = await findNeighbours({ queries: 1, bank: 4, k: 2, dots });
  expect([...found.items]).toEqual([1, 2]);
  expect([...vote(found, [0, 2, 1, 1], 3).predictions]).toEqual([1]);
});

test('only what counts is asked, and who has nobody to ask gets no prediction', async () => {
  const bank = vectorsOf([1, 0], [0.8, 0.6], [0, 1]);
  const dots = plainDots(bank, bank);
  const question = { queries: 3, bank: 3, k: 2, dots, own: [0, 1, 2] };
  const one = await findNeighbours({ ...question, counts: (item) => item === 1 });
  expect([...one.items]).toEqual([1, -1, -1, -1, 1, -1]);
  const votes = vote(one, [-1, 0, -1], 1);
  expect([...votes.predictions]).toEqual([0, -1, 0]);
  expect([...votes.shares]).toEqual([1, 0, 1]);
  expect(accuracyOf(votes.predictions, [0, 0, -1])).toBe(1);
  expect(accuracyOf([-1, -1], [0, 1])).toBeNull();
  expect([...vote(one, [-1, -1, -1], 0).predictions]).toEqual([-1, -1, -1]);
});

test('the same comes of large banks, which are asked block by block, with the share that is done', async () => {
  const count = 1500;
  const bank: FeatureVectors = {
    count,
    channels: 2,
    values: Float32Array.from({ length: count }, (_, at) => at).reduce(
      (all, at) => {
        all.set([Math.cos(at / count), Math.sin(at / count)], at * 2);
        return all;
      },
      new Float32Array(count * 2),
    ),
  };
  const shares: number[] = [];
  const { items } = await findNeighbours({
    queries: count,
    bank: count,
    k: 2,
    dots: plainDots(bank, bank),
    own: Array.from({ length: count }, (_, item) => item),
    afterBlock: (share) => void shares.push(share),
  });
  for (let item = 1; item < count - 1; item++)
    expect([...items.subarray(item * 2, item * 2 + 2)].toSorted((a, b) => a - b)).toEqual([
      item - 1,
      item + 1,
    ]);
  expect(shares.length).toBeGreaterThan(1);
  expect(shares.at(-1)).toBe(1);
});
