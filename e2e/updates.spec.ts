/** Tests of updates: another version is put on the host while people have the page open or while they open it. */
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JSHandle, Page } from 'playwright/test';
import { makeNextVersion } from './next-version.ts';
import { type PlainHost, servePlainly } from './plain-host.ts';
import { expect, samplePath, sideOf, test } from './scope.ts';
import { tinyRun } from './tiny-run.ts';
import { TrainingView } from './training-view.ts';

const query = `?backend=wasm&side=${sideOf(12)}`;
const updated = 'This page was updated after it was opened here';

let next = '';
let host: PlainHost;

test.beforeAll(async () => {
  next = await makeNextVersion();
});
test.afterAll(() => rm(next, { recursive: true, force: true }));
test.beforeEach(async () => {
  host = await servePlainly('/');
});
test.afterEach(() => host.close());

/** The page's own script, whose name identifies the tab's version. */
const versionOf = (page: Page): Promise<string | null> =>
  page.locator('script[type=module]').first().getAttribute('src');

const cachesOf = (page: Page): Promise<string[]> =>
  page.evaluate(async () => (await caches.keys()).filter((name) => name.startsWith('dinoscope-page-')));

/** The service worker that answers for the page now; equal handles are the same one. */
const activeWorker = (page: Page): Promise<JSHandle<ServiceWorker | null | undefined>> =>
  page.evaluateHandle(async () => (await navigator.serviceWorker.getRegistration())?.active);

/**
 * Waits until the version after `before` is installed and has taken over. A new cache alone says only that it began: a page that loads
 * then may wait behind the files that are being kept.
 */
const hasTakenOver = (page: Page, before: JSHandle<ServiceWorker | null | undefined>): Promise<void> =>
  expect
    .poll(() =>
      page.evaluate(async (earlier) => {
        const { installing, waiting, active } = (await navigator.serviceWorker.getRegistration()) ?? {};
        const isSettled = installing === null && waiting === null && active?.state === 'activated';
        return isSettled && active !== earlier;
      }, before),
    )
    .toBe(true);

/** Ends the engine's worker by an uncaught error. */
const loseEngine = async (page: Page): Promise<void> =>
  page.workers()[0]?.evaluate(
    () =>
      void setTimeout(() => {
        throw new Error('a crash of this test');
      }),
  );

test.describe('with the service worker', () => {
  test.use({ serviceWorkers: 'allow' });

  const openKept = async (page: Page): Promise<void> => {
    await page.goto(`${host.address}${query}`);
    await expect(page.locator('[data-engine-status=ready]')).toBeVisible();
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    await expect(page.locator('[data-engine-status=ready]')).toBeVisible();
  };

  test('an update takes nothing from an open tab: parts, workers and a new engine come from the version before, until its last tab is gone', async ({
    scope,
    page,
    context,
  }) => {
    test.setTimeout(600_000);
    await openKept(page);
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    const [before = ''] = await cachesOf(page);
    const version = await versionOf(page);
    const worker = await activeWorker(page);

    host.deploy(next);
    const other = await context.newPage();
    await other.goto(`${host.address}${query}`);
    await expect(other.locator('[data-engine-status=ready]')).toBeVisible();
    expect(await versionOf(other)).not.toBe(version);
    await other.evaluate(async () => (await navigator.serviceWorker.getRegistration())?.update());
    await expect.poll(() => cachesOf(other)).toHaveLength(2);
    await hasTakenOver(page, worker);
    await other.reload();
    await expect(other.locator('[data-engine-status=ready]')).toBeVisible();
    expect(await versionOf(page)).toBe(version);
    const missing = host.missing.length;

    await page.bringToFront();
    const training = new TrainingView(page);
    await training.open();
    await training.fill({ ...tinyRun, Steps: 3 });
    await training.start();
    await training.has('finished');
    await page.keyboard.press('Escape');
    await page.keyboard.press('m');
    await expect(page.getByRole('dialog', { name: 'Models' }).getByText(/^Models take/)).toBeVisible();
    await page.keyboard.press('Escape');
    await loseEngine(page);
    await expect(page.locator('.message', { hasText: /The engine starts again/ })).toBeVisible();
    await scope.drop(samplePath('dog'));
    await scope.allSettled(2);
    await expect(scope.frame('dog.jpg')).toHaveAttribute('data-status', 'done');
    expect(host.missing.slice(missing)).toEqual([]);

    expect(await cachesOf(other)).toContain(before);
    await page.close();
    await other.reload();
    await expect.poll(() => cachesOf(other)).not.toContain(before);
    expect(await cachesOf(other)).toHaveLength(1);
  });

  test('a new version takes over although the one before is asked for files at that very moment', async ({
    page,
  }) => {
    await openKept(page);
    const worker = await activeWorker(page);
    host.deploy(next);
    // Without being asked once more, Chromium would leave the new version waiting until the tab is closed.
    await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.getRegistration();
      const isInstalled = new Promise<void>((resolve) =>
        registration?.addEventListener('updatefound', () => {
          const { installing } = registration;
          installing?.addEventListener('statechange', () => {
            if (installing.state === 'installed') resolve();
          });
        }),
      );
      const enough = new AbortController();
      const ask = async (): Promise<void> => {
        while (!enough.signal.aborted) await fetch('./favicon.svg');
      };
      const asked = Promise.all([ask(), ask()]);
      await registration?.update();
      await isInstalled;
      await new Promise((resolve) => setTimeout(resolve, 1000));
      enough.abort();
      await asked;
    });
    await hasTakenOver(page, worker);
  });

  test('a new page before its scripts is not shown: the kept one opens, and the new one when it is whole', async ({
    scope,
    page,
  }) => {
    await openKept(page);
    const version = await versionOf(page);
    host.replace('index.html', await readFile(join(next, 'index.html'), 'utf8'));
    await page.reload();
    await scope.isReady();
    expect(await versionOf(page)).toBe(version);
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');

    host.deploy(next);
    await page.reload();
    await scope.isReady();
    expect(await versionOf(page)).not.toBe(version);
  });
});

test.describe('without a service worker', () => {
  test('a script of a worker that is gone is asked for once, and said; the page offers to load itself anew', async ({
    scope,
    page,
    faults,
  }) => {
    await page.goto(`${host.address}${query}`);
    await scope.isReady();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    host.deploy(next);
    const modelScript = /model-worker-(?!.*next)/;
    await page.keyboard.press('m');
    const models = page.getByRole('dialog', { name: 'Models' });
    await expect(models.getByText(updated)).toBeVisible();
    // Long enough for a retry loop to send hundreds of requests.
    await page.waitForTimeout(3000);
    expect(host.requests(modelScript)).toBe(1);
    expect(host.requests(modelScript, 'HEAD')).toBe(1);
    await page.keyboard.press('Escape');
    await page.waitForTimeout(1000);
    expect(host.requests(modelScript)).toBe(1);

    const engineScript = /engine-worker-(?!.*next)/;
    const asked = host.requests(engineScript);
    await loseEngine(page);
    const alert = page.getByRole('alert').filter({ hasText: updated });
    await expect(alert).toBeVisible();
    await expect(alert.getByRole('button', { name: 'Try again' })).toHaveCount(0);
    await page.waitForTimeout(3000);
    expect(host.requests(engineScript)).toBe(asked + 1);
    // The results so far stay.
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
    await alert.getByRole('button', { name: 'Reload the page' }).click();
    await scope.isReady();
    await page.keyboard.press('m');
    await expect(models.getByText(/^Models take/)).toBeVisible();
    faults.length = 0;
  });

  test('a script that a host does not give now can be asked for again', async ({ scope, page, faults }) => {
    await page.goto(`${host.address}${query}`);
    await scope.isReady();
    await page.route('**/engine-worker-*', (route) => route.abort());
    await loseEngine(page);
    const alert = page.getByRole('alert').filter({ hasText: 'could not be fetched. Check the connection' });
    await expect(alert).toBeVisible();
    await page.unrouteAll();
    await alert.getByRole('button', { name: 'Try again' }).click();
    await scope.isReady();
    faults.length = 0;
  });
});
