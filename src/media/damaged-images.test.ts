import { expect, test } from 'vitest';
import { damage, seededRandom } from '../core/seeded-random.ts';
import { imageCases } from '../testing/image-cases.ts';
import { turnedAvifs } from '../testing/turned-avif.ts';
import { decodeBmp } from './bmp-file.ts';
import { decodeGif } from './gif-file.ts';
import { inspectImage } from './inspect-image.ts';
import { turnUpright } from './orientation.ts';
import { storedImage } from './stored-image.ts';

const files = [
  ...imageCases.map(({ name, file }) => ({ name, file })),
  ...turnedAvifs.map(({ file }, i) => ({ name: `turned-${i}.avif`, file })),
];
const runs = 12_000;
/** GIF and BMP files that state more pixels than this are not decoded here: a large size in a damaged header makes decoding slow. */
const patiencePx = 1e6;

/** @returns whether the file was accepted as a picture. Throws if a reader throws */
async function readAll(bytes: Uint8Array): Promise<boolean> {
  const facts = inspectImage(bytes);
  if (!facts.ok) return false;
  const { format, storedSizePx } = facts.value;
  if (format !== 'gif' && format !== 'bmp') {
    const { parts, orientation } = await storedImage(format, bytes);
    expect(parts.length).toBeGreaterThan(0);
    expect(orientation).toBeGreaterThanOrEqual(1);
    expect(orientation).toBeLessThanOrEqual(8);
  } else if (storedSizePx.height * storedSizePx.width <= patiencePx) {
    const grid = format === 'gif' ? decodeGif(bytes) : decodeBmp(bytes);
    if (grid !== null) expect(turnUpright(grid, 6).values.length).toBe(grid.height * grid.width * 4);
  }
  return true;
}

test(`${runs} damaged files of every format end in a picture or in a failure`, async () => {
  const random = seededRandom(3);
  let taken = 0;
  for (let run = 0; run < runs; run++) {
    const { name, file } = files[run % files.length] ?? expect.unreachable();
    // Mostly only the head is damaged, since it controls what a reader does.
    const isHead = random.below(3) > 0;
    const head = Math.min(400, file.length);
    const damaged = isHead
      ? [...damage(file.subarray(0, head), random), ...file.subarray(head)]
      : damage(file, random);
    try {
      if (await readAll(Uint8Array.from(damaged))) taken += 1;
    } catch (error) {
      expect.unreachable(`run ${run}, ${name}: ${String(error)}`);
    }
  }
  expect(taken).toBeGreaterThan(runs / 5);
  expect(taken).toBeLessThan((4 * runs) / 5);
});

test('a file is not changed by being read, whatever kind of bytes it comes in', async () => {
  const changed: string[] = [];
  for (const { name, file } of files) {
    // Node's own, whose `slice` is a view.
    const bytes = Buffer.from(file);
    await readAll(bytes);
    if (!bytes.equals(file)) changed.push(name);
  }
  expect(changed).toEqual([]);
});
