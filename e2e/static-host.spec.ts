import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtPage, servePlainly } from './plain-host.ts';
import { embedded, expect, samplePath, sideOf, test } from './scope.ts';

test.use({ serviceWorkers: 'allow' });

test('dist works on a plain host below its root; the download shows its bytes; isolation comes with the second visit', async ({
  scope,
  page,
}) => {
  const host = await servePlainly('/talks/2026/');
  try {
    await page.goto(`${host.address}?backend=wasm&side=${sideOf(20)}`);
    const bytes = new Set<string>();
    await expect
      .poll(
        async () => {
          const line = await page.locator('[data-engine-status]').first().textContent();
          const loaded = /(\d\.\d)\sMB of \d\.\d\sMB/.exec(line ?? '')?.[1];
          if (loaded !== undefined) bytes.add(loaded);
          return bytes.size;
        },
        { intervals: [50] },
      )
      .toBeGreaterThan(2);
    await scope.isReady();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(false);
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    await scope.isReady();
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  } finally {
    host.close();
  }
});

test('a network that takes requests and never answers does not keep the page from opening', async ({
  scope,
  page,
}) => {
  const host = await servePlainly('/');
  try {
    await page.goto(`${host.address}?backend=wasm&side=${sideOf(20)}`);
    await scope.isReady();
    await page.evaluate(() => navigator.serviceWorker.ready);
    host.stopAnswering();
    await page.reload();
    await scope.isReady();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await expect(scope.stage).toHaveAttribute('data-status', 'done');
  } finally {
    host.close();
  }
});

test('a model that is put beside a page which was visited before is offered; a silent host does not hold up the list', async ({
  scope,
  page,
}) => {
  const host = await servePlainly('/');
  const models = page.getByRole('dialog', { name: 'Models' });
  try {
    await page.goto(`${host.address}?backend=wasm&side=${sideOf(20)}`);
    await scope.isReady();
    await page.evaluate(() => navigator.serviceWorker.ready);
    await page.reload();
    await scope.isReady();
    const { models: listed } = JSON.parse(
      await readFile(join(builtPage, 'models', 'models.json'), 'utf8'),
    ) as {
      models: unknown[];
    };
    const added = { id: 'added', title: 'Added later', bytes: 5 };
    host.replace('models/models.json', JSON.stringify({ models: [...listed, added] }));
    await page.keyboard.press('m');
    await expect(models.getByRole('listitem', { name: 'Added later' })).toBeVisible();
    await page.keyboard.press('Escape');
    host.stopAnswering();
    await page.reload();
    await scope.isReady();
    await page.keyboard.press('m');
    await expect(models.getByRole('listitem', { name: embedded.title })).toBeVisible();
  } finally {
    host.close();
  }
});
