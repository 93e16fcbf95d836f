import { expect, test } from 'vitest';
import { hasSameBytes } from './fast-equality.ts';

test.each<[string, unknown, unknown]>([
  ['numbers', Float32Array.of(1, -0, NaN), Float32Array.of(1, -0, NaN)],
  ['part of a buffer', new Uint8Array([0, 1, 2]).subarray(1), Uint8Array.of(1, 2)],
  ['a map of them', new Map([['w', Int32Array.of(7)]]), new Map([['w', Int32Array.of(7)]])],
])('%s are equal', (_, a, b) => {
  expect(a).toEqual(b);
});

test('the same bytes are told at once, anything else is left to the usual way', () => {
  expect(hasSameBytes(Float32Array.of(1, NaN), Float32Array.of(1, NaN))).toBe(true);
  expect(hasSameBytes(Float32Array.of(1, 2), Float32Array.of(1, 3))).toBeUndefined();
  expect(hasSameBytes(Int32Array.of(0), Float32Array.of(0))).toBeUndefined();
  expect(hasSameBytes([1], [1])).toBeUndefined();
});

test.each<[string, unknown, unknown]>([
  ['one number is another', Float32Array.of(1, 2), Float32Array.of(1, 3)],
  ['one is longer', Float32Array.of(1), Float32Array.of(1, 0)],
  ['they are of another kind', Int32Array.of(0, 0), Float32Array.of(0, 0)],
  ['zero has another sign', Float32Array.of(0), Float32Array.of(-0)],
  ['a map has others', new Map([['w', Int32Array.of(7)]]), new Map([['w', Int32Array.of(8)]])],
])('they are not where %s', (_, a, b) => {
  expect(a).not.toEqual(b);
});
