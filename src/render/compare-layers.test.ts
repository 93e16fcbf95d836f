import { expect, it } from 'vitest';
import { frameOfGrid } from '../testing/looks.ts';
import { agreementIn, differenceLayer } from './compare-layers.ts';
import type { Layer } from './layers.ts';

const scalar = (rows: number, columns: number, ...values: number[]): Layer => ({
  kind: 'scalar',
  frame: frameOfGrid(rows, columns),
  map: Float32Array.from(values),
  colours: 'inferno',
  range: null,
  smooth: true,
  opacity: 1,
});
const a = scalar(1, 3, 0, 5, 10);
const b = scalar(1, 3, 2, 1, 1);

it('two maps of one grid have an agreement and a difference', () => {
  expect(agreementIn([a], [a])).toEqual({
    jaccard: 1,
    share: 0.6,
    rankCorrelation: expect.closeTo(1, 12) as number,
  });
  expect(differenceLayer([a], [b], 0.5)).toMatchObject({
    map: Float32Array.of(-1, 0.5, 1),
    range: { min: -1, max: 1 },
    opacity: 0.5,
  });
});

it.each([
  ['of other grids', [a], [scalar(3, 1, 0, 5, 10)]],
  ['of which one draws none', [a], []],
  ['of which one draws two', [a, b], [b]],
])('pictures %s have neither', (_, own, other) => {
  expect(agreementIn(own, other)).toBeNull();
  expect(differenceLayer(own, other, 1)).toBeNull();
});
