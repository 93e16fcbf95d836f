import { readFileSync } from 'node:fs';
import { expect, samplePath, sideOf, test } from './scope.ts';

/** What package.json says that the page needs, which is not what the build has found in it. */
const packagesOfPage = Object.keys(
  JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).dependencies,
);

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
  // A file of the page in a tab of its own is that file, and not the page once more.
  await page.keyboard.press('?');
  const [licences] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('dialog').getByRole('link', { name: 'licences' }).click(),
  ]);
  for (const name of packagesOfPage) await expect(licences.locator('body')).toContainText(`\n${name} `);
});
