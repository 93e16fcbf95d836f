import { expect, it } from 'vitest';
import { valueRange } from './value-range.ts';

it('finds the smallest and the largest value, wherever they are', () => {
  expect(valueRange({ values: Float32Array.of(0.5, 0.125, 0.25) })).toEqual({ min: 0.125, max: 0.5 });
  expect(valueRange({ values: Float32Array.of(0.25, -0.5, 0.75) })).toEqual({ min: -0.5, max: 0.75 });
  expect(valueRange({ values: Float32Array.of(0.25) })).toEqual({ min: 0.25, max: 0.25 });
});
