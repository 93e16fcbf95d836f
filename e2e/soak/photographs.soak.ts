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
  const seconds: string[] = [];
  const memory: { readonly full: number; readonly removed: number }[] = [];
  // Twice: the first time the memory of WebAssembly grows by the passes that are kept, and it never shrinks.
  for (const _ of ['first', 'second']) {
    const start = Date.now();
    await scope.drop(...files);
    await expect(scope.frames).toHaveCount(count, { timeout: 600_000 });
    await expect(page.locator('.frame[data-status=done]')).toHaveCount(count, { timeout: count * 10_000 });
    seconds.push(((Date.now() - start) / 1000).toFixed(0));
    const full = await tabBytes(page);
    await page.getByRole('button', { name: /remove all/i }).click();
    await expect(scope.frames).toHaveCount(0);
    memory.push({ full, removed: await tabBytes(page) });
  }
  const [first, second] = memory;
  if (first === undefined || second === undefined) throw new Error('two rounds were not run');
  tell('photographs', {
    count,
    seconds: seconds.join(' and '),
    with: `${megabytes(first.full)}, ${megabytes(second.full)}`,
    removed: `${megabytes(first.removed)}, ${megabytes(second.removed)}`,
  });
  expectFlat('the tab with them', first.full, second.full, 10e6);
  expectFlat('the tab without them', first.removed, second.removed, 10e6);
});
