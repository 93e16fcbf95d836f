import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import sharp from 'sharp';
import { axeOf } from './axe.ts';
import { piecesOf, Recognise, writeClasses, writePieces } from './recognise-view.ts';
import { expect, placeOf, samplePath, test, written } from './scope.ts';

test.describe.configure({ timeout: 600_000 });

const catsAndFlowers = { cats: 'cat', flowers: 'dahlia' };

test('two folders are told apart, a further photograph is voted on, and all of it is there at the next visit', async ({
  scope,
  page,
  folder,
}) => {
  const recognise = new Recognise(page);
  await recognise.open();
  await expect(page.getByRole('heading', { name: 'Tell things apart by example.' })).toBeVisible();
  const folders = await writeClasses(folder.path, catsAndFlowers, 6);
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

  // The skip link leads to the content, and leaves the address as it is.
  await page.getByRole('link', { name: 'Skip to the photographs' }).focus();
  await page.keyboard.press('Enter');
  await expect(page.locator('#content')).toBeFocused();
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

test('where none of the files can be used, the reasons are in sight, and nothing is called a photograph', async ({
  scope,
  page,
  folder,
}) => {
  await new Recognise(page).open();
  const words = await folder.write('notes.txt', 'no picture');
  const broken = await folder.write('broken.jpg', (await piecesOf('cat', 1))[0]?.subarray(0, 60) ?? '');
  await scope.drop(words, broken);
  const failed = page.locator('.failed-files');
  await expect(failed).toContainText('2 files could not be used');
  for (const name of ['notes.txt', 'broken.jpg'])
    await expect(failed.getByText(name)).toBeInViewport({ ratio: 1 });
  await expect(page.getByRole('heading', { name: /^2 files$/ })).toBeVisible();
});

test('a mask beside its photograph is left out, and said to be; a tall photograph hides no words of its row', async ({
  scope,
  page,
  folder,
}) => {
  const recognise = new Recognise(page);
  await recognise.open();
  const cats = await writePieces(join(folder.path, 'cats'), 'cat', 3);
  const disc = sharp(
    Buffer.from('<svg width="150" height="150"><circle cx="70" cy="80" r="40" fill="#fff"/></svg>'),
  );
  await writeFile(
    join(cats, 'cat-1.png'),
    await disc.flatten({ background: '#000' }).threshold(128).png().toBuffer(),
  );
  // Of the same name and no mask: it is a photograph.
  await writeFile(
    join(cats, 'cat-2.png'),
    await sharp((await piecesOf('dog', 1))[0])
      .png()
      .toBuffer(),
  );
  const tall = sharp(samplePath('cat')).resize(150, 600, { fit: 'cover' });
  await writeFile(join(cats, 'tall.jpg'), await tall.jpeg().toBuffer());
  await scope.drop(cats);
  await recognise.has(5);
  await expect(page.locator('.grid-head')).toContainText(/^5 photographs/);
  await page.getByText('1 file could not be used').click();
  await expect(page.locator('.failed-files')).toContainText('cats/cat-1.png This is the mask of cat-1.jpg');

  // One class alone: no vote could be wrong.
  await expect(page.locator('.accuracy-number')).toHaveText('–');
  await expect(page.getByText('give photographs to two classes')).toBeVisible();
  await expect(page.getByRole('group', { name: 'Confusion matrix' })).toHaveCount(0);

  const row = page.locator('.items-row').filter({ has: page.getByRole('option', { name: /^tall/ }) });
  await expect
    .poll(() =>
      row
        .locator('img')
        .evaluateAll((pictures) => pictures.every((picture) => (picture as HTMLImageElement).complete)),
    )
    .toBe(true);
  const place = await placeOf(row);
  for (const option of await row.getByRole('option').all()) {
    const cell = await placeOf(option);
    expect(cell.height).toBeLessThanOrEqual(place.height + 0.5);
    const words = await placeOf(option.locator('.item-class'));
    expect(words.y + words.height).toBeLessThanOrEqual(place.y + place.height + 0.5);
  }
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
  await expect(recognise.photograph(/^fruit-2\.jpg, no class, nothing to vote between$/)).toBeVisible();
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

  // Names that somebody has already: pasted on the page, or in the field.
  await page.getByRole('button', { name: 'Undo the last change of classes (Z)' }).waitFor();
  await page.evaluate(() => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', 'file,class\ncat-1.jpg,tabby\nnobody.jpg,tabby');
    document.body.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData, bubbles: true, cancelable: true }),
    );
  });
  await recognise.countIs('tabby', 1);
  await expect(written(page, 'Line 3: no photograph here is called “nobody.jpg”.')).toBeVisible();
  await page.getByText('Classes from a list').click();
  await page.getByRole('textbox', { name: 'List of classes' }).fill('cat-2.jpg\ttabby');
  await page.getByRole('button', { name: 'Give these classes' }).click();
  await recognise.countIs('tabby', 2);
});

test('look-alikes, the map and the linear probe', async ({ scope, page, folder }) => {
  const recognise = new Recognise(page);
  await recognise.open();
  const folders = await writeClasses(folder.path, { cats: 'cat', dogs: 'dog' }, 8);
  await folder.write('cats/twin.jpg', (await piecesOf('cat', 1))[0] ?? '');
  await scope.drop(...folders);
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
  const box = await placeOf(map);
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

  await page.getByRole('tab', { name: 'Probe' }).click();
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

/** Of each photograph by its file's name: the class that a table of the page or of the command line tells. */
const byName = (rows: readonly (readonly [path: string, told: string])[]): Record<string, string> =>
  Object.fromEntries(rows.map(([path, told]) => [basename(path), told]));

test('a probe of the command line opens in the page and tells the same, and the other way round', async ({
  scope,
  page,
  folder,
  tools,
}) => {
  test.setTimeout(600_000);
  const classes = join(folder.path, 'classes');
  const folders = await writeClasses(classes, catsAndFlowers, 5);
  const out = join(folder.path, 'out');
  const made = await tools.run('look', 'linear', '--classes', classes, '--out', out);
  expect(made).toMatchObject({ exitCode: 0, stderr: '' });
  const facts = JSON.parse(await readFile(join(out, 'linear.json'), 'utf8')) as {
    learnedClasses: string[];
    predictions: Record<string, string>;
    probabilities: Record<string, number[]>;
  };

  const recognise = new Recognise(page);
  await recognise.open();
  await scope.drop(...folders);
  await recognise.has(10);
  await page.getByRole('tab', { name: 'Probe' }).click();
  const input = page.locator('input[accept=".safetensors"]').last();
  await input.setInputFiles(join(out, 'linear.safetensors'));
  await expect(page.getByText(/^From linear\.safetensors/)).toBeVisible();
  const [table] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Predictions, CSV' }).click(),
  ]);
  const rows = (await readFile(await table.path(), 'utf8')).trim().split('\r\n').slice(1);
  const told = rows.map((row) => row.split(',') as [string, string, string, string]);
  expect(byName(told.map(([path, , predicted]) => [path, predicted]))).toEqual(
    byName(Object.entries(facts.predictions)),
  );
  const likeliest = new Map(
    Object.entries(facts.probabilities).map(([path, of]) => [basename(path), Math.max(...of)]),
  );
  for (const [path, , , share] of told)
    expect(Math.abs(Number(share) - (likeliest.get(basename(path)) ?? NaN))).toBeLessThan(1e-3);

  await page.getByRole('button', { name: 'Train', exact: true }).last().click();
  await expect(page.locator('.probe-numbers')).toContainText('%');
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save the probe' }).click(),
  ]);
  const [own] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Predictions, CSV' }).click(),
  ]);
  const ownRows = (await readFile(await own.path(), 'utf8')).trim().split('\r\n').slice(1);
  const head = join(folder.path, 'own.safetensors');
  await saved.saveAs(head);
  const asked = await tools.run('look', 'classes', ...folders, '--head', head, '--out', out);
  expect(asked).toMatchObject({ exitCode: 0, stderr: '' });
  expect(asked.stdout).toContain('learned from features of DINOscope mini/16, framing');
  const { predictions } = JSON.parse(await readFile(join(out, 'classes.json'), 'utf8')) as typeof facts;
  expect(byName(Object.entries(predictions))).toEqual(
    byName(ownRows.map((row) => row.split(',') as string[]).map(([path = '', , to = '']) => [path, to])),
  );
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
  for (const [at, chosen] of (await writeClasses(folder.path, catsAndFlowers, 3)).entries()) {
    await page.locator('input[type=file][data-folders]').setInputFiles(chosen);
    await recognise.has(3 * (at + 1));
  }
  await recognise.accuracy();
  await recognise.photograph(/^cat-1/).tap();
  await page.getByRole('combobox', { name: 'Class' }).selectOption('flowers');
  await recognise.countIs('flowers', 4);

  // A finger that rests begins to select, taps go on, and a class is given to all of them.
  await page.getByRole('button', { name: 'Select nothing' }).tap();
  const first = recognise.photograph(/^cat-1/);
  await first.scrollIntoViewIfNeeded();
  const box = await placeOf(first);
  const devtools = await context.newCDPSession(page);
  const touchPoints = [{ x: box.x + box.width / 2, y: box.y + box.height / 3 }];
  await devtools.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints });
  await expect(first).toHaveAttribute('aria-selected', 'true');
  await devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  const several = page.getByRole('button', { name: 'Select several' });
  await expect(several).toHaveAttribute('aria-pressed', 'true');
  await recognise.photograph(/^cat-2/).tap();
  await recognise.photograph(/^cat-3/).tap();
  await expect(page.locator('.grid-head')).toContainText('3 selected');
  await recognise.photograph(/^cat-3/).tap();
  await expect(page.locator('.grid-head')).toContainText('2 selected');
  await page.getByRole('combobox', { name: 'Class' }).selectOption('flowers');
  await recognise.countIs('flowers', 5);
  await several.tap();
  await recognise.photograph(/^cat-3/).tap();
  await expect(page.locator('.item[aria-selected=true]')).toHaveCount(1);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(390);
  await page.getByRole('tab', { name: 'Map' }).tap();
  await expect(page.locator('.map-box canvas')).toHaveAttribute('data-painted', /\d+/);
  // No finger has a Shift key.
  await expect(page.getByText('switch “Draw round to select” on to draw round photographs')).toBeVisible();
  await expect(page.getByText(/Shift|a class’s key/)).toHaveCount(0);
  await expect(page.getByRole('application', { name: 'Map of 6 photographs.', exact: true })).toBeVisible();
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
    const folders = await writeClasses(folder.path, catsAndFlowers, 4);
    await scope.drop(...folders, await folder.write('notes.txt', 'no picture'), samplePath('dog'));
    await recognise.has(9);
    await recognise.accuracy();
    await recognise.photograph(/^dog/).click();
    for (const tab of ['Classes', 'Look-alikes', 'Map', 'Probe', 'ImageNet']) {
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
