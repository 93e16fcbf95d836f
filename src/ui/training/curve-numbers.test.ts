import { expect, test } from 'vitest';
import { formatCurve, formatTick } from './curve-numbers.ts';

test.each([
  [0, '0.000'],
  [4.15888, '4.159'],
  [0.00638, '0.006'],
  [0.00098, '0.001'],
  [0.000078125, '0.000078'],
  [-0.0001234, '-0.00012'],
  [3.2e-8, '3.2e-8'],
])('the value %f is written %s', (value, text) => expect(formatCurve(value)).toBe(text));

test.each([
  [0, '0'],
  [300, '300'],
  [0.5, '0.5'],
  [0.00002, '0.00002'],
  [0.000075, '0.000075'],
  [1e-7, '1e-7'],
])('the tick %f is written %s', (value, text) => expect(formatTick(value)).toBe(text));
