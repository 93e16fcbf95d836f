import { readFileSync } from 'node:fs';
import { expect, samplePath, sideOf, test } from './scope.ts';

/** The packages that the page needs by package.json. The build's own list is not used. */
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
  // A file of the page opened in its own tab shows that file and not the page.
  await page.keyboard.press('?');
  const [licences] = await Promise.all([
    page.waitForEvent('popup'),
    page.getByRole('dialog').getByRole('link', { name: 'licences' }).click(),
  ]);
  for (const name of packagesOfPage) await expect(licences.locator('body')).toContainText(`\n${name} `);
});
