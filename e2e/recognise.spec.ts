import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import sharp from 'sharp';
import { axeOf } from './axe.ts';
import { expect, samplePath, test } from './scope.ts';

const sidePx = 150;

/** Pieces of a sample, each from another place: photographs of one kind, made by the test. */
async function piecesOf(sample: string, count: number): Promise<Buffer[]> {
  const { data, info } = await sharp(samplePath(sample))
    .resize(300, 240, { fit: 'fill' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return Promise.all(
    Array.from({ length: count }, (_, at) =>
      sharp(data, { raw: info })
        .extract({ left: (at * 47) % 150, top: (at * 31) % 90, width: sidePx, height: sidePx })
        .jpeg({ quality: 95 })
        .toBuffer(),
    ),
  );
}

async function writePieces(folder: string, sample: string, count: number): Promise<string> {
  await mkdir(folder, { recursive: true });
  const pieces = await piecesOf(sample, count);
  await Promise.all(pieces.map((piece, at) => writeFile(join(folder, `${sample}-${at + 1}.jpg`), piece)));
  return folder;
}

/** The screen from a user's view. */
class Recognise {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(query = 'backend=wasm'): Promise<void> {
    await this.page.goto(`./?${query}#recognise`);
    await expect(this.page.locator('.recognise')).toBeVisible();
    await expect(this.page.locator('[data-engine-status=ready]')).toBeVisible();
  }

  async has(photographs: number): Promise<void> {
    await expect(this.page.locator('.grid-head')).toContainText(`${photographs} photograph`, {
      timeout: 200_000,
    });
    await expect(this.page.locator('.gathering')).toHaveCount(0, { timeout: 200_000 });
  }

  /** In per cent, once the votes are there. */
  async accuracy(): Promise<number> {
    const number = this.page.locator('.accuracy-number[aria-busy=false]');
    await expect(number).toHaveText(/^\d+(\.\d)? %$/);
    return parseFloat((await number.textContent()) ?? '');
  }

  photograph(name: RegExp) {
    return this.page
      .getByRole('listbox', { name: 'Photographs of the collection' })
      .getByRole('option', { name });
  }

  /** How many photographs a class has. */
  async countIs(className: string, count: number): Promise<void> {
    const row = this.page.getByRole('region', { name: 'Classes' }).getByRole('button', { name: className });
    await expect(row.first().locator('.class-count')).toHaveText(String(count));
  }
}

test.describe.configure({ timeout: 600_000 });

test('two folders are told apart, a further photograph is voted on, and all of it is there at the next visit', async ({
  scope,
  page,
  folder,
}) => {
  const recognise = new Recognise(page);
  await recognise.open();
  await expect(page.getByRole('heading', { name: 'Tell things apart by example.' })).toBeVisible();
  const folders = [
    await writePieces(join(folder.path, 'cats'), 'cat', 6),
    await writePieces(join(folder.path, 'flowers'), 'dahlia', 6),
  ];
  await scope.drop(...folders);
  await recognise.has(12);
  await expect(page.getByRole('heading', { name: 'cats, flowers' })).toBeVisible();
  expect(await recognise.accuracy()).toBeGreaterThanOrEqual(75);
  await recognise.countIs('cats', 6);
  await recognise.countIs('flowers', 6);
  await expect(page.getByRole('group', { name: 'Confusion matrix' })).toContainText('cats');

  // A photograph without a folder has no class: the others vote on it.
  await scope.drop(samplePath('dahlia'));
  await recognise.has(13);
  const unknown = recognise.photograph(/^dahlia\.jpg, no class, voted flowers/);
  await unknown.click();
  const details = page.getByRole('complementary', { name: 'The chosen photograph' });
  await expect(details.getByRole('heading', { name: 'Voted: flowers' })).toBeVisible();
  await expect(
    details.getByRole('button', { name: /^dahlia-\d\.jpg, flowers, cosine 0\.\d{3}$/ }).first(),
  ).toBeVisible();

  await page.reload();
  await expect(page.getByRole('heading', { name: 'cats, flowers' })).toBeVisible();
  await recognise.has(13);
  expect(await recognise.accuracy()).toBeGreaterThanOrEqual(75);
  await recognise.photograph(/^dahlia\.jpg, no class, voted flowers/).click();
  await expect(details.getByText('Its file is not at hand')).toBeVisible();
  await expect(details.getByRole('button', { name: 'Open in the viewer' })).toBeDisabled();

  // The same folder again: nothing is computed anew, and the files are at hand.
  await scope.drop(...folders, samplePath('dahlia'));
  await recognise.has(13);
  await details.getByRole('button', { name: 'Open in the viewer' }).click();
  await scope.allSettled(1);
  await expect(scope.frame('dahlia.jpg')).toBeVisible();
  expect(new URL(page.url()).hash).toBe('');

  await page.keyboard.press('c');
  await page.getByRole('button', { name: 'All collections' }).click();
  await page.getByRole('button', { name: 'Delete cats, flowers' }).click();
  await page.getByRole('button', { name: 'Delete it' }).click();
  await expect(page.getByRole('heading', { name: 'Kept in this browser' })).toHaveCount(0);
});

test('teaching by keys: a class is made, given photographs and taken back; files that are no photographs are named', async ({
  scope,
  page,
  folder,
}) => {
  const recognise = new Recognise(page);
  await recognise.open();
  const pictures = await writePieces(join(folder.path, 'mixed'), 'cat', 3);
  await writePieces(pictures, 'fruit', 3);
  await folder.write('notes.txt', 'no picture');
  await folder.write('broken.jpg', (await piecesOf('cat', 1))[0]?.subarray(0, 60) ?? '');
  await page.getByRole('switch', { name: 'Folder names are classes' }).uncheck();
  await scope.drop(pictures, join(folder.path, 'notes.txt'), join(folder.path, 'broken.jpg'));
  await recognise.has(6);
  await page.getByText('2 files could not be used').click();
  await expect(page.getByText('notes.txt')).toBeVisible();
  await expect(page.getByText('broken.jpg')).toBeVisible();

  const classes = page.getByRole('region', { name: 'Classes' });
  await page.keyboard.press('n');
  for (const name of ['cats', 'fruit']) {
    await page.keyboard.type(name);
    await page.keyboard.press('Enter');
    await expect(classes.getByText(name, { exact: true })).toBeVisible();
  }
  await recognise.photograph(/^cat-1/).click();
  // An option that is scrolled out of sight is taken out of the page, and would take the arrow keys with it.
  await expect(page.getByRole('listbox', { name: 'Photographs of the collection' })).toBeFocused();
  await page.keyboard.press('1');
  await recognise.countIs('cats', 1);
  await recognise.photograph(/^fruit-1/).click();
  await page.keyboard.press('2');
  await recognise.countIs('fruit', 1);
  // Everything is voted on at once.
  await expect(recognise.photograph(/^cat-2\.jpg, no class, voted cats/)).toBeVisible();
  await expect(recognise.photograph(/^fruit-2\.jpg, no class, voted fruit/)).toBeVisible();
  await page.keyboard.press('z');
  await recognise.countIs('fruit', 0);
  await expect(recognise.photograph(/^fruit-2\.jpg, no class, voted cats 100 %/)).toBeVisible();
  // The keys go on at the photographs where a button goes, and a name is kept by keys alone.
  const details = page.getByRole('complementary', { name: 'The chosen photograph' });
  await details.getByRole('button', { name: 'Select nothing' }).press('Enter');
  await expect(page.getByRole('listbox', { name: 'Photographs of the collection' })).toBeFocused();
  await page.getByRole('button', { name: 'Rename the collection' }).press('Enter');
  await page.keyboard.press('ControlOrMeta+a');
  await page.keyboard.type('Kitchen');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Kitchen' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Rename the collection' })).toBeFocused();
  // Dragged to it.
  await recognise.photograph(/^fruit-2/).dragTo(classes.getByRole('listitem').filter({ hasText: 'fruit' }));
  await recognise.countIs('fruit', 1);
});

test('look-alikes, the map and the linear probe', async ({ scope, page, folder }) => {
  const recognise = new Recognise(page);
  await recognise.open();
  const cats = await writePieces(join(folder.path, 'cats'), 'cat', 8);
  const dogs = await writePieces(join(folder.path, 'dogs'), 'dog', 8);
  await writeFile(join(cats, 'twin.jpg'), (await piecesOf('cat', 1))[0] ?? '');
  await scope.drop(cats, dogs);
  await recognise.has(17);
  await recognise.accuracy();

  await page.getByRole('tab', { name: 'Look-alikes' }).click();
  await recognise.photograph(/^twin/).click();
  const details = page.getByRole('complementary', { name: 'The chosen photograph' });
  await expect(details.getByRole('button', { name: 'cat-1.jpg, cats, cosine 1.000' })).toBeVisible();
  await expect(page.getByRole('button', { name: /^Group \d+: \d+ photographs like/ }).first()).toBeVisible();

  await page.getByRole('tab', { name: 'Map' }).click();
  const map = page.getByRole('application', { name: /^Map of 17 photographs/ });
  await expect(map.locator('canvas')).toHaveAttribute('data-painted', /\d+/);
  await map.focus();
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(page.getByText(/^[123] photographs? selected/)).toBeVisible();
  await page.getByRole('radio', { name: 'UMAP' }).check();
  await expect(page.getByRole('progressbar', { name: 'Laying out the map' })).toHaveCount(0);
  await page.getByRole('switch', { name: 'Draw round to select' }).check();
  const box = await map.boundingBox();
  if (box === null) throw new Error('the map has no place');
  const at = (x: number, y: number) => [box.x + x * box.width, box.y + y * box.height] as const;
  await page.mouse.move(...at(0.01, 0.01));
  await page.mouse.down();
  for (const [x, y] of [
    [0.99, 0.01],
    [0.99, 0.99],
    [0.01, 0.99],
  ] as const)
    await page.mouse.move(...at(x, y), { steps: 3 });
  await page.mouse.up();
  await expect(page.getByText('17 photographs selected.')).toBeVisible();

  await page.getByRole('tab', { name: 'Linear probe' }).click();
  await page.getByRole('button', { name: 'Train', exact: true }).last().click();
  await expect(page.locator('.probe-numbers')).toContainText('%');
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the probe' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('cats, dogs linear probe.safetensors');
  const path = join(folder.path, 'probe.safetensors');
  await download.saveAs(path);
  await page.locator('input[accept=".safetensors"]').last().setInputFiles(path);
  await expect(page.getByText(/^From probe\.safetensors/)).toBeVisible();
});

test('on a phone, offline from the second visit on', async ({ browser, folder, baseURL }) => {
  const context = await browser.newContext({
    viewport: { width: 390, height: 844 },
    hasTouch: true,
    isMobile: true,
    serviceWorkers: 'allow',
    ...(baseURL === undefined ? {} : { baseURL }),
  });
  const page = await context.newPage();
  const recognise = new Recognise(page);
  await recognise.open();
  await page.evaluate(() => navigator.serviceWorker.ready);
  await context.setOffline(true);
  await page.reload();
  await expect(page.locator('[data-engine-status=ready]')).toBeVisible();
  const cats = await writePieces(join(folder.path, 'cats'), 'cat', 3);
  const flowers = await writePieces(join(folder.path, 'flowers'), 'dahlia', 3);
  await page.locator('input[type=file][data-folders]').setInputFiles(cats);
  await recognise.has(3);
  await page.locator('input[type=file][data-folders]').setInputFiles(flowers);
  await recognise.has(6);
  await recognise.accuracy();
  await recognise.photograph(/^cat-1/).tap();
  await page.getByRole('combobox', { name: 'Class' }).selectOption('flowers');
  await recognise.countIs('flowers', 4);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(390);
  await page.getByRole('tab', { name: 'Map' }).tap();
  await expect(page.locator('.map-box canvas')).toHaveAttribute('data-painted', /\d+/);
  await context.close();
});

for (const theme of ['dark', 'light'] as const) {
  test(`axe finds nothing in the ${theme} theme`, async ({ scope, page, folder }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    const recognise = new Recognise(page);
    await recognise.open();
    if (theme === 'light') await page.keyboard.press('t');
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    const expectNoViolations = async (state: string): Promise<void> => {
      const { violations } = await axeOf(page).analyze();
      const found = violations.map(
        ({ id, nodes }) => `${state}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
      );
      expect(found).toEqual([]);
    };
    await expectNoViolations('empty');
    const cats = await writePieces(join(folder.path, 'cats'), 'cat', 4);
    const flowers = await writePieces(join(folder.path, 'flowers'), 'dahlia', 4);
    await folder.write('notes.txt', 'no picture');
    await scope.drop(cats, flowers, join(folder.path, 'notes.txt'), samplePath('dog'));
    await recognise.has(9);
    await recognise.accuracy();
    await recognise.photograph(/^dog/).click();
    for (const tab of ['Classes', 'Look-alikes', 'Map', 'Linear probe']) {
      await page.getByRole('tab', { name: tab }).click();
      await expectNoViolations(tab);
    }
    await page.getByRole('tab', { name: 'Classes' }).click();
    await page.getByText('Features and files').click();
    await expectNoViolations('features');
    await page.setViewportSize({ width: 390, height: 844 });
    await expectNoViolations('phone');
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.keyboard.press('f');
    await expect(page.locator('.app')).toHaveAttribute('data-presenting', 'true');
    await expectNoViolations('presenting');
  });
}
