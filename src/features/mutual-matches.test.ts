import { describe, expect, it } from 'vitest';
import { randomStream } from '../core/random.ts';
import { expectedClusters } from '../testing/similarity-fixtures.ts';
import { clusterByCosines } from './cluster.ts';
import { mutualMatches, thinMatches } from './mutual-matches.ts';

/** @param points of length 1, shape [points, channels] @returns shape [points, points] */
const cosinesOf = (points: readonly ArrayLike<number>[]): Float32Array =>
  Float32Array.from(
    points.flatMap((a) =>
      points.map((b) => Array.from(a).reduce((sum, value, i) => sum + value * (b[i] as number), 0)),
    ),
  );

const unit = (angle: number): number[] => [Math.cos(angle), Math.sin(angle)];

describe('clusterByCosines', () => {
  it.each(expectedClusters)('makes the clusters that NumPy makes: $count of $points.length', async (each) => {
    const { points, count, clusters } = each;
    expect([...(await clusterByCosines(cosinesOf(points), points.length, count))]).toEqual(clusters);
  });

  it('finds groups that are far apart, each in one cluster, every time', async () => {
    const random = randomStream(1);
    const groups = Array.from({ length: 60 }, () => random.below(4));
    const points = groups.map((group) => unit(group * 1.5 + random.uniform(-0.1, 0.1)));
    const clusters = await clusterByCosines(cosinesOf(points), points.length, 4);
    const names = new Map(groups.map((group, at) => [group, clusters[at]]));
    expect(new Set(names.values()).size).toBe(4);
    expect([...clusters]).toEqual(groups.map((group) => names.get(group)));
    expect(await clusterByCosines(cosinesOf(points), points.length, 4)).toEqual(clusters);
  });

  it('makes fewer clusters where fewer points differ', async () => {
    const points = [unit(0), unit(0), unit(1), unit(1), unit(1)];
    const clusters = await clusterByCosines(cosinesOf(points), 5, 4);
    expect(new Set(clusters).size).toBe(2);
    expect(await clusterByCosines(new Float32Array(0), 0, 4)).toHaveLength(0);
    expect([...(await clusterByCosines(cosinesOf([unit(2)]), 1, 10))]).toEqual([0]);
  });
});

describe('mutualMatches', () => {
  it('are pairs in which each is the other’s nearest', () => {
    const ofFirst = { patches: Int32Array.of(2, 0, 1), cosines: Float32Array.of(0.5, 0.75, 0.25) };
    const ofSecond = { patches: Int32Array.of(1, 1, 0, 2), cosines: Float32Array.of(0.75, 0.3, 0.5, 0.1) };
    expect(mutualMatches(ofFirst, ofSecond)).toEqual([
      { first: 0, second: 2, cosine: 0.5 },
      { first: 1, second: 0, cosine: 0.75 },
    ]);
  });
});

describe('thinMatches', () => {
  it('takes the most salient pair of each cluster, the most salient first', async () => {
    const points = [0, 0.1, 2, 2.1, 2.2, 4].map(unit);
    const saliency = [0.2, 0.1, 0.3, 0.9, 0.9, 0.5];
    expect(await thinMatches(cosinesOf(points), saliency, 3)).toEqual([3, 5, 0]);
    expect(await thinMatches(cosinesOf(points), saliency, 1)).toEqual([3]);
    expect(await thinMatches(cosinesOf(points), saliency, 50)).toHaveLength(6);
    expect(await thinMatches(new Float32Array(0), [], 10)).toEqual([]);
  });
});
