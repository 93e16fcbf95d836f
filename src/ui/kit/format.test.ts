import { expect, it } from 'vitest';
import { formatAbout, formatSigned } from './format.ts';

it.each([
  [3, '10 ms'],
  [84, '80 ms'],
  [94.9, '90 ms'],
  [95, '0.1 s'],
  [430, '0.4 s'],
  [1962, '2 s'],
  [9499, '9.5 s'],
  [9500, '10 s'],
  [89_000, '89 s'],
  [91_000, '2 min'],
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
