import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locator, Page, Route } from 'playwright/test';
import { catalogue } from '../src/catalogue/catalogue.ts';
import type { CatalogueEntry } from '../src/catalogue/parse-catalogue.ts';
import { formatBytes } from '../src/core/bytes.ts';
import { lockName } from '../src/core/model-locks.ts';
import { decodeNpy } from '../src/formats/npy.ts';
import { checkpointPath as checkpoint, wrappedPath } from '../src/testing/checkpoint-fixtures.ts';
import type { ToolScripts } from '../src/testing/tool-scripts.ts';
import { axeOf } from './axe.ts';
import { publishedCheckpoint } from './published-checkpoint.ts';
import { beforeWorker } from './before-worker.ts';
import { embedded, expect, samplePath, sideOf, test } from './scope.ts';

function entryOf(id: string): CatalogueEntry {
  const entry = catalogue.models.find((model) => model.id === id);
  if (entry === undefined) throw new Error(`the catalogue has no ${id}`);
  return entry;
}

/** The published model whose head count is in no file. */
const published = entryOf('moco-v3-vits');
const [{ url }] = published.sources;
const weights = publishedCheckpoint(published, 'module.base_encoder.');
const size = formatBytes(weights.byteLength);

const cors = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Expose-Headers': 'ETag, Content-Range' };
const etag = '"fixture"';

const openList = async (page: Page): Promise<Locator> => {
  await page.keyboard.press('m');
  return page.getByRole('dialog', { name: 'Models' });
};

const row = (list: Locator, title: string | RegExp): Locator => list.getByRole('listitem', { name: title });

const isUsed = (list: Locator, title: string | RegExp) =>
  expect(row(list, title)).toHaveAttribute('data-used', 'true');

/** Answers as a working host does, with the whole file. */
async function serveWhole(route: Route): Promise<void> {
  await route.fulfill({ body: weights, headers: { ...cors, ETag: etag } });
}

/** The number of patches that each head needs for 60 % of its attention, from the maps that `npm run attend` writes. */
async function keptPatches(tools: ToolScripts, model: string, photo: string, out: string): Promise<number[]> {
  const side = String(sideOf(8));
  await tools.run('attend', photo, '--model', model, '--side', side, '--backend', 'wasm', '--out', out);
  const { shape, values } = decodeNpy(new Uint8Array(await readFile(join(out, 'cat.npy'))));
  const [heads = 0, rows = 0, columns = 0] = shape;
  return Array.from({ length: heads }, (_, head) => {
    const map = [...values.subarray(head * rows * columns, (head + 1) * rows * columns)].sort(
      (a, b) => b - a,
    );
    const wanted = 0.6 * map.reduce((sum, value) => sum + value, 0);
    let held = 0;
    return 1 + map.findIndex((value) => (held += value) >= wanted);
  });
}

test('a published checkpoint: nothing before a press; broken off, resumed, checked, used, remembered without a network, deleted', async ({
  scope,
  page,
  context,
  folder,
  tools,
}) => {
  const ranges: (string | undefined)[] = [];
  const outside: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).hostname !== 'localhost' && request.url().startsWith('http'))
      outside.push(request.url());
  });
  let isPatient = false;
  await page.route(url, async (route) => {
    const { range } = route.request().headers();
    ranges.push(range);
    const from = Number(/bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    // The first connection sends a third of the file and closes. Requests for the rest get no answer while the host is silent.
    if (range === undefined)
      await route.fulfill({
        body: weights.subarray(0, 10_000),
        headers: { ...cors, ETag: etag, 'Content-Length': String(weights.byteLength) },
      });
    else if (isPatient)
      await route.fulfill({
        status: 206,
        body: weights.subarray(from),
        headers: {
          ...cors,
          ETag: etag,
          'Content-Range': `bytes ${from}-${weights.byteLength - 1}/${weights.byteLength}`,
        },
      });
  });
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  const list = await openList(page);
  await isUsed(list, embedded.title);
  expect(outside).toEqual([]);

  const entry = row(list, published.title);
  await expect(entry).toContainText('more than 86.7 MB');
  await expect(entry).toContainText('CC-BY-NC 4.0');
  await entry.getByRole('button', { name: 'Download' }).click();
  await expect(entry).toContainText(`10 kB of ${size}`);
  await expect.poll(() => ranges.length).toBe(2);
  await entry.getByRole('button', { name: 'Cancel' }).click();
  await expect(entry).toContainText(`10 kB of ${size} are here`);
  await page.keyboard.press('Escape');
  await expect(list).toBeHidden();
  await page.reload();
  await scope.isReady();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);

  isPatient = true;
  await openList(page);
  await entry.getByRole('button', { name: 'Resume' }).click();
  await entry.getByRole('button', { name: 'Use' }).click();
  await isUsed(list, published.title);
  expect(ranges).toEqual([undefined, 'bytes=10000-', 'bytes=10000-']);
  expect(outside.every((asked) => asked === url)).toBe(true);
  await page.keyboard.press('Escape');

  // The numbers are those of the command line for the same file, for each head.
  await scope.allSettled(1);
  await expect(scope.fact('Model')).toHaveText(published.title);
  const file = await folder.write('published.safetensors', weights);
  const expected = await keptPatches(tools, file, samplePath('cat'), folder.path);
  expect(expected).toHaveLength(12);
  for (const [head, patches] of expected.entries()) {
    await scope.showView(`Head ${head + 1}`);
    await expect(scope.stage).toContainText(`Head ${head + 1}: 60 % of its attention lies on ${patches} of`);
  }

  // The next visit starts with this model and sends no request for it.
  await page.unroute(url);
  await context.route(/^https:/, (route) => route.abort());
  await page.reload();
  await expect(page.locator('[data-engine-status=ready]')).toContainText(published.title);
  await openList(page);
  await entry.getByRole('button', { name: `Delete ${published.title}` }).click();
  await expect(entry).toContainText('It is in use');
  await entry.getByRole('button', { name: 'I see' }).click();
  await row(list, embedded.title).getByRole('button', { name: 'Use' }).click();
  await isUsed(list, embedded.title);
  await entry.getByRole('button', { name: `Delete ${published.title}` }).click();
  await entry.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(entry.getByRole('button', { name: 'Download' })).toBeVisible();
  await expect(list).toContainText('Models take 0 bytes');
});

test('what a host gives under a published name and is another network is not used, and what differs is listed', async ({
  scope,
  page,
}) => {
  const tiny = await readFile(checkpoint('moco-v3.pth.tar'));
  await page.route(url, (route) => route.fulfill({ body: tiny, headers: cors }));
  await scope.open();
  await scope.isReady();
  const list = await openList(page);
  await row(list, published.title).getByRole('button', { name: 'Download' }).click();
  await row(list, published.title).getByRole('button', { name: 'Use' }).click();
  await expect(list).toContainText(
    /MoCo v3 ViT-S: The model's parameters do not fit its architecture: missing blocks\.2\..*cls_token is \[1, 1, 12\], not \[1, 1, 384\]/,
  );
  await isUsed(list, embedded.title);
});

test('a download that is not the model is refused and leaves nothing; a host that fails gives way to the next', async ({
  scope,
  page,
}) => {
  const dino = entryOf('dino-vits16');
  const loginPage = '<!doctype html><title>Log in to the network</title>';
  const sendsPage = new Set([dino.sources[0].url, url]);
  // One route all the time: while one is replaced by another, a request would leave for the network.
  await page.route(/^https:/, (route) =>
    sendsPage.has(route.request().url())
      ? route.fulfill({ body: loginPage, headers: cors })
      : serveWhole(route),
  );
  await scope.open();
  await scope.isReady();
  const list = await openList(page);
  await row(list, dino.title).getByRole('button', { name: 'Download' }).click();
  await expect(row(list, dino.title).getByRole('button', { name: 'Use' })).toBeVisible();
  const other = row(list, published.title);
  await other.getByRole('button', { name: 'Download' }).click();
  await expect(other).toContainText(/could not be downloaded.*is not the model: it is a web page/);
  sendsPage.clear();
  // As when leftovers of a download are being removed: somebody has the lock for a moment.
  await page.evaluate(
    (name) => {
      void navigator.locks.request(name, () => new Promise((resolve) => setTimeout(resolve, 500)));
    },
    lockName(`model-${published.id}`),
  );
  await other.getByRole('button', { name: 'Try again' }).click();
  await expect(other.getByRole('button', { name: 'Use' })).toBeVisible();
});

test('a checkpoint is dropped like a photograph, with photographs; two networks are a choice; it can be kept', async ({
  scope,
  page,
  folder,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  const file = await folder.write('dino-full.pth', await readFile(checkpoint('full.pth')));
  const config = await folder.write('config.json', '{"num_attention_heads": 3}');
  const preprocessor = await folder.write('preprocessor_config.json', '{"image_mean": [0, 0, 0]}');
  await scope.drop(samplePath('cat'), file, config, preprocessor);
  await expect(page.locator('[data-engine-status=ready]')).toContainText('dino-full.pth');
  await scope.allSettled(1);
  await expect(scope.fact('Model')).toHaveText('dino-full.pth');
  await expect(scope.fact('Normalisation')).toHaveText('its own');
  await expect(scope.fact('Left out')).toHaveText('6 parts');
  await expect(page.getByText(/besides this network, .*: student, optimizer/)).toBeAttached();
  await expect(page.getByRole('radio', { name: /^Head \d/ })).toHaveCount(3);
  const teacher = await scope.overlayPicture();

  const list = await openList(page);
  const own = row(list, 'dino-full.pth');
  await expect(own.getByRole('radio', { name: 'teacher' })).toBeChecked();
  await own.getByRole('radio', { name: 'student' }).click({ force: true });
  await expect.poll(() => page.locator('[data-switching]').count()).toBe(0);
  await expect(own.getByRole('radio', { name: 'student' })).toBeChecked();
  await scope.allSettled(1);
  expect(await scope.overlayPicture()).not.toBe(teacher);

  await own.getByRole('button', { name: 'Keep in this browser' }).click();
  await expect(own).toContainText('Kept in this browser');
  await isUsed(list, 'dino-full.pth');
  await expect
    .poll(() => page.evaluate(() => localStorage.getItem('dinoscope.settings')))
    .toContain('own-dino-full');
  await page.reload();
  await expect(page.locator('[data-engine-status=ready]')).toContainText('dino-full.pth');
});

test('where the head count is in no file it is asked for', async ({ scope, page, folder }) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  // Some systems end every archive's name in .zip, and PyTorch's files are archives.
  await scope.drop(await folder.write('dino.pth.zip', await readFile(checkpoint('dino.pth'))));
  const list = page.getByRole('dialog', { name: 'Models' });
  await expect(list).toContainText('How many attention heads this network has is not in its file');
  const field = list.getByRole('spinbutton', { name: 'Attention heads' });
  await expect(field).toBeFocused();
  await field.fill('5');
  await page.keyboard.press('Enter');
  await expect(list).toContainText('embedDim 12 is not a multiple of numHeads 5');
  await field.fill('3');
  await page.keyboard.press('Enter');
  await isUsed(list, 'dino.pth.zip');
});

test('where the grid is no square and in no file it is asked for', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(wrappedPath('oblong.pth'));
  const list = page.getByRole('dialog', { name: 'Models' });
  await expect(list).toContainText('9 positions, which are not one CLS token and a square grid of patches');
  await expect(list.getByRole('spinbutton', { name: 'Rows of patches' })).toBeFocused();
  await page.keyboard.type('2');
  await page.keyboard.press('Tab');
  await page.keyboard.type('4');
  await page.keyboard.press('Enter');
  // Then the page asks for the head count, which is not in the file either.
  const heads = list.getByRole('spinbutton', { name: 'Attention heads' });
  await expect(heads).toBeFocused();
  await heads.fill('3');
  await page.keyboard.press('Enter');
  await isUsed(list, 'oblong.pth');
});

test('a checkpoint in several files is one model, and is kept whole; a part by itself says which is missing', async ({
  scope,
  page,
  folder,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  const config = await folder.write('config.json', '{"num_attention_heads": 3}');
  const part = (number: number): string => wrappedPath(`parts/model-0000${number}-of-00002.safetensors`);
  await scope.drop(part(2));
  await expect(
    scope.messages.filter({ hasText: /and model-00001-of-00002\.safetensors is missing/ }).first(),
  ).toBeVisible();
  await scope.drop(part(2), wrappedPath('parts/model.safetensors.index.json'), config, part(1));
  const list = await openList(page);
  const own = row(list, 'model.safetensors').filter({ hasText: 'in 2 files' });
  await expect(own).toHaveAttribute('data-used', 'true');
  await own.getByRole('button', { name: 'Keep in this browser' }).click();
  await expect(row(list, 'model.safetensors').filter({ hasText: 'Kept in this browser' })).toBeVisible();
  await expect
    .poll(() => page.evaluate(() => localStorage.getItem('dinoscope.settings')))
    .toContain('own-model-safetensors');
  await page.reload();
  await expect(page.locator('[data-engine-status=ready]')).toContainText('model.safetensors');
});

test('rubbish with a checkpoint’s name gets a sentence, and the model in use goes on; a picture with one is a picture', async ({
  scope,

  folder,
}) => {
  await scope.open();
  await scope.isReady();
  const rubbish = await folder.write('rubbish.pth', 'no network');
  const picture = await folder.write('picture.bin', await readFile(samplePath('cat')));
  await scope.drop(rubbish, picture);
  await expect(
    scope.messages.filter({ hasText: /rubbish\.pth: .*cannot be read.*stays in use/ }).first(),
  ).toBeVisible();
  await scope.allSettled(1);
  await expect(scope.frame('picture.bin')).toHaveAttribute('data-status', 'done');
  await expect(scope.fact('Model')).toHaveText(embedded.title);
});

test('a converted model is dropped as its folder', async ({ scope, page, folder, tools }) => {
  const out = join(folder.path, 'tiny');
  await tools.run('convert', checkpoint('dino.pth'), '--heads', '3', '--out', out, '--title', 'Tiny');
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.drop(out);
  await expect(page.locator('[data-engine-status=ready]')).toContainText('Tiny');
  await scope.allSettled(1);
  await expect(scope.fact('Model')).toHaveText('Tiny');
});

/** Ways in which a browser cannot keep files: a script for the worker, and the sentence that the page then shows. */
const keepNothing: readonly (readonly [what: string, script: string, says: RegExp])[] = [
  [
    'has no synchronous handles (WebKitGTK)',
    'delete FileSystemFileHandle.prototype.createSyncAccessHandle;',
    /This browser keeps no files for the page/,
  ],
  [
    'has no file system',
    'delete globalThis.FileSystemFileHandle; delete StorageManager.prototype.getDirectory;',
    /This browser keeps no files for the page/,
  ],
  [
    'refuses the first write',
    `FileSystemSyncAccessHandle.prototype.write = () => {
      throw new DOMException('not here', 'InvalidStateError');
    };`,
    /This window keeps no files: the browser refused to write one/,
  ],
];

for (const [what, script, says] of keepNothing)
  test(`where the browser ${what} a model lasts for the visit, and the page says so`, async ({
    scope,
    page,
  }) => {
    await beforeWorker(page, script, 100, 'model');
    await page.route(url, serveWhole);
    await scope.open(`backend=wasm&side=${sideOf(8)}`);
    await scope.isReady();
    const list = await openList(page);
    await expect(list).toContainText(says);
    await row(list, published.title).getByRole('button', { name: 'Download' }).click();
    await row(list, published.title).getByRole('button', { name: 'Use' }).click();
    await isUsed(list, published.title);
    await page.reload();
    await expect(page.locator('[data-engine-status=ready]')).toContainText(embedded.title);
  });

test('two windows do not write one model', async ({ scope, page, context }) => {
  let isSilent = true;
  await context.route(url, (route) => (isSilent ? undefined : serveWhole(route)));
  await scope.open();
  await scope.isReady();
  const list = await openList(page);
  await row(list, published.title).getByRole('button', { name: 'Download' }).click();
  await expect(row(list, published.title)).toContainText('Asking dl.fbaipublicfiles.com');
  const other = await context.newPage();
  await other.goto('./?backend=wasm');
  await expect(other.locator('[data-engine-status=ready]')).toBeVisible();
  const otherList = await openList(other);
  await row(otherList, published.title).getByRole('button', { name: 'Download' }).click();
  await expect(row(otherList, published.title)).toContainText('Another window of this page is downloading');
  await row(list, published.title)
    .getByRole('button', { name: /Cancel/ })
    .click();
  isSilent = false;
  await row(otherList, published.title).getByRole('button', { name: 'Try again' }).click();
  await expect(row(otherList, published.title).getByRole('button', { name: 'Use' })).toBeVisible();
});

test('a model that one window uses is not deleted from another', async ({ scope, page, context }) => {
  const name = 'moco-v3.pth.tar';
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(checkpoint(name));
  await expect(page.locator('[data-engine-status=ready]')).toContainText(name);
  const list = await openList(page);
  await row(list, name).getByRole('button', { name: 'Keep in this browser' }).click();
  await expect(row(list, name)).toContainText('Kept in this browser');
  // Settings are written after a short delay. The second tab reads them when it starts.
  await expect
    .poll(() => page.evaluate(() => localStorage.getItem('dinoscope.settings')))
    .toContain('"kind":"stored"');

  const other = await context.newPage();
  // The second tab starts with the same model, then switches to another one.
  await other.goto(`./?backend=wasm&side=${sideOf(8)}`);
  await expect(other.locator('[data-engine-status=ready]')).toContainText(name);
  const otherList = await openList(other);
  await row(otherList, embedded.title).getByRole('button', { name: 'Use' }).click();
  await isUsed(otherList, embedded.title);
  const own = row(otherList, name);
  await own.getByRole('button', { name: `Delete ${name}` }).click();
  const reallyDelete = own.getByRole('button', { name: 'Delete', exact: true });
  await reallyDelete.click();
  await expect(otherList).toContainText('Another window of this page uses this model');
  await expect(own).toContainText('Kept in this browser');

  await row(list, embedded.title).getByRole('button', { name: 'Use' }).click();
  await isUsed(list, embedded.title);
  // The lock is released a moment after the other model is in use.
  await expect(async () => {
    if ((await own.count()) > 0) await reallyDelete.click({ timeout: 2000 });
    await expect(own).toHaveCount(0, { timeout: 2000 });
  }).toPass();
});

test('without a network the list says so, and what is here can be used', async ({ scope, page, context }) => {
  await scope.open();
  await scope.isReady();
  const list = await openList(page);
  await context.setOffline(true);
  await expect(list).toContainText('There is no network');
  await expect(row(list, published.title).getByRole('button', { name: 'Download' })).toBeDisabled();
  await context.setOffline(false);
  await expect(row(list, published.title).getByRole('button', { name: 'Download' })).toBeEnabled();
  const chooser = page.waitForEvent('filechooser');
  await list.getByRole('button', { name: 'Open a checkpoint file' }).click();
  await (await chooser).setFiles(checkpoint('moco-v3.pth.tar'));
  await isUsed(list, 'moco-v3.pth.tar');
});

test('a kept model that is gone gives way to the embedded one, with a word', async ({ scope, page }) => {
  await page.addInitScript(() =>
    localStorage.setItem('dinoscope.settings', JSON.stringify({ model: { kind: 'stored', id: 'gone' } })),
  );
  await scope.open();
  await scope.isReady();
  await expect(
    scope.messages.filter({ hasText: /model of your last visit is no longer/ }).first(),
  ).toBeVisible();
  await expect(page.locator('[data-engine-status=ready]')).toContainText(embedded.title);
});

for (const [theme, width] of [
  ['dark', 1280],
  ['light', 390],
] as const)
  test(`axe finds nothing in the list of models (${theme}, ${width} px), and the focus comes back`, async ({
    scope,
    page,
  }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 800 });
    await scope.open();
    await scope.isReady();
    if (theme === 'light') await page.keyboard.press('t');
    const opener = page.locator('[data-engine-status=ready]').getByRole('button');
    await opener.click();
    const list = page.getByRole('dialog', { name: 'Models' });
    await expect(list).toContainText('Models take');
    await page.route(url, () => undefined);
    await row(list, published.title).getByRole('button', { name: 'Download' }).click();
    // The pressed button is gone, and the focus stays in its place.
    await expect(row(list, published.title).getByRole('button', { name: /Cancel/ })).toBeFocused();
    const { violations } = await axeOf(page).analyze();
    expect(
      violations.map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`),
    ).toEqual([]);
    expect(await list.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(
      0,
    );
    await page.keyboard.press('Escape');
    await expect(opener).toBeFocused();
  });

test('a network with random weights: of the model in use, other ones, of a published model without its file, and back', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  const outside: string[] = [];
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && origin !== new URL(page.url()).origin) outside.push(request.url());
  });
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Mean');
  const trained = await scope.overlayPicture();
  const list = await openList(page);
  const own = row(list, embedded.title);
  await own.getByRole('button', { name: /^Random weights/ }).click();
  await expect(own).toContainText('In use with random weights');
  await expect(page.getByRole('banner')).toContainText('random weights');
  await expect.poll(() => scope.overlayPicture()).not.toBe(trained);
  const first = await scope.overlayPicture();
  await own.getByRole('button', { name: /^Other random weights/ }).click();
  await expect.poll(() => scope.overlayPicture()).not.toBe(first);
  // A published one needs no download for this.
  const small = entryOf('dino-vits16');
  await row(list, small.title)
    .getByRole('button', { name: /^Random weights/ })
    .click();
  await expect(row(list, small.title)).toContainText('In use with random weights', { timeout: 60_000 });
  await expect(row(list, small.title).getByRole('button', { name: 'Download' })).toBeVisible();
  await own.getByRole('button', { name: `Use ${embedded.title}` }).click();
  await expect(own).toHaveAttribute('data-used', 'true');
  await expect.poll(() => scope.overlayPicture()).toBe(trained);
  expect(outside).toEqual([]);
  // Another visit begins with trained weights.
  await page.reload();
  await scope.isReady();
  await expect(page.getByRole('banner')).toContainText(embedded.title);
  await expect(page.getByRole('banner')).not.toContainText('random');
});
