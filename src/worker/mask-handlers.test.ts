import { describe, expect, test } from 'vitest';
import type { CallContext } from '../rpc/serve-calls.ts';
import { greyPng } from '../testing/make-png.ts';
import { createMaskHandlers, isMask } from './mask-handlers.ts';

const context = { signal: new AbortController().signal, onProgress: () => undefined } as CallContext<never>;
const blobOf = (file: Uint8Array): Blob => new Blob([file as Uint8Array<ArrayBuffer>]);

/** Columns 2 to 3 of 20 are the object, all 20 rows. */
const rows = Array.from({ length: 20 }, () =>
  Array.from({ length: 20 }, (_, x) => (x === 2 || x === 3 ? 255 : 0)),
);
const mask = blobOf(greyPng(rows));
const photo = (height: number, width: number): Blob =>
  blobOf(greyPng(Array.from({ length: height }, () => Array.from({ length: width }, () => 7))));
const gone = {
  arrayBuffer: () => Promise.reject(new DOMException('gone', 'NotFoundError')),
} as unknown as Blob;

test.each([
  ['its mask', mask, photo(40, 40), true],
  ['of another shape', mask, photo(20, 40), false],
  ['a photograph, with nothing black', photo(20, 20), photo(20, 20), false],
  ['no picture', new Blob(['Dear reader']), photo(20, 20), false],
])('a picture with a photograph’s name is %s', async (_, picture, of, is) => {
  expect(await isMask(picture, of)).toBe(is);
});

describe('a mask is read', () => {
  const { readMask } = createMaskHandlers();

  test('with its object’s box at the photograph’s size, and an outline', async () => {
    const read = await readMask({ mask, photo: photo(40, 40), isGuess: true }, context);
    const { value } = read.ok ? read : expect.unreachable('not read');
    expect(value).toMatchObject({
      kind: 'mask',
      facts: {
        count: 1,
        borderShare: 0,
        boxes: [{ top: 0, left: 4, height: 40, width: 4 }],
        outline: { rows: 20, columns: 20 },
      },
    });
    const values = value.kind === 'mask' ? value.facts.outline.values.slice(0, 20) : null;
    expect(values).toEqual(Float32Array.from(rows[0] ?? [], (grey) => grey / 255));
  });

  test.each([
    ['another shape', mask, photo(20, 40), { kind: 'other-shape', photoPx: { height: 20, width: 40 } }],
    [
      'an empty file',
      new Blob([]),
      photo(20, 20),
      { kind: 'no-mask', problem: 'it is no PNG that can be decoded' },
    ],
    ['all black', blobOf(greyPng([[0, 0]])), photo(20, 20), { kind: 'no-mask', problem: 'it is all black' }],
    ['a text', new Blob(['Dear reader']), photo(20, 20), { kind: 'no-mask' }],
  ])('%s is told', async (_, tried, beside, expected) => {
    const read = await readMask({ mask: tried, photo: beside, isGuess: true }, context);
    expect(read).toMatchObject({ ok: true, value: expected });
  });

  test.each([
    ['mask', { mask: gone, photo: photo(20, 20) }, 'unreadable-file'],
    ['photograph', { mask, photo: gone }, 'unreadable-file'],
    ['photograph that is none', { mask, photo: new Blob(['Dear reader']) }, 'not-an-image'],
  ])('a %s that cannot be read is a failure', async (_, request, code) => {
    expect(await readMask({ ...request, isGuess: true }, context)).toMatchObject({
      ok: false,
      error: { code },
    });
  });
});

test('cells are counted from the file once for grids that come one after the other', async () => {
  const { countCells } = createMaskHandlers();
  const photoSizePx = { height: 40, width: 40 };
  const grid = (columns: number) => ({
    rows: 1,
    columns,
    box: { top: 0, left: 0, ...photoSizePx },
    photoSizePx,
  });
  const first = await countCells({ id: 'a', mask, grid: grid(2) }, context);
  expect(first).toMatchObject({ ok: true, value: { count: 1, sizes: [360, 40] } });
  expect(first.ok && [...first.value.cells]).toEqual([160, 40, 200, 0]);
  const second = await countCells({ id: 'a', mask: gone, grid: grid(1) }, context);
  expect(second.ok && [...second.value.cells]).toEqual([360, 40]);
  expect(await countCells({ id: 'b', mask: gone, grid: grid(1) }, context)).toMatchObject({
    ok: false,
    error: { code: 'unreadable-file' },
  });
});
