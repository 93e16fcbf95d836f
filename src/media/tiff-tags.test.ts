import { expect, test } from 'vitest';
import { readOrientation } from './orientation.ts';
import { hasFurtherDirectory, isTiffCut, readTiffTag, readTiffTags, tiffTags } from './tiff-tags.ts';

const types = { byte: 1, ascii: 2, short: 3, long: 4 } as const;

/** TIFF data with one tag. */
function makeTiff(tag: number, type: keyof typeof types, value: number, isLittle = true): Uint8Array {
  const bytes = new Uint8Array(26);
  const view = new DataView(bytes.buffer);
  bytes.set(isLittle ? [0x49, 0x49] : [0x4d, 0x4d]);
  view.setUint16(2, 42, isLittle);
  view.setUint32(4, 8, isLittle);
  view.setUint16(8, 1, isLittle);
  view.setUint16(10, tag, isLittle);
  view.setUint16(12, types[type], isLittle);
  view.setUint32(14, 1, isLittle);
  if (type === 'long') view.setUint32(18, value, isLittle);
  else if (type === 'short') view.setUint16(18, value, isLittle);
  else view.setUint8(18, value);
  return bytes;
}

test.each([true, false])('whole numbers of 16 and 32 bits are read, little-endian: %s', (isLittle) => {
  for (const type of ['short', 'long'] as const) {
    const bytes = makeTiff(tiffTags.orientation, type, 6, isLittle);
    expect(readTiffTag(bytes, tiffTags.orientation)).toBe(6);
    expect(readTiffTag(bytes, tiffTags.colours)).toBeNull();
    expect(readOrientation(bytes)).toBe(6);
  }
});

test('what is no such number is none, and is no orientation, as in Pillow', () => {
  for (const type of ['byte', 'ascii'] as const) {
    expect(readTiffTag(makeTiff(tiffTags.orientation, type, 6), tiffTags.orientation)).toBeNull();
    expect(readOrientation(makeTiff(tiffTags.orientation, type, 6))).toBe(1);
  }
  expect(readOrientation(makeTiff(tiffTags.orientation, 'long', 9))).toBe(1);
});

test('a file that ends before its directory is cut', () => {
  const bytes = makeTiff(tiffTags.colours, 'short', 2);
  expect([0, 7, 8, 9].map((end) => isTiffCut(bytes.subarray(0, end)))).toEqual([true, true, true, true]);
  expect(isTiffCut(bytes)).toBe(false);
  for (let end = 0; end < 22; end++) expect(readTiffTag(bytes.subarray(0, end), tiffTags.colours)).toBeNull();
});

test('a BigTIFF has the same tags, in longer numbers', () => {
  const bytes = new Uint8Array(72);
  const view = new DataView(bytes.buffer);
  bytes.set([0x4d, 0x4d, 0, 43, 0, 8, 0, 0]);
  view.setBigUint64(8, 16n);
  view.setBigUint64(16, 2n);
  view.setUint16(24, tiffTags.orientation);
  view.setUint16(26, types.short);
  view.setBigUint64(28, 1n);
  view.setUint16(36, 6);
  view.setUint16(44, tiffTags.stripOffsets);
  view.setUint16(46, 16);
  view.setBigUint64(48, 1n);
  view.setBigUint64(56, 60n);
  expect(readOrientation(bytes)).toBe(6);
  expect(readTiffTags(bytes, tiffTags.stripOffsets)).toEqual([60]);
  expect([isTiffCut(bytes), isTiffCut(bytes.subarray(0, 63))]).toEqual([false, true]);
  expect(hasFurtherDirectory(bytes)).toBe(false);
  view.setBigUint64(64, 16n);
  expect(hasFurtherDirectory(bytes)).toBe(true);
});
