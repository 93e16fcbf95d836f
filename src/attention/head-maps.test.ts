import { describe, expect, it } from 'vitest';
import { headMap, meanMap, queryMaps } from './head-maps.ts';

const twoHeads = {
  numHeads: 2,
  rows: 1,
  columns: 3,
  maps: Float32Array.of(0.5, 0.25, 0.125, 0.25, 0.75, 0),
};

describe('headMap', () => {
  it('takes one head of [H, rows, columns]', () => {
    expect([...headMap(twoHeads, 1).values]).toEqual([0.25, 0.75, 0]);
  });

  it('refuses a head that is not there', () => {
    expect(() => headMap(twoHeads, 2)).toThrow('head 2 of 2');
  });

  it('reports expected against actual where the values do not fit the shape', () => {
    expect(() => headMap({ ...twoHeads, rows: 2 }, 0)).toThrow('expected [2, 2, 3] = 12 values, got 6');
  });
});

describe('queryMaps', () => {
  const source = {
    ...twoHeads,
    numRegisters: 2,
    registerMaps: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
  };

  it.each([
    [0, [0.5, 0.25, 0.125, 0.25, 0.75, 0]],
    [1, [1, 2, 3, 4, 5, 6]],
    [2, [7, 8, 9, 10, 11, 12]],
    [3, [0.5, 0.25, 0.125, 0.25, 0.75, 0]],
  ])('query %i', (query, expected) => {
    const { maps, ...shape } = queryMaps(source, query);
    expect([...maps]).toEqual(expected);
    expect(shape).toMatchObject({ numHeads: 2, rows: 1, columns: 3 });
  });
});

describe('meanMap', () => {
  it('averages over heads, not over patches', () => {
    expect([...meanMap(twoHeads).values]).toEqual([0.375, 0.5, 0.0625]);
  });
});
