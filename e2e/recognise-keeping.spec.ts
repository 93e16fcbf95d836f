/** What is gathered stays: a tab that is closed at any moment, an engine that is lost in the middle, and a second window. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import sharp from 'sharp';
import { expect, test, written } from './scope.ts';

const perFolder = 40;
const all = 2 * perFolder;

/** Two folders, in which no two photographs are equal. @returns the folder above them */
async function writeFolders(root: string): Promise<string> {
  for (const [at, name] of ['green', 'red'].entries()) {
    await mkdir(join(root, name), { recursive: true });
    for (let i = 0; i < perFolder; i++) {
      const background = at === 0 ? { r: i, g: 200, b: 20 } : { r: 200, g: i, b: 20 };
      const picture = sharp({ create: { width: 160 + i, height: 120, channels: 3, background } });
      await writeFile(join(root, name, `${i}.jpg`), await picture.jpeg().toBuffer());
    }
  }
  return root;
}

async function open(page: Page): Promise<void> {
  await page.goto('./?backend=wasm#recognise');
  await expect(page.locator('[data-engine-status=ready]')).toBeVisible();
}

const dropAgain = (page: Page, folder: string): Promise<void> =>
  page.locator('input[type=file][data-folders]').first().setInputFiles(folder);

const countOf = async (page: Page): Promise<number> =>
  parseInt((await page.locator('.grid-head').textContent()) ?? '', 10);

/** Asked often, so that it is soon known. */
const hasSome = (page: Page): Promise<void> =>
  expect.poll(() => countOf(page), { intervals: [50] }).toBeGreaterThan(2);

async function hasAll(page: Page): Promise<void> {
  await expect(page.locator('.grid-head')).toContainText(`${all} photographs`);
  await expect(page.locator('.gathering')).toHaveCount(0);
}

test.describe.configure({ timeout: 600_000 });

test('a tab that is closed in the middle goes on where it was', async ({ page, context, folder }) => {
  const folders = await writeFolders(join(folder.path, 'colours'));
  await open(page);
  await dropAgain(page, folders);
  await hasSome(page);
  await page.close();

  const next = await context.newPage();
  await open(next);
  await hasSome(next);
  // It was closed in the middle.
  expect(await countOf(next)).toBeLessThan(all);
  await dropAgain(next, folders);
  // Nobody came twice, and nothing that was there was lost.
  await hasAll(next);
  await next.reload();
  await hasAll(next);
  await expect(next.locator('.accuracy-number[aria-busy=false]')).toHaveText('100 %');
});

test('an engine that is lost in the middle is replaced, and the rest is taken in', async ({
  page,
  folder,
}) => {
  const folders = await writeFolders(join(folder.path, 'colours'));
  await open(page);
  await dropAgain(page, folders);
  await hasSome(page);
  expect(await countOf(page)).toBeLessThan(all);
  await page.workers()[0]?.evaluate(() => {
    setTimeout(() => {
      throw new Error('lost by the test');
    });
  });
  await hasAll(page);
  await page.reload();
  await hasAll(page);
});

test('what another window is writing is not written, and can be later', async ({ page, context, folder }) => {
  const folders = await writeFolders(join(folder.path, 'colours'));
  await open(page);
  await dropAgain(page, join(folders, 'green'));
  await expect(page.locator('.grid-head')).toContainText(`${perFolder} photographs`);
  await expect(page.locator('.gathering')).toHaveCount(0);
  const other = await context.newPage();
  await other.goto('./licences.txt');
  // As the other window's worker does it.
  await other.evaluate(async () => {
    const root = await (await navigator.storage.getDirectory()).getDirectoryHandle('collections');
    const names: string[] = [];
    for await (const name of root.keys()) names.push(name);
    await new Promise<void>((resolve) => {
      void navigator.locks.request(`dinoscope-collection-${names[0]}`, () => {
        resolve();
        return new Promise(() => undefined);
      });
    });
  });
  await page.bringToFront();
  await dropAgain(page, join(folders, 'red'));
  await expect(written(page, 'Another window of this page is changing this collection.')).toBeVisible();
  expect(await countOf(page)).toBe(perFolder);
  await other.close();
  await dropAgain(page, join(folders, 'red'));
  await hasAll(page);
});
