import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { differenceFromPillow, imageCases } from '../../src/testing/image-cases.ts';
import { quartersOf, turnedAvifs } from '../../src/testing/turned-avif.ts';
import { readPhoto } from './read-photo.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'read-photo-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Ten rows of ten pixels of one colour; the first row is of another. */
const picture = (row: number[], others: number[]): Sharp =>
  sharp(Buffer.from(Array.from({ length: 100 }, (_, i) => (i < 10 ? row : others)).flat()), {
    raw: { width: 10, height: 10, channels: row.length as 1 | 2 | 3 | 4 },
  });

async function pixelsOf(
  name: string,
  bytes: Uint8Array,
): Promise<{ first: number[]; last: number[]; count: number }> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  const photo = await readPhoto(path);
  if (!photo.ok) throw new Error(JSON.stringify(photo.error));
  expect(photo.value).toMatchObject({ height: 10, width: 10, channels: 3 });
  const { values } = photo.value;
  return { first: [...values.subarray(0, 3)], last: [...values.subarray(-3)], count: values.length };
}

test.each([
  ['colour', picture([200, 100, 50], [10, 20, 30]).png(), [200, 100, 50], [10, 20, 30]],
  ['grey', picture([200], [10]).toColourspace('b-w').png(), [200, 200, 200], [10, 10, 10]],
  [
    'colour in 16 bits',
    picture([200, 100, 50], [10, 20, 30]).toColourspace('rgb16').png(),
    [200, 100, 50],
    [10, 20, 30],
  ],
  ['grey in 16 bits', picture([200], [10]).toColourspace('grey16').png(), [200, 200, 200], [10, 10, 10]],
  [
    'colour over nothing, which is white',
    picture([200, 100, 50, 0], [10, 20, 30, 255]).png(),
    [255, 255, 255],
    [10, 20, 30],
  ],
  [
    'half transparent, over white',
    picture([55, 155, 255, 128], [0, 0, 0, 255]).png(),
    [155, 205, 255],
    [0, 0, 0],
  ],
])('%s is read as RGB of eight bits', async (name, png, first, last) => {
  const pixels = await pixelsOf(`${name}.png`, await png.toBuffer());
  expect(pixels.count).toBe(300);
  for (const [i, value] of first.entries())
    expect(Math.abs((pixels.first[i] ?? NaN) - value)).toBeLessThan(2);
  expect(pixels.last).toEqual(last);
});

test.each(turnedAvifs)(
  'an AVIF turned $quarterTurns times and mirrored by $mirror is upright',
  async ({ file, height, width, corners }) => {
    const path = join(folder, 'turned-by-hand.avif');
    await writeFile(path, file);
    const photo = await readPhoto(path);
    if (!photo.ok) throw new Error(JSON.stringify(photo.error));
    expect([photo.value.height, photo.value.width]).toEqual([height, width]);
    expect(quartersOf(photo.value)).toEqual(corners);
  },
);

test('a turned AVIF with transparent parts is turned with them', async () => {
  const read = async (ending: string, encode: (stored: Sharp) => Sharp) => {
    const stored = picture([200, 100, 50, 0], [10, 20, 30, 255]).withMetadata({ orientation: 6 });
    return pixelsOf(`glass.${ending}`, await encode(stored).toBuffer());
  };
  const png = await read('png', (stored) => stored.png());
  // The stored first row, of nothing, is the right side.
  expect(png).toMatchObject({ first: [10, 20, 30], last: [255, 255, 255] });
  expect(await read('avif', (stored) => stored.avif({ lossless: true, effort: 0 }))).toEqual(png);
});

describe('TIFF and AVIF, which Pillow’s files here do not have', () => {
  /** Where the stored picture's first row and last row are after the turn, by EXIF's words for each orientation. */
  const sides = [
    [1, 'top'],
    [2, 'top'],
    [3, 'bottom'],
    [4, 'bottom'],
    [5, 'left'],
    [6, 'right'],
    [7, 'right'],
    [8, 'left'],
  ] as const;
  const red = [255, 0, 0];
  /** A red first row, its first pixel green. */
  const stored = (): Sharp =>
    sharp(
      Buffer.from(
        Array.from({ length: 10 * 16 }, (_, i) =>
          i === 0 ? [0, 255, 0] : i < 16 ? red : [0, 0, 255],
        ).flat(),
      ),
      { raw: { width: 16, height: 10, channels: 3 } },
    );
  /** Where the green pixel must be, with the row on its side: at the row's beginning, seen from above or from the left? */
  const beginsFirst = (orientation: number): boolean => [1, 4, 5, 6].includes(orientation);

  test.each(sides.flatMap((side) => (['tif', 'avif'] as const).map((ending) => [ending, ...side] as const)))(
    '%s of orientation %i has its first row at the %s',
    async (ending, orientation, side) => {
      const turned = stored().withMetadata({ orientation });
      const bytes = await (
        ending === 'tif' ? turned.tiff({ compression: 'lzw' }) : turned.avif({ lossless: true, effort: 0 })
      ).toBuffer();
      const path = join(folder, `turned.${ending}`);
      await writeFile(path, bytes);
      const photo = await readPhoto(path);
      if (!photo.ok) throw new Error(JSON.stringify(photo.error));
      const { height, width, values } = photo.value;
      expect([height, width]).toEqual(orientation >= 5 ? [16, 10] : [10, 16]);
      const at = (row: number, column: number): number[] => [
        ...values.subarray((row * width + column) * 3, (row * width + column) * 3 + 3),
      ];
      const row = side === 'bottom' ? height - 1 : 0;
      const column = side === 'right' ? width - 1 : 0;
      const isLying = side === 'top' || side === 'bottom';
      const ends = isLying ? [at(row, 0), at(row, width - 1)] : [at(0, column), at(height - 1, column)];
      const green = ends.findIndex(([, value = 0]) => value > 200);
      expect(green).toBe(beginsFirst(orientation) ? 0 : 1);
      expect(ends[1 - green]).toEqual(red);
    },
  );
});

test('what EXIF turns upside down is read upright', async () => {
  const turned = await picture([200, 100, 50], [10, 20, 30])
    .withMetadata({ orientation: 3 })
    .png()
    .toBuffer();
  expect(await pixelsOf('turned.png', turned)).toMatchObject({ first: [10, 20, 30], last: [200, 100, 50] });
});

test('what the header does not show is told as damage by the decoder', async () => {
  const bytes = await picture([200, 100, 50], [10, 20, 30]).png().toBuffer();
  bytes.fill(0xaa, 60, bytes.length - 16);
  await writeFile(join(folder, 'damaged.png'), bytes);
  expect(await readPhoto(join(folder, 'damaged.png'))).toMatchObject({ error: { code: 'damaged-image' } });
});

test.each(imageCases)('$name has the pixels that Pillow gives', async (imageCase) => {
  const path = join(folder, imageCase.name);
  await writeFile(path, imageCase.file);
  const photo = await readPhoto(path);
  if (!photo.ok) throw new Error(JSON.stringify(photo.error));
  expect(differenceFromPillow(photo.value, imageCase)).toBeLessThanOrEqual(imageCase.tolerance);
});

describe('deep pictures have the colours that they hold, whatever their profile', () => {
  const stored = [255, 0, 18];
  const deep = (): Sharp =>
    sharp(
      Uint16Array.from({ length: 300 }, (_, i) => (stored[i % 3] ?? 0) * 257),
      {
        raw: { width: 10, height: 10, channels: 3 },
      },
    ).toColourspace('rgb16');
  const encoders: readonly (readonly [string, (picture: Sharp) => Sharp])[] = [
    ['png', (image) => image.png()],
    ['tif', (image) => image.tiff({ compression: 'lzw' })],
    ['avif', (image) => image.avif({ bitdepth: 10, lossless: true, effort: 0 })],
    ['avif', (image) => image.avif({ bitdepth: 12, lossless: true, effort: 0 })],
    ['webp', (image) => image.webp({ lossless: true })],
  ];
  const cases = encoders.flatMap(([ending, encode], i) =>
    [null, 'srgb', 'p3'].map((profile) => ({ name: `${i}-${profile}.${ending}`, encode, profile })),
  );

  test.each(cases)('$name', async ({ name, encode, profile }) => {
    const bytes = await encode(profile === null ? deep() : deep().withIccProfile(profile)).toBuffer();
    // What the file holds, by a reading that converts nothing.
    const held = await sharp(bytes, { ignoreIcc: true })
      .toColourspace('rgb16')
      .raw({ depth: 'ushort' })
      .toBuffer();
    const expected = [0, 1, 2].map((channel) => held.readUInt16LE(2 * channel) >> 8);
    expect(expected.slice(0, 2)).toEqual([255, 0]);
    const { first, last } = await pixelsOf(name, bytes);
    expect(first).toEqual(expected);
    expect(last).toEqual(expected);
  });
});

test('a TIFF is called cut where it is cut, and else damaged where it cannot be read', async () => {
  const tiff = await picture([200, 100, 50], [10, 20, 30]).tiff().toBuffer();
  // Colours that nobody knows.
  const directory = tiff.readUInt32LE(4);
  const entry = Array.from({ length: tiff.readUInt16LE(directory) }, (_, i) => directory + 2 + 12 * i).find(
    (at) => tiff.readUInt16LE(at) === 0x0106,
  );
  const strange = Buffer.from(tiff);
  strange.writeUInt16LE(999, (entry ?? NaN) + 8);
  const problemOf = async (bytes: Buffer): Promise<unknown> => {
    await writeFile(join(folder, 'odd.tif'), bytes);
    const photo = await readPhoto(join(folder, 'odd.tif'));
    return photo.ok || photo.error;
  };
  const damaged = { code: 'damaged-image', format: 'tiff' };
  expect(await problemOf(tiff.subarray(0, directory))).toEqual({ ...damaged, problem: 'truncated' });
  expect(await problemOf(strange)).toEqual({ ...damaged, problem: 'undecodable' });
});

test.each(['no-such-file.jpg', '.'])('%s cannot be read', async (name) => {
  expect(await readPhoto(join(folder, name))).toEqual({ ok: false, error: { code: 'unreadable-file' } });
});
