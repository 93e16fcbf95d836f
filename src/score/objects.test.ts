import { describe, expect, test } from 'vitest';
import { readPngValues } from '../media/png-values.ts';
import { colourPng, greyPng, indexPng, vocPalette } from '../testing/make-png.ts';
import { borderLabel, borderShare, boxesOfObjects, findObjects, type Objects } from './objects.ts';

async function objectsIn(file: Uint8Array): Promise<Objects> {
  const found = findObjects((await readPngValues(file)) ?? expect.unreachable('not read'));
  return typeof found === 'string' ? expect.unreachable(found) : found;
}

/** Rows of digits; 9 is 255. */
const rowsOf = (...rows: readonly string[]): number[][] =>
  rows.map((row) => Array.from(row, (digit) => (digit === '9' ? 255 : Number(digit))));
const labels = ({ labels: all }: Objects): number[] => [...all];
const B = borderLabel;

/** The grey values as a palette: what Pillow writes for a picture of mode P without a palette of its own. */
const greys = Array.from({ length: 256 }, (_, value): [number, number, number] => [value, value, value]);

describe('PASCAL VOC’s border', () => {
  // Class 1 with its border, then class 15.
  const rows = rowsOf('0119', '0990');
  rows[1]?.splice(3, 1, 15);

  test('of its palette does not count, and classes are objects', async () => {
    const found = await objectsIn(indexPng(rows, vocPalette));
    expect(vocPalette[255]).toEqual([224, 224, 192]);
    expect(found.count).toBe(2);
    expect(labels(found)).toEqual([0, 1, 1, B, 0, B, B, 2]);
    expect(borderShare(found)).toBe(3 / 8);
  });

  test('as a colour does not count either', async () => {
    const found = await objectsIn(
      colourPng(rows.map((row) => row.map((index) => vocPalette[index] ?? [0, 0, 0]))),
    );
    expect(found.count).toBe(2);
    expect(labels(found)).toEqual([0, 1, 1, B, 0, B, B, 2]);
  });

  test.each([
    ['grey values', greyPng(rows)],
    ['indices of a grey palette', indexPng(rows, greys)],
    ['indices of a palette that ends before 255', indexPng(rows, vocPalette.slice(0, 21))],
    [
      'indices of a palette that is black there',
      indexPng(rows, [
        ...vocPalette.slice(0, 21),
        ...Array.from({ length: 235 }, (): [number, number, number] => [0, 0, 0]),
      ]),
    ],
  ])('is 255 among numbers: %s', async (_, file) => {
    const found = await objectsIn(file);
    expect(found.count).toBe(2);
    expect(labels(found)).toEqual([0, 1, 1, B, 0, B, B, 2]);
  });

  test('may come before the objects', async () => {
    expect(labels(await objectsIn(greyPng(rowsOf('9192'))))).toEqual([B, 1, B, 2]);
  });
});

describe('255 is an object', () => {
  test.each([
    ['in black and white', greyPng(rowsOf('0990'))],
    ['in black and white indices', indexPng(rowsOf('0990'), greys)],
    ['in VOC’s colour alone', indexPng(rowsOf('0990'), vocPalette)],
    ['in a palette of its own', indexPng([[0, 255, 255, 0]], [...vocPalette.slice(0, 255), [255, 0, 0]])],
  ])('%s', async (_, file) => {
    const found = await objectsIn(file);
    expect(found.count).toBe(1);
    expect(labels(found)).toEqual([0, 1, 1, 0]);
    expect(borderShare(found)).toBe(0);
  });

  test('beside others that are told apart by brightness', async () => {
    const found = await objectsIn(greyPng([[0, 85, 170, 255]]));
    expect(labels(found)).toEqual([0, 1, 2, 3]);
  });

  test('as white among colours', async () => {
    const found = await objectsIn(
      colourPng([
        [
          [0, 0, 0],
          [255, 255, 255],
          [1, 0, 0],
        ],
      ]),
    );
    expect(labels(found)).toEqual([0, 1, 2]);
  });
});

test('numbers below 255 are objects, as in masks of 0 and 1', async () => {
  expect(labels(await objectsIn(greyPng(rowsOf('0110', '2200'))))).toEqual([0, 1, 1, 0, 2, 2, 0, 0]);
});

test('thirty objects and a border are a mask, thirty-one objects are none', async () => {
  const numbers = Array.from({ length: 31 }, (_, i) => i + 1);
  expect((await objectsIn(greyPng([[...numbers.slice(0, 30), 255]]))).count).toBe(30);
  const values = await readPngValues(greyPng([numbers]));
  expect(values === null ? null : findObjects(values)).toMatch(/more than 30 colours.*hard edges/);
});

test('boxes hold each object without its border, at the photograph’s size', async () => {
  const found = await objectsIn(greyPng(rowsOf('00000', '91190', '01922', '00022')));
  expect(boxesOfObjects(found, found)).toEqual([
    { top: 1, left: 1, height: 2, width: 2 },
    { top: 2, left: 3, height: 2, width: 2 },
  ]);
  expect(boxesOfObjects(found, { height: 8, width: 10 })[1]).toEqual({
    top: 4,
    left: 6,
    height: 4,
    width: 4,
  });
});
