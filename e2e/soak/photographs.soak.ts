import sharp from 'sharp';
import { expect, sideOf, test } from '../scope.ts';
import { expectFlat, megabytes, tabBytes, tell, times } from './measure.ts';

test('photographs by the thousand all run, and are gone when they are removed', async ({
  scope,
  page,
  folder,
}) => {
  const count = times(1000);
  const files: string[] = [];
  for (let i = 0; i < count; i++) {
    const background = { r: i % 256, g: (i * 7) % 256, b: (i * 31) % 256 };
    const picture = sharp({ create: { width: 320 + (i % 9) * 16, height: 240, channels: 3, background } });
    files.push(await folder.write(`photo-${i}.jpg`, await picture.jpeg().toBuffer()));
  }
  await scope.open(`backend=wasm&side=${sideOf(10)}`);
  await scope.isReady();
  const before = await tabBytes(page);
  const start = Date.now();
  await scope.drop(...files);
  await expect(scope.frames).toHaveCount(count, { timeout: 600_000 });
  await expect(page.locator('.frame[data-status=done]')).toHaveCount(count, { timeout: count * 10_000 });
  const seconds = (Date.now() - start) / 1000;
  const full = await tabBytes(page);
  await page.getByRole('button', { name: /remove all/i }).click();
  await expect(scope.frames).toHaveCount(0);
  const after = await tabBytes(page);
  tell('photographs', {
    count,
    seconds: seconds.toFixed(0),
    'memory before': megabytes(before),
    with: megabytes(full),
    after: megabytes(after),
  });
  expectFlat('the tab', before, after, 40e6);
});
