import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { runToolAlone } from '../../src/testing/run-tool.ts';
import { drawTable, showKept } from './draw-comparison.ts';

/** A photograph of 4 × 6 pixels in which every value is 200. */
const photo = { height: 4, width: 6, channels: 3, values: new Uint8Array(4 * 6 * 3).fill(200) } as const;

test('what the mask of the mean over heads keeps stays as it is, the rest is dark', () => {
  // The mean is 0.05 0.45 / 0.4 0.1: the fewest patches with 60 % of the mass are the second and the third.
  const maps = {
    numHeads: 2,
    rows: 2,
    columns: 2,
    maps: Float32Array.from([0, 0.9, 0, 0.1, 0.1, 0, 0.8, 0.1]),
  };
  // The patches cover the middle four columns of six.
  const shown = showKept(photo, maps, { top: 0, left: 1, height: 4, width: 4 });
  const red = [0, 1, 2, 3].map((y) => [0, 1, 2, 3, 4, 5].map((x) => shown[(y * 6 + x) * 3]));
  const upper = [50, 50, 50, 200, 200, 50];
  const lower = [50, 200, 200, 50, 50, 50];
  expect(red).toEqual([upper, upper, lower, lower]);
});

test('a table has a column for each title and a row for each photograph', async () => {
  const tile = (value: number) => ({ height: 4, width: 6, rgb: new Uint8Array(4 * 6 * 3).fill(value) });
  const picture = await drawTable(
    ['a & b', 'c'],
    [
      [tile(10), tile(90)],
      [tile(170), tile(250)],
    ],
    40,
  );
  const { data, info } = await sharp(picture).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height]).toEqual([8 + 2 * 48, 28 + 2 * 48]);
  const at = (x: number, y: number): number => data[(y * info.width + x) * info.channels] ?? -1;
  const middles = [at(28, 48), at(76, 48), at(28, 96), at(76, 96)];
  for (const [i, value] of [10, 90, 170, 250].entries()) expect(middles[i]).toBeCloseTo(value, -1);
});

test('npm run compare shows the networks that it is given and one that knows nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'compare-'));
  const root = fileURLToPath(new URL('../..', import.meta.url));
  try {
    const out = join(folder, 'deep', 'picture.webp');
    const photographs = ['cat', 'dog'].map((name) => join(root, `public/samples/${name}.jpg`));
    const model = join(root, 'public/models/dinoscope-mini16');
    const run = await runToolAlone('compare', ...photographs, '--model', model, '--side', '64', '--out', out);
    expect(run.stdout).toContain('2 photographs, 2 networks');
    const { width, height } = await sharp(await readFile(out)).metadata();
    expect([width, height]).toEqual([8 + 3 * 184, 28 + 2 * 184]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
