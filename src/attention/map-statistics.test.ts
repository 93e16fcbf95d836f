import { expect, it } from 'vitest';
import { describeMap } from './map-statistics.ts';

it('finds the peak in rows and columns', () => {
  const { peakRow, peakColumn, min, max, mass } = describeMap({
    rows: 2,
    columns: 3,
    values: Float32Array.of(0, 0.125, 0, 0, 0.25, 0.125),
  });
  expect({ peakRow, peakColumn, min, max, mass }).toEqual({
    peakRow: 1,
    peakColumn: 1,
    min: 0,
    max: 0.25,
    mass: 0.5,
  });
});

it('counts an even map as all of its patches and a point as one', () => {
  const even = describeMap({ rows: 2, columns: 4, values: new Float32Array(8).fill(0.1) });
  const point = describeMap({ rows: 1, columns: 3, values: Float32Array.of(0, 0.3, 0) });
  expect(even.effectivePatches).toBeCloseTo(8, 6);
  expect(point.effectivePatches).toBeCloseTo(1, 6);
});
