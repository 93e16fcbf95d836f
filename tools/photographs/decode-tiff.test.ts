import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeFailure } from '../../src/core/failure.ts';
import { differenceFromPillow, tiffCases } from '../../src/testing/image-cases.ts';
import { readPhoto } from './read-photo.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'decode-tiff-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(bytes: Uint8Array): ReturnType<typeof readPhoto> {
  const path = join(folder, 'picture.tif');
  await writeFile(path, bytes);
  return readPhoto(path);
}

test.each(tiffCases)('$name has the pixels that Pillow gives', async (tiffCase) => {
  const photo = await read(tiffCase.file);
  if (!photo.ok) throw new Error(JSON.stringify(photo.error));
  expect(differenceFromPillow(photo.value, tiffCase)).toBeLessThanOrEqual(tiffCase.tolerance);
  const { name } = tiffCase;
  expect(photo.value.notices).toEqual([
    ...(name.includes('16 bits') ? ['sixteen-bit-reduced'] : []),
    ...(name.startsWith('cmyk') ? ['cmyk-converted'] : []),
    ...(name.includes('transparent') ? ['alpha-flattened'] : []),
  ]);
});

/** A TIFF with the numbers of a tag changed, which must be there. */
function withTag(tiff: Uint8Array, tag: number, values: number | readonly number[], becomes = tag): Buffer {
  const numbers = Uint32Array.from(typeof values === 'number' ? [values] : values);
  const isAside = numbers.length > 1;
  const changed = Buffer.concat(isAside ? [tiff, new Uint8Array(numbers.buffer)] : [tiff]);
  const directory = changed.readUInt32LE(4);
  const at = Array.from({ length: changed.readUInt16LE(directory) }, (_, i) => directory + 2 + 12 * i).find(
    (entry) => changed.readUInt16LE(entry) === tag,
  );
  if (at === undefined) throw new Error(`the TIFF has no tag ${tag}`);
  changed.writeUInt16LE(becomes, at);
  changed.writeUInt16LE(4, at + 2);
  changed.writeUInt32LE(numbers.length, at + 4);
  changed.writeUInt32LE(isAside ? tiff.length : (numbers[0] ?? 0), at + 8);
  return changed;
}

const [whole] = tiffCases.map(({ file }) => file);
if (whole === undefined) throw new Error('there is no TIFF');
const bytesOfStrip = 16 * 24 * 3;
/** As cameras and scanners write it: the pixels behind all else. */
const atEnd = withTag(Buffer.concat([whole, whole.subarray(8, 8 + bytesOfStrip)]), 273, whole.length);
const packed = await sharp(Buffer.from(whole)).tiff({ compression: 'deflate' }).toBuffer();
packed.fill(0xff, 20, 60);
const rowsPerStrip = 278;
const sampleFormat = 339;
const inTwoStrips = withTag(withTag(whole, rowsPerStrip, 8), 273, [8, 8 + bytesOfStrip / 2]);

describe('what cannot be decoded is refused with a sentence', () => {
  test.each([atEnd, withTag(inTwoStrips, 279, [bytesOfStrip / 2, bytesOfStrip / 2])])(
    'and whole ones are read',
    async (bytes) => expect(await read(bytes)).toMatchObject({ ok: true }),
  );

  const cut = 'This TIFF ends too early: part of the file is missing.';
  const damaged = 'This TIFF is damaged and cannot be decoded.';
  const isUnknown = (kind: string): string =>
    `${kind} TIFF images cannot be opened here. Save this one as JPEG, PNG or WebP.`;
  test.each<[string, Uint8Array, string]>([
    ['cut in the middle', atEnd.subarray(0, whole.length + bytesOfStrip / 2), cut],
    ['five bytes short', atEnd.subarray(0, -5), cut],
    ['without its directory', whole.subarray(0, 8 + bytesOfStrip), cut],
    ['a strip that lies behind the end', withTag(whole, 273, 1_000_000), cut],
    ['damaged in what was packed', packed, damaged],
    ['strips of no bytes', withTag(inTwoStrips, 279, [0, 0]), damaged],
    ['no columns', withTag(whole, 256, 0), damaged],
    ...[8, 9, 10].map((lab): [string, Uint8Array, string] => [
      `in CIELAB (${lab})`,
      withTag(whole, 262, lab),
      isUnknown('CIELAB'),
    ]),
    ['in LogLuv', withTag(whole, 262, 32_845), isUnknown('LogLuv')],
    ['in luma and chroma that JPEG did not compress', withTag(whole, 262, 6), isUnknown('YCbCr')],
    ['numbers of 12 bits', withTag(whole, 258, 12), isUnknown('12-bit')],
    ['compressed by ZSTD', withTag(whole, 259, 50_000), isUnknown('ZSTD compressed')],
    ['compressed in a way that nobody knows', withTag(whole, 259, 50_008), isUnknown('Unusually compressed')],
    ['floating-point numbers', withTag(whole, rowsPerStrip, 3, sampleFormat), isUnknown('Floating-point')],
    ['numbers with a sign', withTag(whole, rowsPerStrip, 2, sampleFormat), isUnknown('Signed-integer')],
    ['numbers of 32 bits', withTag(whole, 258, 32), isUnknown('32-bit')],
    [
      'more pixels than can be used',
      withTag(withTag(whole, 256, 60_000), 257, 60_000),
      'This image is 60000 × 60000\u00a0px. The limit is 100 megapixels and 16384\u00a0px a side: make it smaller first.',
    ],
  ])('%s', async (_, bytes, sentence) => {
    const photo = await read(bytes);
    expect(photo.ok ? 'read' : describeFailure(photo.error)).toBe(sentence);
  });
});
