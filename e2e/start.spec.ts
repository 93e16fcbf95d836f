import { expect, samplePath, sideOf, test } from './scope.ts';
import { tinyRun } from './tiny-run.ts';
import { TrainingView } from './training-view.ts';

const curves = ['Loss', 'Teacher’s entropy', 'Learning rate'];

test.describe('a test that sets what the shared profile has not', () => {
  test.use({ locale: 'de-CH', colorScheme: 'dark', timezoneId: 'Asia/Tokyo' });
  test('has it', async ({ page }) => {
    const here = await page.evaluate(() => ({
      language: navigator.language,
      isDark: matchMedia('(prefers-color-scheme: dark)').matches,
      zone: new Intl.DateTimeFormat().resolvedOptions().timeZone,
    }));
    expect(here).toEqual({ language: 'de-CH', isDark: true, zone: 'Asia/Tokyo' });
  });
});

test('a browser whose language is "C", which Intl refuses, opens the page and draws the curves', async ({
  scope,
  page,
}) => {
  test.setTimeout(600_000);
  await page.addInitScript(() =>
    Object.defineProperty(Navigator.prototype, 'language', { configurable: true, get: () => 'C' }),
  );
  const training = new TrainingView(page);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);
  await training.open();
  await training.fill({ ...tinyRun, Steps: 6 });
  await training.start();
  await training.has('finished');
  for (const title of curves) expect(await training.inkOf(title), title).toBeGreaterThan(40);
});

test('what only training needs is fetched when somebody trains', async ({ scope, page }) => {
  const scripts: string[] = [];
  page.on('request', (request) => scripts.push(new URL(request.url()).pathname));
  await scope.open();
  await scope.isReady();
  expect(scripts.filter((path) => path.includes('training'))).toEqual([]);
  await new TrainingView(page).open();
  expect(scripts.filter((path) => /training-view-.*\.js$/.test(path))).toHaveLength(1);
});

test('a part of the page whose script is gone says so, offers to reload, and leaves the rest', async ({
  scope,
  page,
  faults,
}) => {
  await page.route(/training-view-.*\.js$/, (route) => route.fulfill({ status: 404 }));
  let isOld = false;
  // The host has another version, so the files of this page's version are gone.
  await page.route(/page-.*\.js$/, (route) => (isOld ? route.fulfill({ status: 404 }) : route.fallback()));
  await scope.open(`backend=wasm&side=${sideOf(12)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  isOld = true;
  await page.keyboard.press('r');
  const alert = page.getByRole('alert').filter({ hasText: 'This page was updated after it was opened here' });
  await expect(alert).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  await page.keyboard.press('r');
  isOld = false;
  await page.unrouteAll();
  await alert.getByRole('button', { name: 'Reload the page' }).click();
  await scope.isReady();
  await new TrainingView(page).open();
  // The browser logs each script that it could not load, and React logs an error too. Both are expected.
  faults.length = 0;
});

test('a page whose own scripts or styles do not come says so, and opens when it is loaded again', async ({
  scope,
  page,
  faults,
}) => {
  for (const missing of [/page-.*\.js$/, /index-.*\.css$/, /page-.*\.css$/]) {
    await page.route(missing, (route) => route.abort());
    await scope.open();
    await page.waitForLoadState('load');
    await expect(page.getByRole('alert')).toContainText('DINOscope could not be opened');
    // Nothing takes its place.
    await page.waitForTimeout(500);
    await expect(page.getByRole('alert')).toBeVisible();
    await expect(page.getByRole('button')).toHaveCount(0);
    // The browser logs what it could not load.
    expect(faults.length).toBeGreaterThan(0);
    faults.length = 0;
    await page.unrouteAll();
  }
  // A sheet that is not the page's, as a browser's extension may add, keeps nothing from opening.
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (document.head === null) return;
      observer.disconnect();
      const link = document.createElement('link');
      link.rel = 'stylesheet';
      link.href = 'data:text/css,';
      document.head.append(link);
    }).observe(document, { childList: true, subtree: true });
  });
  await page.reload();
  await scope.isReady();
  await expect(page.getByText('could not be opened')).toHaveCount(0);
  // The page's policy refuses it, and the browser logs that.
  faults.length = 0;
});

test('until the page opens, a line says that it is loading and what to do if it does not', async ({
  scope,
  page,
  faults,
}) => {
  const line = page.getByText('DINOscope is loading. If nothing follows, load the page again.');
  let release = (): void => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  await page.route(/page-.*\.js$/, async (route) => {
    await held;
    await route.continue();
  });
  const opening = scope.open();
  await expect(line).toBeVisible();
  release();
  await opening;
  await scope.isReady();
  await expect(line).toHaveCount(0);
  // Not even the script comes that would say so.
  await page.route(/begin-.*\.js$/, (route) => route.abort());
  await page.reload();
  await expect(line).toBeVisible();
  faults.length = 0;
});
