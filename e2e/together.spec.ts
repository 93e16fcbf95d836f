/** Tests of lenses that look at several photographs: what is asked on one is answered on all, and pairs are drawn between two. */
import { readFileSync } from 'node:fs';
import type { Locator, Page } from 'playwright/test';
import { axeOf } from './axe.ts';
import { embedded, expect, placeOf, samplePath, sideOf, test } from './scope.ts';

const picker = (page: Page): Locator => page.locator('.patch-picker');

/** @returns a share of the photograph's width and height → where it is on the page */
async function placesOn(page: Page): Promise<(x: number, y: number) => [number, number]> {
  const box = await placeOf(picker(page));
  return (x, y) => [box.x + x * box.width, box.y + y * box.height];
}

test('the pointer asks patches, and the maps of all photographs follow it', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(12)}&lens=similarity`);
  await scope.drop(samplePath('cat'), samplePath('raccoon'), samplePath('dog'));
  await scope.allSettled(3);
  await expect(scope.stage).toContainText('How alike the patches are to CLS');
  const [fromCls, plain] = [await scope.overlayPicture(), await scope.smallPictures()];
  const at = await placesOn(page);
  await page.mouse.move(...at(0.3, 0.4));
  await expect(scope.stage).toContainText(
    'How alike the patches are to patch (row 4, column 4): cosines of ',
  );
  const first = await scope.overlayPicture();
  expect(first).not.toBe(fromCls);
  // Small pictures are drawn when there is nothing else to draw.
  const differFrom = async (before: readonly string[]): Promise<void> =>
    expect(async () => {
      const now = await scope.smallPictures();
      expect(now).toHaveLength(3);
      for (const [photo, picture] of now.entries()) expect(picture).not.toBe(before[photo]);
    }).toPass();
  await differFrom(plain);
  const firstStrip = await scope.smallPictures();
  await page.mouse.move(...at(0.8, 0.8));
  await expect(scope.stage).toContainText('to patch (row 7, column 10)');
  expect(await scope.overlayPicture()).not.toBe(first);
  await differFrom(firstStrip);
  // Away from the photograph nothing is asked, until a patch has been chosen.
  await page.mouse.move(5, 5);
  await expect(scope.stage).toContainText('to CLS');
  await page.mouse.click(...at(0.3, 0.4));
  await page.mouse.move(...at(0.8, 0.8));
  await page.mouse.move(5, 5);
  await expect(scope.stage).toContainText('to patch (row 4, column 4)');
  await page.keyboard.press('ArrowRight');
  await expect(scope.stage).toContainText('to patch (row 4, column 5)');
  // Another photograph shows its own map of that question, and leads back from it.
  await scope.frames.nth(1).click();
  await expect(scope.stage).toContainText('to patch (row 4, column 5) of another photograph');
  await scope.choose('Mask');
  await expect(scope.stage).toContainText('are above 0.50');
  await page.getByRole('button', { name: 'Back to CLS' }).click();
  await expect(scope.stage).toContainText('to CLS: cosines');
});

test('the photograph stays where it is while buttons come and go with the pointer', async ({
  scope,
  page,
}) => {
  await page.setViewportSize({ width: 1280, height: 720 });
  await scope.open(`backend=wasm&side=${sideOf(12)}&lens=similarity`);
  await scope.drop(samplePath('raccoon'));
  // With one of the two buttons beside it, this name still has room on one line.
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles({
      name: 'a cat with a name that nearly fills the line beside the buttons.jpg',
      mimeType: 'image/jpeg',
      buffer: readFileSync(samplePath('cat')),
    });
  await scope.allSettled(2);
  await scope.frames.nth(1).click();
  await expect(scope.stage).toContainText('to CLS');
  const place = await placeOf(picker(page));
  const at = await placesOn(page);
  await page.mouse.move(...at(0.3, 0.4));
  await expect(scope.stage).toContainText('to patch (row ');
  expect(await placeOf(picker(page))).toEqual(place);
  await page.mouse.click(...at(0.3, 0.4));
  await expect(page.getByRole('button', { name: 'Back to CLS' })).toBeVisible();
  expect(await placeOf(picker(page))).toEqual(place);
  // Another photograph's settings tell that a patch is asked, though not one of its own.
  await scope.frames.nth(0).click();
  await expect(scope.stage).toContainText('of another photograph');
  await expect(page.getByRole('radio', { name: 'Patch', exact: true })).toBeChecked();
  await scope.choose('CLS token');
  await expect(scope.stage).toContainText('to CLS');
  // Presenting, what stands beside the name does not run out of its button.
  await page.mouse.click(...at(0.3, 0.4));
  await expect(page.getByRole('button', { name: 'Back to CLS' })).toBeVisible();
  await page.keyboard.press('f');
  await expect(page.locator('.app[data-presenting=true]')).toBeVisible();
  const button = page.getByRole('button', { name: 'All photographs' });
  const isWide = ({ scrollWidth, clientWidth }: Element): boolean => scrollWidth > clientWidth;
  expect(await button.evaluate(isWide)).toBe(false);
});

test('all photographs stay on the stage for the patch under the pointer, and a key removes one of them', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(12)}&lens=similarity`);
  await scope.drop(samplePath('cat'), samplePath('raccoon'), samplePath('dog'));
  await scope.allSettled(3);
  await page.mouse.move(...(await placesOn(page))(0.3, 0.4));
  await expect(scope.stage).toContainText('to patch (row 4, column 4)');
  await page.keyboard.press('g');
  const all = page.getByRole('list', { name: 'All photographs' });
  await expect(all.getByRole('img')).toHaveCount(3);
  // Away from the pictures, and back over another one, the question is the same.
  await page.mouse.move(5, 5);
  await all.getByRole('listitem').nth(2).hover();
  await expect(all.getByRole('img')).toHaveCount(3);
  await expect(scope.stage).toContainText('to patch (row 4, column 4)');
  await scope.frames.nth(1).getByRole('radio').focus();
  await page.keyboard.press('Delete');
  await expect(scope.frames).toHaveCount(2);
  await expect(all.getByRole('img')).toHaveCount(2);
});

test('several patches are asked by drawing round them, and by the keyboard', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(12)}&lens=similarity`);
  await scope.drop(samplePath('cat'), samplePath('raccoon'));
  await scope.allSettled(2);
  const at = await placesOn(page);
  await page.mouse.move(...at(0.3, 0.3));
  await page.mouse.down();
  for (const [x, y] of [
    [0.5, 0.3],
    [0.5, 0.6],
    [0.3, 0.6],
  ] as const)
    await page.mouse.move(...at(x, y), { steps: 4 });
  await page.mouse.up();
  await page.mouse.move(5, 5);
  await expect(scope.stage).toContainText(/to \d+ patches together: cosines/);
  await expect(page.locator('[data-announcer]')).toHaveText(/^\d+ patches of 8 × 12$/);
  const drawn = await scope.overlayPicture();
  await page.keyboard.press('Escape');
  await expect(scope.stage).toContainText('to CLS');
  expect(await scope.overlayPicture()).not.toBe(drawn);
  await picker(page).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('Shift+ArrowDown');
  await expect(scope.stage).toContainText('to 4 patches together');
  await page.keyboard.press('Shift+ArrowLeft');
  await expect(scope.stage).toContainText('to 2 patches together');
});

test('pairs of two photographs are drawn between them, and saved so', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(16)}&lens=correspondences`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.stage).toContainText('It takes a second photograph: add one.');
  await scope.drop(samplePath('raccoon'), samplePath('dog'));
  await scope.allSettled(3);
  await scope.frames.nth(0).click();
  await expect(scope.stage).toContainText('10 pairs shown.');
  await expect(
    page.getByRole('img', { name: /Beside it: raccoon.jpg Correspondences: 10 pairs drawn/ }),
  ).toBeVisible();
  const withRaccoon = await scope.overlayPicture();
  await page.getByRole('combobox', { name: 'Second photograph' }).selectOption({ label: '3 dog.jpg' });
  await expect(page.getByRole('img', { name: /Beside it: dog.jpg/ })).toBeVisible();
  await expect(scope.stage.getByRole('heading')).toHaveText('cat.jpg and dog.jpg');
  expect(await scope.overlayPicture()).not.toBe(withRaccoon);
  await page.getByRole('slider', { name: 'Pairs' }).fill('4');
  await expect(scope.stage).toContainText('4 pairs shown.');
  await page.getByRole('region', { name: 'Details' }).getByText('Details').click();
  // The heading, and a row for each pair.
  await expect(page.getByRole('table', { name: /Pairs/ }).getByRole('row')).toHaveCount(5);
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save picture' }).click();
  const saved = await download;
  expect(saved.suggestedFilename()).toBe(`cat-4-pairs-${embedded.id}.png`);
  const png = readFileSync(await saved.path());
  // Two photographs beside or above each other: it is larger than one in one direction.
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const size = await page.evaluate(async (path) => {
    const bitmap = await createImageBitmap(await (await fetch(path)).blob());
    return [bitmap.width, bitmap.height];
  }, './samples/cat.jpg');
  expect(width > (size[0] ?? 0) || height > (size[1] ?? 0)).toBe(true);
});

test('axe finds nothing where photographs stand together, and on a phone nothing is cut off sideways', async ({
  scope,
  page,
}) => {
  const violations = async (): Promise<string[]> => {
    const found = await axeOf(page).analyze();
    return found.violations.map(
      ({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
    );
  };
  await scope.open(`backend=wasm&side=${sideOf(16)}&lens=correspondences`);
  await scope.drop(samplePath('cat'), samplePath('raccoon'));
  await scope.allSettled(2);
  await expect(scope.stage).toContainText('10 pairs shown.');
  await page.getByRole('region', { name: 'Details' }).getByText('Details').click();
  await expect(page.getByRole('table', { name: /Pairs/ })).toBeVisible();
  expect(await violations()).toEqual([]);
  await page.getByRole('radio', { name: /^Similarity:/ }).check();
  await page.keyboard.press('q');
  await expect(scope.stage).toContainText('to patch (row');
  expect(await violations()).toEqual([]);
  await page.getByRole('button', { name: 'All photographs' }).click();
  await expect(page.getByRole('list', { name: 'All photographs' }).getByRole('listitem')).toHaveCount(2);
  expect(await violations()).toEqual([]);
  await page.setViewportSize({ width: 360, height: 740 });
  const sideways = (): Promise<number> =>
    page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await expect.poll(sideways).toBeLessThanOrEqual(0);
  await page.getByRole('radio', { name: /^Correspondences:/ }).check();
  await expect(page.getByRole('img', { name: /Beside it/ })).toBeVisible();
  await expect.poll(sideways).toBeLessThanOrEqual(0);
  expect(await violations()).toEqual([]);
});
