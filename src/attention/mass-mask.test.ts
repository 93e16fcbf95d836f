import { describe, expect, it } from 'vitest';
import official from '../../tools/reference/fixtures/mass-masks.json' with { type: 'json' };
import { massMask, massThreshold, rankByMass } from './mass-mask.ts';

const maskOf = (map: readonly number[], share: number): number[] => {
  const ranking = rankByMass(Float32Array.from(map));
  return [...massMask(ranking, massThreshold(ranking, share))];
};

describe('the mass mask', () => {
  // Shares by hand: 8, 4, 2, 2 sixteenths; ascending and cumulated 2, 4, 8, 16 sixteenths = .125 .25 .5 1.
  const map = [0.25, 0.0625, 0.125, 0.0625];

  it('keeps the smallest set of patches that holds the share', () => {
    expect(maskOf(map, 0.4)).toEqual([1, 0, 0, 0]);
    expect(maskOf(map, 0.6)).toEqual([1, 0, 1, 0]);
  });

  it('drops what ends exactly at 1 − share, as the official > does', () => {
    expect(maskOf(map, 0.5)).toEqual([1, 0, 0, 0]);
    expect(maskOf(map, 0.75)).toEqual([1, 0, 1, 0]);
  });

  it('keeps everything for a share of 1 and nothing of a map without mass', () => {
    expect(maskOf(map, 1)).toEqual([1, 1, 1, 1]);
    expect(maskOf([0, 0, 0], 0.6)).toEqual([0, 0, 0]);
  });

  it('orders 0 and 1 as other values, those that are equal by their place', () => {
    const twoValues = [1, 0, 1, 1, 0];
    const { order, values } = rankByMass(Float32Array.from(twoValues));
    expect([[...order], [...values]]).toEqual([
      [1, 4, 0, 2, 3],
      [0, 0, 1, 1, 1],
    ]);
    expect(order).toEqual(rankByMass(Float32Array.from(twoValues, (value) => value / 2)).order);
    expect(maskOf(twoValues, 1)).toEqual(twoValues);
  });

  it('does not depend on the sum of the map', () => {
    expect(
      maskOf(
        map.map((value) => value * 0.37),
        0.6,
      ),
    ).toEqual(maskOf(map, 0.6));
  });

  it('says how many patches are kept, what they hold and the level between kept and dropped', () => {
    const threshold = massThreshold(rankByMass(Float32Array.from(map)), 0.6);
    expect(threshold).toEqual({ firstKept: 2, keptPatches: 2, level: 0.09375 });
  });

  it('separates kept from dropped by the level at every share', () => {
    const values = Array.from({ length: 97 }, (_, i) => ((i * 37) % 97) + 1);
    for (let percent = 1; percent < 100; percent += 1) {
      const ranking = rankByMass(Float32Array.from(values));
      const threshold = massThreshold(ranking, percent / 100);
      const above = values.map((value) => (value > threshold.level ? 1 : 0));
      expect([...massMask(ranking, threshold)]).toEqual(above);
    }
  });
});

const decodeFloats = (base64: string): Float32Array =>
  new Float32Array(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);

describe.each(official.maps)('against PyTorch, map $id ($rows × $columns)', ({ values, masks }) => {
  const ranking = rankByMass(decodeFloats(values));

  it.each(masks)('keeps the same patches at $threshold', ({ threshold, mask }) => {
    expect(massMask(ranking, massThreshold(ranking, threshold)).join('')).toBe(mask);
  });
});
