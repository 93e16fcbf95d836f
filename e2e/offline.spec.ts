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

test('a comparison that was made once is there without a network; one that was not says so', async ({
  scope,
  page,
  context,
  faults,
}) => {
  const title = 'mini/16 supervised';
  const visit = async (): Promise<void> => {
    await scope.isReady();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
  };
  const other = page.getByRole('img', { name: new RegExp(`^${title}: `) });
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.reload();
  await visit();
  await scope.compareWith(title);
  await expect(
    scope.messages.getByText(
      /^mini\/16 supervised: .* Without a network, models can be compared that this page/,
    ),
  ).toBeVisible();
  // The browser's own note of the request without an answer.
  expect(faults.filter((fault) => !fault.includes('ERR_INTERNET_DISCONNECTED'))).toEqual([]);
  faults.length = 0;
  await scope.compareWith('Random weights');
  await expect(page.getByRole('img', { name: /random weights: / })).toBeVisible();
  await context.setOffline(false);
  await scope.compareWith(title);
  await expect(other).toBeVisible();
  await context.setOffline(true);
  await page.reload();
  await visit();
  await scope.compareWith(title);
  await expect(other).toBeVisible();
});

test('what is kept for later comes when the engine runs: until then the connection belongs to the model', async ({
  scope,
  page,
}) => {
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/*.bin', async (route) => {
    await held;
    await route.continue();
  });
  const asked = page.waitForRequest('**/*.bin');
  await scope.open();
  await asked;
  const countWorkers = (): Promise<number> =>
    page.evaluate(async () => (await navigator.serviceWorker.getRegistrations()).length);
  await page.waitForTimeout(500);
  expect(await countWorkers()).toBe(0);
  release();
  await scope.isReady();
  await expect.poll(countWorkers).toBe(1);
});
