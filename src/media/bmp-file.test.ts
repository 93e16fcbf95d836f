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

/** A BMP of 8 × 8 px with masks of red, green, blue and alpha in a header of 56 bytes. */
function makeTransparent(alphas: (pixel: number) => number): Uint8Array {
  const header = 14 + 56;
  const bytes = new Uint8Array(header + 64 * 4);
  const view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  view.setUint32(10, header, true);
  view.setUint32(14, 56, true);
  view.setInt32(18, 8, true);
  view.setInt32(22, 8, true);
  view.setUint16(28, 32, true);
  view.setUint32(30, 3, true);
  for (const [i, mask] of [0xff0000, 0xff00, 0xff, 0xff000000].entries())
    view.setUint32(54 + 4 * i, mask, true);
  for (let pixel = 0; pixel < 64; pixel++) bytes.set([30, 20, 10, alphas(pixel)], header + 4 * pixel);
  return bytes;
}

test('transparency of zero everywhere is none, and one pixel that is not zero makes it count', () => {
  const alphasOf = (bytes: Uint8Array): Set<number> =>
    new Set(decodeBmp(bytes)?.values.filter((_, at) => at % 4 === 3));
  const unused = makeTransparent(() => 0);
  expect([...(decodeBmp(unused)?.values.slice(0, 4) ?? [])]).toEqual([10, 20, 30, 255]);
  expect(alphasOf(unused)).toEqual(new Set([255]));
  expect(alphasOf(makeTransparent((pixel) => (pixel === 5 ? 128 : 0)))).toEqual(new Set([0, 128]));
});
