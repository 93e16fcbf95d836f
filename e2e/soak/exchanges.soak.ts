import { checkpointPath } from '../../src/testing/checkpoint-fixtures.ts';
import { beforeWorker } from '../before-worker.ts';
import { embedded, expect, samplePath, sideOf, test } from '../scope.ts';
import { countGpuBytes, expectFlat, gpuBytes, megabytes, tabBytes, tell, times } from './measure.ts';

const dropped = 'moco-v3.pth.tar';
const twin = 'mini/16 supervised';

for (const backend of ['wasm', 'webgpu'] as const)
  test(`models are exchanged again and again, and nothing grows (${backend})`, async ({ scope, page }) => {
    const count = times(500);
    // A tiny network has patches of 2 px, and so thousands of tokens, which take a software adapter minutes.
    const other = backend === 'wasm' ? dropped : twin;
    await beforeWorker(page, countGpuBytes);
    await scope.open(`backend=${backend}&side=${sideOf(8)}`);
    await scope.isReady();
    await scope.drop(samplePath('cat'), ...(other === dropped ? [checkpointPath(dropped)] : []));
    const ready = page.locator('[data-engine-status=ready]');
    if (other === dropped) await expect(ready).toContainText(dropped);
    else await scope.allSettled(1);
    await page.keyboard.press('m');
    const list = page.getByRole('dialog', { name: 'Models' });
    const use = async (title: string): Promise<void> => {
      const wait = { timeout: 900_000 };
      const row = list.getByRole('listitem', { name: title });
      await row.getByRole('button', { name: 'Use' }).click();
      await expect(row).toHaveAttribute('data-used', 'true', wait);
      await expect(page.locator('.frame[data-status=done]')).toHaveCount(1, wait);
    };
    if (other === twin) await use(other);
    let begin = { tab: NaN, device: NaN };
    for (let done = 0; done < count; done += 2) {
      await use(embedded.title);
      await use(other);
      // The first exchanges fill the caches, so the measurement starts after them.
      if (done === 2) begin = { tab: await tabBytes(page), device: await gpuBytes(page) };
      if ((done + 2) % 20 === 0)
        tell(`exchanges on ${backend} so far`, { count: done + 2, tab: megabytes(await tabBytes(page)) });
    }
    const end = { tab: await tabBytes(page), device: await gpuBytes(page) };
    tell(`exchanges on ${backend}`, {
      count,
      tab: `${megabytes(begin.tab)} → ${megabytes(end.tab)}`,
      device: `${megabytes(begin.device)} → ${megabytes(end.device)}`,
    });
    expectFlat('the tab', begin.tab, end.tab, 40e6);
    expectFlat('the device', begin.device, end.device, 1e6);
  });
