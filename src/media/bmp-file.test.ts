import { expect, test } from 'vitest';
import { decodeBmp, inspectBmp } from './bmp-file.ts';

const colours = [
  [0, 0, 0, 0],
  [1, 2, 3, 0],
].flat();

/** A BMP of 8 × 8 px with 8-bit run lengths, the lowest row first. */
function makeRuns(runs: readonly number[], compression = 1): Uint8Array {
  const bytes = new Uint8Array(54 + colours.length + runs.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(10, 54 + colours.length, true);
  view.setUint32(14, 40, true);
  view.setInt32(18, 8, true);
  view.setInt32(22, 8, true);
  view.setUint16(28, 8, true);
  view.setUint32(30, compression, true);
  view.setUint32(46, 2, true);
  bytes.set(colours, 54);
  bytes.set(runs, 54 + colours.length);
  return bytes;
}

/** The pixels of the second colour, as row and column from the top. */
function marked(bytes: Uint8Array): string[] {
  const { values } = decodeBmp(bytes) ?? { values: [] };
  return Array.from({ length: 64 }, (_, pixel) => pixel)
    .filter((pixel) => values[4 * pixel] === 3 && values[4 * pixel + 1] === 2 && values[4 * pixel + 2] === 1)
    .map((pixel) => `${pixel >> 3},${pixel & 7}`);
}

test('a jump among run lengths goes to the right and up, and what is not reached is the first colour', () => {
  // One pixel; two to the right and three up; one pixel; the end of the picture.
  expect(marked(makeRuns([1, 1, 0, 2, 2, 3, 1, 1, 0, 1]))).toEqual(['4,3', '7,0']);
});

test('a run does not go on into the next row', () => {
  expect(marked(makeRuns([12, 1, 0, 0, 1, 1, 0, 1]))).toEqual([
    '6,0',
    ...Array.from({ length: 8 }, (_, column) => `7,${column}`),
  ]);
});

test.each([
  ['runs that end before the picture does', makeRuns([8, 1, 0])],
  ['pixels one by one that are not all there', makeRuns([0, 8, 1, 1])],
  ['rows that are not all there', makeRuns([1, 1, 1], 0)],
  ['a JPEG inside', makeRuns([0, 1], 4)],
])('%s: nothing', (_, bytes) => {
  expect(inspectBmp(bytes)).toMatchObject({ sizePx: { height: 8, width: 8 }, complete: true });
  expect(decodeBmp(bytes)).toBeNull();
});
