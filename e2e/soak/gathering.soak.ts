import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from '../scope.ts';
import { expectFlat, megabytes, tabBytes, tell, times } from './measure.ts';

/** What is kept of a photograph: three vectors of 192 numbers, its small picture's place and name, in the page and in the worker. */
const bytesEach = 8000;

test('photographs by the thousand are gathered, and the tab holds no more than what is kept of them', async ({
  page,
  folder,
}) => {
  const count = times(2000);
  for (const name of ['one', 'two']) await mkdir(join(folder.path, 'all', name), { recursive: true });
  for (let i = 0; i < count; i++) {
    const background = { r: i % 256, g: (i * 7) % 256, b: (i * 31) % 256 };
    const picture = sharp({ create: { width: 640 + (i % 9) * 16, height: 480, channels: 3, background } });
    const name = i % 2 === 0 ? 'one' : 'two';
    await writeFile(join(folder.path, 'all', name, `${i}.jpg`), await picture.jpeg().toBuffer());
  }
  await page.goto('./?backend=wasm#recognise');
  await expect(page.locator('[data-engine-status=ready]')).toBeVisible();
  const before = await tabBytes(page);
  const start = Date.now();
  await page.locator('input[type=file][data-folders]').first().setInputFiles(join(folder.path, 'all'));
  await expect(page.locator('.grid-head')).toContainText(`${count} photographs`, { timeout: count * 10_000 });
  await expect(page.locator('.gathering')).toHaveCount(0);
  await expect(page.locator('.accuracy-number[aria-busy=false]')).toHaveText(/%$/);
  const seconds = (Date.now() - start) / 1000;
  const after = await tabBytes(page);
  tell('gathering', {
    count,
    seconds: seconds.toFixed(0),
    'memory before': megabytes(before),
    with: megabytes(after),
  });
  expectFlat('the tab', before, after, 40e6 + count * bytesEach);
});
