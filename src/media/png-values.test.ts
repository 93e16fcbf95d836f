import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { damage, seededRandom } from '../core/seeded-random.ts';
import { greyPng, indexPng } from '../testing/make-png.ts';
import { readPngValues } from './png-values.ts';

const random = seededRandom(5);
const [height, width] = [13, 21];
/** Smooth enough that an encoder takes every filter. */
const samples = (channels: number, most: number): number[] =>
  Array.from({ length: height * width * channels }, (_, i) =>
    Math.min(most, Math.floor((most * (i % 40)) / 50) + random.below(Math.ceil(most / 8))),
  );

describe('values are those that were written', () => {
  test.each([
    { channels: 1, kind: 'grey', progressive: false },
    { channels: 1, kind: 'grey', progressive: true },
    { channels: 3, kind: 'colour', progressive: false },
    { channels: 3, kind: 'colour', progressive: true },
    { channels: 4, kind: 'colour', progressive: false },
    { channels: 4, kind: 'colour', progressive: true },
    { channels: 2, kind: 'grey', progressive: true },
  ] as const)('$channels channels, progressive: $progressive', async ({ channels, kind, progressive }) => {
    for (const adaptiveFiltering of [false, true]) {
      const values = Uint8Array.from(samples(channels, 255));
      const file = await sharp(values, { raw: { height, width, channels } })
        .toColourspace(kind === 'grey' ? 'b-w' : 'srgb')
        .png({ progressive, adaptiveFiltering })
        .toBuffer();
      const kept = kind === 'grey' ? 1 : 3;
      const wanted = [...values].filter((_, i) => i % channels < kept);
      const read = await readPngValues(file);
      expect(read).toMatchObject({ height, width, kind, palette: null });
      expect([...(read?.values ?? [])]).toEqual(wanted);
    }
  });

  test('sixteen bits', async () => {
    const values = Uint16Array.from(samples(3, 65_535));
    const raw = { height, width, channels: 3 } as const;
    const file = await sharp(values, { raw }).toColourspace('rgb16').png().toBuffer();
    expect([...((await readPngValues(file))?.values ?? [])]).toEqual([...values]);
  });

  test.each([1, 2, 4])('%i bits of a palette', async (bits) => {
    const colours = 2 ** bits;
    // Equally many of each, so that the encoder keeps all of them.
    const indices = Array.from({ length: height * width }, (_, i) => i % colours);
    const level = (index: number): number => Math.round((255 * index) / (colours - 1));
    const pixels = Uint8Array.from(indices.flatMap((index) => [level(index), 0, 255 - level(index)]));
    const file = await sharp(pixels, { raw: { height, width, channels: 3 } })
      .png({ palette: true, colours, dither: 0 })
      .toBuffer();
    expect(file[24]).toBe(bits);
    const { kind, values, palette } = (await readPngValues(file)) ?? expect.unreachable('not read');
    expect(kind).toBe('palette');
    const shown = [...values].flatMap((index) => [0, 1, 2].map((channel) => palette?.[3 * index + channel]));
    expect(shown).toEqual([...pixels]);
  });

  test('indices, whatever their colours', async () => {
    const file = indexPng(
      [
        [0, 2, 1],
        [1, 1, 2],
      ],
      [
        [9, 9, 9],
        [9, 9, 9],
        [1, 2, 3],
      ],
    );
    const { kind, values, palette } = (await readPngValues(file)) ?? expect.unreachable('not read');
    expect(kind).toBe('palette');
    expect([...values]).toEqual([0, 2, 1, 1, 1, 2]);
    expect([...(palette ?? [])]).toEqual([9, 9, 9, 9, 9, 9, 1, 2, 3]);
  });
});

test('what is no PNG, cut off, or too large is not read', async () => {
  const file = greyPng([
    [0, 255],
    [255, 0],
  ]);
  expect(await readPngValues(file)).not.toBeNull();
  expect(await readPngValues(new TextEncoder().encode('Dear reader'))).toBeNull();
  expect(await readPngValues(file.subarray(0, file.length - 30))).toBeNull();
  const large = Buffer.from(file);
  large.writeUInt32BE(50_000, 16);
  large.writeUInt32BE(50_000, 20);
  expect(await readPngValues(large)).toBeNull();
  // Within the limit, but more than the few bytes of data can hold: refused before any memory is taken.
  large.writeUInt32BE(9000, 16);
  large.writeUInt32BE(9000, 20);
  const before = process.memoryUsage().arrayBuffers;
  expect(await readPngValues(large)).toBeNull();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(9000 * 9000);
});

test('damaged files are read or refused, and nothing throws', async () => {
  const noise = Uint8Array.from(samples(3, 255));
  const files = [
    await sharp(noise, { raw: { height, width, channels: 3 } })
      .png({ progressive: true })
      .toBuffer(),
    greyPng([
      [0, 255, 7],
      [255, 0, 7],
    ]),
    indexPng(
      [
        [0, 1],
        [1, 0],
      ],
      [
        [0, 0, 0],
        [9, 9, 9],
      ],
    ),
  ];
  let read = 0;
  const runs = 1500;
  for (let run = 0; run < runs; run++) {
    const file = files[run % files.length] ?? expect.unreachable('no file');
    const values = await readPngValues(Uint8Array.from(damage(file, random)));
    if (values === null) continue;
    read += 1;
    const channels = values.kind === 'colour' ? 3 : 1;
    expect(values.values.length).toBe(values.height * values.width * channels);
  }
  expect(read).toBeGreaterThan(runs / 20);
  expect(read).toBeLessThan(runs);
});
