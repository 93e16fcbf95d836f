import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { decodeNpy } from '../src/formats/npy.ts';
import { expect, numHeads, samplePath, test } from './scope.ts';

test('a dropped photograph gets as many overlays as the model has heads', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
  await expect(page.getByRole('group', { name: 'What to show' }).getByRole('radio')).toHaveCount(
    numHeads + 2,
  );
  const pictures = new Set<string>();
  for (let head = 1; head <= numHeads; head++) {
    await scope.showView(`Head ${head}`);
    await expect(page.getByRole('img', { name: new RegExp(`head ${head}`) })).toBeVisible();
    pictures.add(await scope.overlayPicture());
  }
  expect(pictures.size).toBe(numHeads);
});

test('the overlay is bright where PyTorch says that the head looks', async ({ scope }) => {
  const file = new URL('../tools/reference/fixtures/embedded/cat.photograph-224.npy', import.meta.url);
  const { shape, values } = decodeNpy(await readFile(fileURLToPath(file)));
  const [, rows = 0, columns = 0] = shape;
  await scope.open('backend=wasm&side=224');
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.choose('Nearest');
  await scope.choose('Heat map');
  await scope.choose('grey');
  await scope.setRange('Opacity', 100);
  await scope.page.getByRole('switch', { name: 'Contour' }).uncheck();
  // The reference's box: the photograph is 451 × 300 px, and the patches cover all of its height.
  const box = { top: 0, left: 4.447_368_421, height: 300, width: 442.105_263_158 };
  const places = Array.from({ length: rows * columns }, (_, patch) => ({
    x: (box.left + ((patch % columns) + 0.5) * (box.width / columns)) / 451,
    y: (box.top + (Math.floor(patch / columns) + 0.5) * (box.height / rows)) / 300,
  }));
  for (let head = 0; head < numHeads; head++) {
    await scope.showView(`Head ${head + 1}`);
    const map = values.subarray(head * rows * columns, (head + 1) * rows * columns);
    const min = Math.min(...map);
    const max = Math.max(...map);
    const reds = await scope.overlayReds(places);
    // Each patch's grey is its place between the head's smallest and largest value.
    const differences = reds.map((red, patch) =>
      Math.abs(red - (((map[patch] ?? 0) - min) / (max - min)) * 255),
    );
    expect(Math.max(...differences)).toBeLessThanOrEqual(2);
  }
});

test('several photographs at once each get their own result', async ({ scope }) => {
  await scope.open();
  await scope.drop(samplePath('cat'), samplePath('rocket'), samplePath('dog'));
  await scope.allSettled(3);
  await scope.select('rocket.jpg');
  await expect(scope.fact('Rows × columns')).toHaveText('13 × 20');
  await scope.select('dog.jpg');
  await expect(scope.fact('Rows × columns')).toHaveText('20 × 20');
  await scope.select('cat.jpg');
  await expect(scope.fact('Tokens')).toHaveText('261');
});

test('a folder of photographs is taken apart', async ({ scope, folder }) => {
  await folder.write('one.jpg', await readFile(samplePath('cat')));
  await folder.write('two.jpg', await readFile(samplePath('dog')));
  await scope.open();
  await scope.drop(folder.path);
  await scope.allSettled(2);
  await expect(scope.frame('one.jpg')).toHaveAttribute('data-status', 'done');
  await expect(scope.frame('two.jpg')).toHaveAttribute('data-status', 'done');
});

test('a picture is pasted from the clipboard', async ({ scope, page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await scope.open();
  const png = (await sharp(samplePath('butterfly')).png().toBuffer()).toString('base64');
  await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    await navigator.clipboard.write([
      new ClipboardItem({ 'image/png': new Blob([bytes], { type: 'image/png' }) }),
    ]);
  }, png);
  await page.keyboard.press('ControlOrMeta+v');
  await scope.allSettled(1);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');
});

test('photographs are picked with the file dialog, and a sample by a click', async ({ scope, page }) => {
  await scope.open();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose photographs' }).click();
  await (await chooser).setFiles([samplePath('coffee')]);
  await scope.allSettled(1);
  await page.getByRole('button', { name: 'Sample photographs' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Raccoon/ })
    .click();
  await scope.allSettled(2);
});

test('EXIF orientation is honoured', async ({ scope, folder }) => {
  // Stored lying on its side; upright it is 300 × 451.
  const turned = await sharp(samplePath('cat')).withMetadata({ orientation: 6 }).jpeg().toBuffer();
  await scope.open();
  await scope.drop(await folder.write('turned.jpg', turned));
  await scope.allSettled(1);
  await expect(scope.fact('Rows × columns')).toHaveText('20 × 13');
});

test('sliders redraw and never run the model again', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Head 1');
  await scope.choose('Mask');
  const time = await scope.fact('Forward pass').textContent();
  const pictures = new Set<string>();
  for (const share of [10, 60, 95]) {
    await scope.setRange('Attention kept', share);
    await expect(page.getByRole('slider', { name: 'Attention kept' })).toHaveAttribute(
      'aria-valuetext',
      new RegExp(`^${share} per cent`),
    );
    pictures.add(await scope.overlayPicture());
  }
  expect(pictures.size).toBe(3);
  await expect(scope.fact('Forward pass')).toHaveText(time ?? '');
});

test('the mask keeps as many patches as the official script', async ({ scope, page }) => {
  const file = new URL('../tools/reference/fixtures/embedded/cat.photograph-224.npy', import.meta.url);
  const { shape, values } = decodeNpy(await readFile(fileURLToPath(file)));
  const patches = (shape[1] ?? 0) * (shape[2] ?? 0);
  // The smallest set that holds 60 %: sorted from the largest, until the sum passes it.
  const head = [...values.subarray(0, patches)].sort((a, b) => b - a);
  const total = head.reduce((sum, value) => sum + value, 0);
  let kept = 0;
  for (let mass = 0; mass < 0.6 * total; kept++) mass += head[kept] ?? 0;
  await scope.open('backend=wasm&side=224');
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Head 1');
  await expect(page.getByRole('slider', { name: 'Attention kept' })).toHaveAttribute(
    'aria-valuetext',
    `60 per cent of the attention, ${kept} of ${patches} patches`,
  );
});

test('the official square can be chosen, and the photograph keeps its old maps until then', async ({
  scope,
}) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.fact('Rows × columns')).toHaveText('13 × 20');
  await scope.choose('Square');
  await expect(scope.fact('Rows × columns')).toHaveText('20 × 20');
});

test('a running photograph is cancelled, and runs when it is asked to', async ({ scope, page }) => {
  await scope.open('backend=cpu&side=320');
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await expect(scope.stage).toHaveAttribute('data-status', 'running');
  await expect(page.getByRole('progressbar')).toBeVisible();
  await page.getByRole('button', { name: 'Cancel all' }).click();
  await scope.allSettled(2);
  await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'cancelled');
  await expect(scope.frame('dog.jpg')).toHaveAttribute('data-status', 'cancelled');
  await scope.choose('160');
  await scope.allSettled(2);
  await expect(scope.frame('cat.jpg')).toHaveAttribute('data-status', 'done');
});

test('a photograph can be removed while others stay', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);
  await scope.select('cat.jpg');
  await page.getByRole('button', { name: 'Remove cat.jpg' }).click();
  await scope.allSettled(1);
  await expect(scope.frame('dog.jpg')).toHaveAttribute('data-status', 'done');
});
