import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withPngChunk } from '../../src/testing/png-chunks.ts';
import { readObjects } from './read-objects.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'masks-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** @param values row by row, `channels` a pixel, three pixels a row */
async function png(
  name: string,
  channels: 1 | 3,
  values: readonly number[],
  palette = false,
): Promise<string> {
  const path = join(folder, name);
  const height = values.length / channels / 3;
  await sharp(Uint8Array.from(values), { raw: { height, width: 3, channels } })
    .png({ palette })
    .toFile(path);
  return path;
}

test('white on black is one object', async () => {
  const path = await png('white.png', 1, [0, 255, 255, 0, 0, 255]);
  const labels = Uint8Array.of(0, 1, 1, 0, 0, 1);
  expect(await readObjects(path)).toEqual({ height: 2, width: 3, count: 1, labels });
});

test.each([false, true])('every colour but black is an object (palette: %s)', async (palette) => {
  const [black, red, green] = [
    [0, 0, 0],
    [128, 0, 0],
    [0, 128, 0],
  ] as const;
  const pixels = [black, red, red, green, black, red].flat();
  const labels = Uint8Array.of(0, 1, 1, 2, 0, 1);
  expect(await readObjects(await png(`colours-${palette}.png`, 3, pixels, palette))).toEqual({
    height: 2,
    width: 3,
    count: 2,
    labels,
  });
});

test.each([8, 16])('objects stay apart whatever a profile makes of their colours (%i bits)', async (bits) => {
  const { icc } = await sharp(
    await sharp({ create: { height: 1, width: 1, channels: 3, background: '#000' } })
      .withIccProfile('p3')
      .png()
      .toBuffer(),
  ).metadata();
  // As Display P3 all three greens are the same to sRGB.
  const values = [0, 0, 0, 0, 255, 0, 60, 255, 0, 0, 0, 0, 0, 0, 0, 30, 255, 0];
  const raw = { height: 2, width: 3, channels: 3 } as const;
  const mask =
    bits === 8
      ? sharp(Uint8Array.from(values), { raw })
      : sharp(
          Uint16Array.from(values, (value) => value * 257),
          { raw },
        ).toColourspace('rgb16');
  const path = join(folder, `profile-${bits}.png`);
  await writeFile(
    path,
    withPngChunk(
      await mask.png().toBuffer(),
      'iCCP',
      Buffer.concat([Buffer.from('p3\0\0'), deflateSync(icc ?? new Uint8Array())]),
    ),
  );
  const labels = Uint8Array.of(0, 1, 2, 0, 0, 3);
  expect(await readObjects(path)).toEqual({ height: 2, width: 3, count: 3, labels });
});

test('black holds no object', async () => {
  expect(await readObjects(await png('black.png', 1, [0, 0, 0]))).toMatchObject({ count: 0 });
});

test('soft edges, or a photograph, are refused', async () => {
  const path = await png(
    'soft.png',
    1,
    Array.from({ length: 60 }, (_, i) => 4 * i),
  );
  expect(await readObjects(path)).toMatch(/hard edges/);
});

test('what is no image is refused', async () => {
  const path = join(folder, 'letter.png');
  await writeFile(path, 'Dear reader');
  expect(await readObjects(path)).toBe('it cannot be decoded');
});
