import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

test('BMP, which the page reads and sharp does not, is said to be unsupported and not to be damaged', async () => {
  const bytes = Buffer.alloc(54 + 32 * 10);
  bytes.write('BM');
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(10, 18);
  bytes.writeInt32LE(10, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(24, 28);
  await writeFile(join(folder, 'picture.bmp'), bytes);
  expect(await readPhoto(join(folder, 'picture.bmp'))).toEqual({
    ok: false,
    error: { code: 'unsupported-image', format: 'bmp' },
  });
});

test.each(['no-such-file.jpg', '.'])('%s cannot be read', async (name) => {
  expect(await readPhoto(join(folder, name))).toEqual({ ok: false, error: { code: 'unreadable-file' } });
});
