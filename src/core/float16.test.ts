import { expect, test } from 'vitest';
import { decodeFloat16, encodeFloat16, exactFloat16 } from './float16.ts';

const roundTrip = (value: number): number => decodeFloat16(encodeFloat16(Float32Array.of(value)))[0] ?? NaN;

test('every pattern survives decoding and encoding', () => {
  const patterns = Uint16Array.from({ length: 65536 }, (_, bits) => bits);
  const values = decodeFloat16(new Uint8Array(patterns.buffer));
  const again = new Uint16Array(encodeFloat16(values).buffer);
  const changed = patterns.filter((bits, i) => !Number.isNaN(values[i]) && again[i] !== bits);
  expect([...changed]).toEqual([]);
  expect(values.filter(Number.isNaN).length).toBe(2 * 1023);
});

test.each([
  [1, 1],
  [1 + 2 ** -11, 1], // half way: to the even neighbour below
  [1 + 3 * 2 ** -11, 1 + 2 ** -9], // half way: to the even neighbour above
  [1 + 2 ** -11 + 2 ** -20, 1 + 2 ** -10],
  [65519, 65504],
  [65520, Infinity],
  [-1e9, -Infinity],
  [2 ** -14, 2 ** -14], // the smallest normal
  [2 ** -24, 2 ** -24], // the smallest subnormal
  [2 ** -25, 0], // half way to zero
  [1.5 * 2 ** -24, 2 ** -23],
  [-(2 ** -26), -0],
  [0.1, 0.0999755859375],
])('%d rounds to %d', (value, expected) => {
  expect(roundTrip(value)).toBe(expected);
});

test('NaN stays NaN', () => {
  expect(roundTrip(NaN)).toBeNaN();
});

test('what is a float16 is taken as it is, and one value that is none refuses all', () => {
  const patterns = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter(
    (bits) => (bits & 0x7c00) !== 0x7c00,
  );
  const values = decodeFloat16(new Uint8Array(patterns.buffer));
  expect(exactFloat16(values)).toEqual(patterns);
  expect(exactFloat16(Float32Array.of(1, 0.1))).toBeNull();
  expect(exactFloat16(Float32Array.of(1 + 2 ** -11))).toBeNull();
  expect(exactFloat16(Float32Array.of(65520))).toBeNull();
  expect(exactFloat16(Float32Array.of(2 ** -25))).toBeNull();
  expect(exactFloat16(Float32Array.of(NaN))).toBeNull();
});
