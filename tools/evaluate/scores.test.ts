import { describe, expect, test } from 'vitest';
import { averagePhotos, scorePhoto, type ScoredPhoto, type Scores } from './scores.ts';

const box = { top: 0, left: 0, height: 2, width: 2 };
/** Two heads on 2 × 2 patches: the first looks up, the second at the left. */
const maps = {
  numHeads: 2,
  rows: 2,
  columns: 2,
  maps: Float32Array.of(0.45, 0.45, 0.05, 0.05, 0.5, 0, 0.5, 0),
};

describe('one photograph', () => {
  test('is scored by the head that fits its object best', () => {
    const left = { height: 2, width: 2, count: 1, labels: Uint8Array.of(1, 0, 1, 0) };
    // The mean is 0.475, 0.225, 0.275, 0.025: its mask is the left column too.
    expect(scorePhoto(maps, box, left)).toEqual({ bestHead: 1, meanOverHeads: 1, heads: [1 / 3, 1] });
  });

  test('with two objects takes the best head for each, and then their mean', () => {
    const two = { height: 2, width: 2, count: 2, labels: Uint8Array.of(1, 1, 2, 0) };
    const { bestHead, meanOverHeads, heads } = scorePhoto(maps, box, two);
    // Up fits object 1 whole and object 2 not at all; the left fits each by a third and a half.
    expect(bestHead).toBe((1 + 1 / 2) / 2);
    expect(heads).toEqual([(1 + 0) / 2, (1 / 3 + 1 / 2) / 2]);
    expect(meanOverHeads).toBe((1 / 3 + 1 / 2) / 2);
  });
});

describe('many photographs', () => {
  const photo = (sequence: string | null, bestHead: number): ScoredPhoto => {
    const scores: Scores = { bestHead, meanOverHeads: bestHead / 2, heads: [bestHead, 0] };
    return { sequence, scores };
  };

  test('count the same, where they are no frames', () => {
    const average = averagePhotos([photo(null, 0.25), photo(null, 0.5), photo(null, 0.75)]);
    // The standard deviation is a quarter.
    expect(average).toEqual({
      bestHead: 0.5,
      meanOverHeads: 0.25,
      heads: [0.5, 0],
      bestHeadError: expect.closeTo(0.25 / Math.sqrt(3), 12),
      photographs: 3,
      units: 3,
    });
  });

  test('are averaged by sequence first', () => {
    const average = averagePhotos([photo('dog', 0.5), photo('cow', 1), photo('cow', 0.5), photo('cow', 0)]);
    expect(average).toMatchObject({ bestHead: 0.5, photographs: 4, units: 2, bestHeadError: 0 });
    expect(averagePhotos([photo('dog', 1), photo('cow', 0), photo('cow', 0)]).bestHead).toBe(0.5);
  });

  test('have an error only from two on', () => {
    expect(averagePhotos([photo('dog', 0.5), photo('dog', 0.25)]).bestHeadError).toBeNull();
  });
});
