/**
 * Storage that is full in earnest: the browser has no more room to give, and refuses the writes themselves. Elsewhere failures
 * are made at each write by hand (`worker/training-handlers.test`, `library/*.test`).
 */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright/test';
import { expect, samplePath, sideOf, test } from './scope.ts';
import { tinyRun } from './tiny-run.ts';
import { TrainingView } from './training-view.ts';

const checkpoint = fileURLToPath(
  new URL('../tools/reference/fixtures/checkpoints/full.pth', import.meta.url),
);

interface Room {
  /** From now on the host may keep so many bytes more than it does now. */
  leave(bytes: number): Promise<void>;
  end(): Promise<void>;
}

async function limitRoom(page: Page): Promise<Room> {
  const devtools = await page.context().newCDPSession(page);
  const { origin } = new URL(page.url());
  return {
    leave: async (bytes) => {
      const usage = await page.evaluate(async () => (await navigator.storage.estimate()).usage ?? 0);
      await devtools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + bytes });
    },
    end: async () => {
      await devtools.send('Storage.overrideQuotaForOrigin', { origin });
      await devtools.detach();
    },
  };
}

/** Names and sizes of all files that the page keeps. */
const keptFiles = (page: Page, folder: string): Promise<string[]> =>
  page.evaluate(async (name) => {
    const found: string[] = [];
    const walk = async (at: FileSystemDirectoryHandle, path: string): Promise<void> => {
      for await (const [entry, handle] of at)
        if (handle.kind === 'directory') await walk(handle, `${path}/${entry}`);
        else found.push(`${path}/${entry}: ${(await handle.getFile()).size}`);
    };
    const root = await navigator.storage.getDirectory();
    const start = await root.getDirectoryHandle(name).catch(() => null);
    if (start !== null) await walk(start, name);
    return found.toSorted();
  }, folder);

test('a model that does not fit leaves nothing and no other model harmed; with room it is kept', async ({
  scope,
  page,
  folder,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  const bytes = await readFile(checkpoint);
  const config = await folder.write('config.json', '{"num_attention_heads": 3}');
  const keep = async (name: string): Promise<void> => {
    await scope.drop(await folder.write(name, bytes), config);
    await expect(page.locator('[data-engine-status=ready]')).toContainText(name);
    await page.keyboard.press('m');
    await page.getByRole('listitem', { name }).getByRole('button', { name: 'Keep in this browser' }).click();
  };
  const list = page.getByRole('dialog', { name: 'Models' });
  await keep('first.pth');
  await expect(list.getByRole('listitem', { name: 'first.pth' })).toContainText('Kept in this browser');
  await page.keyboard.press('Escape');
  const before = await keptFiles(page, 'models');
  expect(before.length).toBeGreaterThan(0);

  const room = await limitRoom(page);
  await room.leave(2000);
  await keep('second.pth');
  await expect(
    page.getByText(/There is not enough room in this browser.*kept models take \d/).first(),
  ).toBeVisible();
  expect(await keptFiles(page, 'models')).toEqual(before);

  await room.end();
  await list
    .getByRole('listitem', { name: 'second.pth' })
    .getByRole('button', { name: 'Keep in this browser' })
    .click();
  await expect(list.getByRole('listitem', { name: 'second.pth' })).toContainText('Kept in this browser');
  expect(await keptFiles(page, 'models')).toEqual(expect.arrayContaining(before));
});

test('a run whose start does not fit leaves nothing; one that fills the disk goes on and waits at its end for room', async ({
  scope,
  page,
}) => {
  test.setTimeout(600_000);
  const training = new TrainingView(page);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await training.open();
  await training.fill({ ...tinyRun, Steps: 400, 'Save every … steps': 5 });
  const room = await limitRoom(page);
  await room.leave(2000);
  await training.press('Start training');
  await expect(page.getByText(/There is not enough room in this browser/).first()).toBeVisible();
  expect(await keptFiles(page, 'runs')).toEqual([]);

  await room.end();
  await training.press('Close this run');
  await training.start();
  await training.reaches(6);
  await training.press('Pause');
  await training.has('paused');
  const full = await limitRoom(page);
  await full.leave(0);
  await training.press('Resume');
  await expect(page.getByText(/The last save failed\. There is not enough room/).first()).toBeVisible();
  const again = page.getByRole('button', { name: 'Save again' });
  await expect(again).toBeVisible({ timeout: 300_000 });
  await full.end();
  await again.click();
  await training.has('finished');
  expect((await training.log()).at(-1)?.step).toBe(400);
  await training.press('Close this run');
  await expect(page.locator('.kept-run')).toContainText('Step 400 of 400');
});
