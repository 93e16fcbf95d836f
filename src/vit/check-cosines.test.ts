import { expect, it } from 'vitest';
import { checkCosines } from './check-cosines.ts';

it('takes cosines, with their rounding', () => {
  expect(() => checkCosines([1, -1, 0, 1.0005])).not.toThrow();
});

it.each([NaN, Infinity, 1.01, -1.01])('refuses %f', (value) => {
  expect(() => checkCosines([0, value])).toThrow(
    expect.objectContaining({ failure: { code: 'wrong-result', problem: `a cosine is ${value}` } }),
  );
});
