import { describe, expect, it } from 'vitest';
import { headMapsOf, meanMapOf } from './head-maps.ts';

const twoHeads = {
  numHeads: 2,
  rows: 1,
  columns: 3,
  maps: Float32Array.of(0.5, 0.25, 0.125, 0.25, 0.75, 0),
};

describe('headMapsOf', () => {
  it('takes [H, rows, columns] apart', () => {
    expect(headMapsOf(twoHeads).map((map) => [...map])).toEqual([
      [0.5, 0.25, 0.125],
      [0.25, 0.75, 0],
    ]);
  });

  it('gives the same arrays each time, by which drawing remembers', () => {
    expect(headMapsOf({ ...twoHeads })[1]).toBe(headMapsOf(twoHeads)[1]);
    expect(meanMapOf({ ...twoHeads })).toBe(meanMapOf(twoHeads));
  });

  it('reports expected against actual where the values do not fit the shape', () => {
    const maps = Float32Array.from(twoHeads.maps);
    expect(() => headMapsOf({ ...twoHeads, maps, rows: 2 })).toThrow('expected [2, 2, 3] = 12 values, got 6');
  });
});

describe('meanMapOf', () => {
  it('averages over heads, not over patches', () => {
    expect([...meanMapOf(twoHeads)]).toEqual([0.375, 0.5, 0.0625]);
  });
});
