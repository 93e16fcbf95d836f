import { expect, it } from 'vitest';
import { formatAbout, formatSigned } from './format.ts';

it.each([
  [3, '10\u00a0ms'],
  [84, '80\u00a0ms'],
  [94.9, '90\u00a0ms'],
  [95, '0.1\u00a0s'],
  [430, '0.4\u00a0s'],
  [1962, '2\u00a0s'],
  [9499, '9.5\u00a0s'],
  [9500, '10\u00a0s'],
  [89_000, '89\u00a0s'],
  [91_000, '2\u00a0min'],
])('an estimate of %d ms is about %s', (ms, expected) => {
  expect(formatAbout(ms)).toBe(expected);
});

it.each([
  [-0.1, '−0.10'],
  [-0.004, '0.00'],
  [0, '0.00'],
  [0.987, '0.99'],
])('%d has a minus sign where it is below zero as shown', (value, expected) => {
  expect(formatSigned(value)).toBe(expected);
});
