import { beforeWorker, loseDevices, rememberDevices } from '../before-worker.ts';
import { expect, samplePath, sideOf, test } from '../scope.ts';
import { expectFlat, megabytes, tabBytes, tell, times } from './measure.ts';

test('devices are lost again and again: the engine comes back, asked or unasked, and results stay', async ({
  scope,
  page,
}) => {
  const count = times(200);
  // Each engine that is started anew asks for its script.
  await beforeWorker(page, rememberDevices, count + 10);
  await scope.open(`backend=webgpu&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);
  const picture = await scope.overlayPicture();
  const again = page.getByRole('button', { name: 'Try again' });
  const status = page.locator('[data-engine-status]').first();
  let begin = NaN;
  let asked = 0;
  for (let lost = 0; lost < count; lost++) {
    expect(await loseDevices(page)).toBe(1);
    await expect(status).not.toHaveAttribute('data-engine-status', 'ready');
    await expect(status).toHaveAttribute('data-engine-status', /ready|failed/);
    // After three within two minutes it waits to be asked.
    if ((await status.getAttribute('data-engine-status')) === 'failed') {
      asked += 1;
      await again.click();
    }
    await scope.isReady();
    await scope.allSettled(2);
    if (lost === 2) begin = await tabBytes(page);
  }
  const end = await tabBytes(page);
  await expect(page.locator('.frame[data-status=done]')).toHaveCount(2);
  expect(await scope.overlayPicture()).toBe(picture);
  tell('device losses', {
    count,
    'asked to start again': asked,
    tab: `${megabytes(begin)} → ${megabytes(end)}`,
  });
  expectFlat('the tab', begin, end, 40e6);
});
