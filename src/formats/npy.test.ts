import { describe, expect, test } from 'vitest';
import { decodeNpy, encodeNpy } from './npy.ts';

/** As NumPy 2 writes it: the header padded with blanks so that the data begins at byte 128. */
const numpyFile = (() => {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }";
  const data = Buffer.alloc(24);
  [1, -2, 0.5, 0, 1e-20, 7].forEach((value, i) => data.writeFloatLE(value, i * 4));
  return Buffer.concat([
    Buffer.from([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 0x01, 0x00, 118, 0]),
    Buffer.from(`${header.padEnd(117)}\n`),
    data,
  ]);
})();

const values = Float32Array.of(1, -2, 0.5, 0, 1e-20, 7);

test('writes NumPy’s bytes', () => {
  expect(Buffer.from(encodeNpy({ shape: [2, 3], values }))).toEqual(numpyFile);
});

test('reads NumPy’s bytes, wherever they lie in a buffer', () => {
  const shifted = Buffer.concat([Buffer.from([0]), numpyFile]).subarray(1);
  expect(decodeNpy(shifted)).toEqual({ shape: [2, 3], values });
});

test.each([[[]], [[6]], [[1, 6]], [[1, 2, 3]], [[100_000_000, 1, 0, 1_000_000_000, 123_456_789, 1, 1, 1]]])(
  'a shape of %j comes back, its data at a multiple of 64 bytes',
  (shape) => {
    const count = shape.reduce((product, side) => product * side, 1);
    const array = { shape, values: values.slice(0, count) };
    const bytes = encodeNpy(array);
    expect((bytes.length - count * 4) % 64).toBe(0);
    expect(decodeNpy(bytes)).toEqual(array);
  },
);

test('a shape of one side is written as a Python tuple', () => {
  expect(Buffer.from(encodeNpy({ shape: [6], values })).toString('latin1')).toContain("'shape': (6,), }");
});

test('a part of a larger array is written alone', () => {
  const part = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
  expect([...decodeNpy(encodeNpy({ shape: [2], values: part })).values]).toEqual([1, 2]);
});

describe('refuses', () => {
  const changed = (from: string, to: string): Buffer =>
    Buffer.from(numpyFile.toString('latin1').replace(from, to), 'latin1');

  test.each([
    ['another format', Buffer.from('PK\x03\x04 and so on'), /not a \.npy file/],
    ['the first bytes alone', numpyFile.subarray(0, 9), /not a \.npy file/],
    ['half a header', numpyFile.subarray(0, 60), /ends within its header/],
    ['half the values', numpyFile.subarray(0, 140), /needs 6 values, and it holds 3/],
    ['one byte more', Buffer.concat([numpyFile, Buffer.from([0])]), /needs 6 values, and it holds 6\.25/],
    ['another shape', changed('(2, 3)', '(2, 4)'), /needs 8 values, and it holds 6/],
    ['a side of two numbers', changed('(2, 3)', '(2 3)'), /a side of its shape \(2 3\) is no number/],
    ['version 2.0', changed('\x01\x00', '\x02\x00'), /not a \.npy file/],
    ['float64', changed('<f4', '<f8'), /not a float32 array/],
    ['Fortran order', changed('False', 'True '), /not a float32 array/],
  ])('%s', (_, bytes, problem) => {
    expect(() => decodeNpy(bytes)).toThrow(
      expect.objectContaining({
        failure: { code: 'array-invalid', problem: expect.stringMatching(problem) as string },
      }) as Error,
    );
  });
});
