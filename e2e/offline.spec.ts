import { expect, samplePath, sideOf, test } from './scope.ts';

test.use({ serviceWorkers: 'allow' });

test('from the second visit on the page opens and runs with no network', async ({ scope, page, context }) => {
  await scope.open(`side=${sideOf(20)}`);
  await scope.isReady();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.reload();
  await scope.isReady();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  await scope.addSample(/Raccoon/);
  await scope.allSettled(2);
});
