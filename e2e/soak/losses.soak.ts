import type { Page, Worker } from 'playwright/test';
import { beforeWorker, rememberDevices } from '../before-worker.ts';
import { expect, samplePath, sideOf, test } from '../scope.ts';
import { expectFlat, megabytes, tabBytes, tell, times } from './measure.ts';

const engineWorker = (page: Page): Worker | undefined =>
  page.workers().findLast((worker) => worker.url().includes('engine-worker'));

/** @returns how many devices there were */
const loseDevices = (worker: Worker): Promise<number> =>
  worker.evaluate(() => {
    const { devices } = globalThis as unknown as { devices: GPUDevice[] };
    for (const device of devices) device.destroy();
    return devices.length;
  });

test('devices are lost again and again: the engine comes back, asked or unasked, and results stay', async ({
  scope,
  page,
}) => {
  const count = times(200);
  // Each restarted engine requests its script.
  await beforeWorker(page, rememberDevices, count + 10);
  await scope.open(`backend=webgpu&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);
  await scope.select('cat.jpg');
  const picture = await scope.savedPicture();
  const again = page.getByRole('button', { name: 'Try again' });
  const status = page.locator('[data-engine-status]').first();
  let begin = NaN;
  let asked = 0;
  for (let lost = 0; lost < count; lost++) {
    const worker = engineWorker(page);
    if (worker === undefined) throw new Error('there is no engine');
    expect(await loseDevices(worker)).toBeGreaterThan(0);
    // It is noticed by who uses it next.
    await scope.drop(samplePath('coffee'));
    await expect
      .poll(
        async () =>
          engineWorker(page) !== worker || (await status.getAttribute('data-engine-status')) === 'failed',
      )
      .toBe(true);
    await expect(status).toHaveAttribute('data-engine-status', /ready|failed/, { timeout: 900_000 });
    // After three losses within two minutes the page waits for the user before it restarts.
    if ((await status.getAttribute('data-engine-status')) === 'failed') {
      asked += 1;
      await again.click();
    }
    await scope.isReady();
    await scope.allSettled(3);
    await expect(scope.frame('coffee.jpg')).toHaveAttribute('data-status', 'done');
    await page.getByRole('button', { name: 'Remove coffee.jpg' }).click();
    await scope.allSettled(2);
    if (lost === 2) begin = await tabBytes(page);
    // Where the whole does not fit into the time, this says what held until then.
    if ((lost + 1) % 10 === 0)
      tell('device losses so far', { count: lost + 1, tab: megabytes(await tabBytes(page)) });
  }
  const end = await tabBytes(page);
  await expect(page.locator('.frame[data-status=done]')).toHaveCount(2);
  await scope.select('cat.jpg');
  expect(await scope.savedPicture()).toBe(picture);
  tell('device losses', {
    count,
    'asked to start again': asked,
    tab: `${megabytes(begin)} → ${megabytes(end)}`,
  });
  expectFlat('the tab', begin, end, 40e6);
});
