import { describe, expect, test } from 'vitest';
import type { HeadMaps } from '../../src/attention/head-maps.ts';
import type { Objects } from '../../src/score/objects.ts';
import { averagePhotos, scoreHeads, truthOf, type ScoredPhoto, type Scores } from './scores.ts';

const box = { top: 0, left: 0, height: 2, width: 2 };
/** Two heads on 2 × 2 patches: the first looks up, the second at the left. */
const maps = {
  numHeads: 2,
  rows: 2,
  columns: 2,
  maps: Float32Array.of(0.45, 0.45, 0.05, 0.05, 0.5, 0, 0.5, 0),
};

function score(scored: HeadMaps, objects: Objects): Scores {
  const grid = { rows: 2, columns: 2, box, photoSizePx: { height: 2, width: 2 } };
  return scoreHeads(scored, grid, truthOf(objects, grid));
}
const jaccards = ({ heads }: Scores): number[] => heads.map(({ jaccard }) => jaccard);

describe('one photograph', () => {
  test('is scored by the head that fits its object best, and each head by its box too', () => {
    const left = { height: 2, width: 2, count: 1, labels: Uint8Array.of(1, 0, 1, 0) };
    // The mean is 0.475, 0.225, 0.275, 0.025: its mask is the left column too.
    expect(score(maps, left)).toEqual({
      bestHead: { jaccard: 1, found: 1 },
      meanOverHeads: { jaccard: 1, found: 1 },
      heads: [
        { jaccard: 1 / 3, found: 0 },
        { jaccard: 1, found: 1 },
      ],
    });
  });

  test('with two objects takes the best head for each, and then their mean', () => {
    const two = { height: 2, width: 2, count: 2, labels: Uint8Array.of(1, 1, 2, 0) };
    const found = score(maps, two);
    // Up fits object 1 whole and object 2 not at all; the left fits each by a third and a half.
    expect(found.bestHead.jaccard).toBe((1 + 1 / 2) / 2);
    expect(jaccards(found)).toEqual([(1 + 0) / 2, (1 / 3 + 1 / 2) / 2]);
    expect(found.meanOverHeads.jaccard).toBe((1 / 3 + 1 / 2) / 2);
    // A box that overlaps one of the objects by half has found it.
    expect(found.heads.map((head) => head.found)).toEqual([1, 1]);
  });

  test('a head’s box holds its largest part alone', () => {
    // Two patches at the upper left, one at the lower right, of 3 × 3.
    const scattered: HeadMaps = {
      numHeads: 1,
      rows: 3,
      columns: 3,
      maps: Float32Array.of(0.2, 0.2, 0, 0.13, 0.13, 0.13, 0, 0, 0.21),
    };
    const objects = { height: 3, width: 3, count: 1, labels: Uint8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 0) };
    const grid = {
      rows: 3,
      columns: 3,
      box: { top: 0, left: 0, height: 3, width: 3 },
      photoSizePx: { height: 3, width: 3 },
    };
    const [head] = scoreHeads(scattered, grid, truthOf(objects, grid)).heads;
    expect(head).toEqual({ jaccard: 2 / 3, found: 1 });
  });
});

describe('many photographs', () => {
  const photo = (sequence: string | null, jaccard: number, found = 0): ScoredPhoto => ({
    sequence,
    fits: { lost: { jaccard, found }, heads: { jaccard: jaccard / 2, found: 1 } },
  });

  test('count the same, where they are no frames', () => {
    const average = averagePhotos([photo(null, 0.25), photo(null, 0.5, 1), photo(null, 0.75)]);
    expect(average).toEqual({
      photographs: 3,
      units: 3,
      fits: {
        lost: {
          // The standard deviation is a quarter.
          jaccard: { mean: 0.5, error: expect.closeTo(0.25 / Math.sqrt(3), 12) as number },
          // Of 1, 0, 0 the variance is a third.
          corLoc: { mean: expect.closeTo(1 / 3, 12) as number, error: expect.closeTo(1 / 3, 12) as number },
        },
        heads: {
          jaccard: { mean: 0.25, error: expect.closeTo(0.125 / Math.sqrt(3), 12) as number },
          corLoc: { mean: 1, error: 0 },
        },
      },
    });
  });

  test('are averaged by sequence first', () => {
    const average = averagePhotos([
      photo('dog', 0.5),
      photo('cow', 1, 1),
      photo('cow', 0.5),
      photo('cow', 0),
    ]);
    expect(average).toMatchObject({ photographs: 4, units: 2 });
    expect(average.fits['lost']?.jaccard).toEqual({ mean: 0.5, error: 0 });
    expect(average.fits['lost']?.corLoc.mean).toBeCloseTo(1 / 6, 12);
  });

  test('have an error only from two on', () => {
    const { fits } = averagePhotos([photo('dog', 0.5), photo('dog', 0.25)]);
    expect(fits['lost']?.jaccard.error).toBeNull();
  });
});
