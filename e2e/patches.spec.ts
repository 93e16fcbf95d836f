/** Tests of a patch as the query: selected by a click, a tap or the keyboard, and deselected again. */
import { fileURLToPath } from 'node:url';
import { clickPatch, embedded, expect, picker, placeOf, samplePath, sideOf, test } from './scope.ts';
import { tinyRun } from './tiny-run.ts';
import { TrainingView } from './training-view.ts';

test('a click asks the patch under it, in every head, and one more click goes back to CLS', async ({
  scope,
  page,
}) => {
  await page.setViewportSize({ width: 1366, height: 768 });
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.fact('Rows × columns')).toHaveText('13 × 20');
  const place = await placeOf(scope.overlay);
  await scope.showView('Head 1');
  const time = await scope.fact('Forward pass').textContent();
  const fromCls = await scope.overlayPicture();
  // Moving the pointer over the photograph changes nothing.
  await picker(page).hover({ position: { x: 20, y: 20 } });
  expect(await scope.overlayPicture()).toBe(fromCls);
  await scope.showView('All heads');
  await clickPatch(page, [5, 12], [13, 20]);
  await expect(scope.stage).toContainText('What patch (row 5, column 12) looks at. Each colour is a head');
  expect(await placeOf(scope.overlay)).toEqual(place);
  await scope.showView('Head 1');
  await expect(scope.stage).toContainText('What patch (row 5, column 12) looks at. Head 1: 60 %');
  await expect(page.locator('[data-announcer]')).toHaveText('Patch (row 5, column 12) of 13 × 20');
  await expect(page.getByRole('img', { name: /from the patch \(row 5, column 12\)/ })).toBeVisible();
  const fromPatch = await scope.overlayPicture();
  expect(fromPatch).not.toBe(fromCls);
  await expect(scope.fact('Forward pass')).toHaveText(time ?? '');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save picture' }).click();
  expect((await download).suggestedFilename()).toBe(`cat-patch-row-5-column-12-head-1-${embedded.id}.png`);
  await clickPatch(page, [9, 3], [13, 20]);
  await expect(scope.stage).toContainText('What patch (row 9, column 3) looks at.');
  expect(await scope.overlayPicture()).not.toBe(fromPatch);
  await clickPatch(page, [9, 3], [13, 20]);
  await expect(scope.stage).not.toContainText('What patch');
  expect(await scope.overlayPicture()).toBe(fromCls);
});

test('the first visit says once that a patch can be asked, and the patch under the pointer lights up', async ({
  scope,
  page,
}) => {
  const note = page.getByText('Click a patch: what does it look at?');
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(note).toBeVisible();
  await page.keyboard.press('Delete');
  await expect(scope.frames).toHaveCount(0);
  await expect(note).toHaveCount(0);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(note).toBeVisible();
  const box = await placeOf(picker(page));
  const light = page.locator('.patch-light');
  await expect(light).toHaveCount(0);
  // The middle of row 5, column 12, of 13 × 20. The framing cuts the height, so a row is a little less than a thirteenth of it.
  await picker(page).hover({ position: { x: (11.5 / 20) * box.width, y: (4.5 / 13) * box.height } });
  const lit = await placeOf(light);
  expect(lit.x - box.x).toBeCloseTo((11 / 20) * box.width, 0);
  expect(lit.width).toBeCloseTo(box.width / 20, 0);
  expect(Math.abs(lit.y - box.y - (4 / 13) * box.height)).toBeLessThan(0.02 * box.height);
  await page.mouse.move(2, 2);
  await expect(light).toHaveCount(0);
  await expect
    .poll(() => page.evaluate(() => JSON.stringify(Object.entries(localStorage))))
    .toContain('ask-a-patch');
  await page.reload();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(note).toHaveCount(0);
});

test('the keyboard asks, moves to the edge and no further, and leaves', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Mean');
  const fromCls = await scope.overlayPicture();
  await page.keyboard.press('q');
  await expect(picker(page)).toBeFocused();
  await expect(scope.stage).toContainText('What patch (row 7, column 11) looks at.');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowRight');
  await expect(scope.stage).toContainText('What patch (row 6, column 12) looks at.');
  for (let presses = 0; presses < 12; presses++) await page.keyboard.press('ArrowRight');
  await expect(scope.stage).toContainText('What patch (row 6, column 20) looks at.');
  await page.keyboard.press('f');
  await page.keyboard.press('ArrowDown');
  await expect(scope.stage).toContainText('What patch (row 7, column 20) looks at.');
  await page.keyboard.press('Escape');
  await expect(page.locator('[data-announcer]')).toHaveText('CLS token');
  await expect(scope.stage).not.toContainText('What patch');
  await page.keyboard.press('f');
  await expect(page.getByRole('region', { name: 'Film strip' })).toBeVisible();
  expect(await scope.overlayPicture()).toBe(fromCls);
  await scope.choose('Patch');
  await expect(scope.stage).toContainText('What patch (row 7, column 11) looks at.');
  await page.getByRole('button', { name: 'Back to CLS' }).click();
  expect(await scope.overlayPicture()).toBe(fromCls);
});

test('a patch belongs to its photograph, and keeps its place at another input size', async ({
  scope,
  page,
}) => {
  await scope.open();
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);
  await scope.select('cat.jpg');
  await clickPatch(page, [5, 12], [13, 20]);
  await expect(scope.stage).toContainText('What patch (row 5, column 12) looks at.');
  await scope.select('dog.jpg');
  await expect(scope.stage).not.toContainText('What patch');
  await scope.select('cat.jpg');
  await expect(scope.stage).toContainText('What patch (row 5, column 12) looks at.');
  await scope.choose(`${sideOf(40)}`);
  await expect(scope.fact('Rows × columns')).toHaveText('27 × 40');
  await expect(scope.stage).toContainText(/What patch \(row (9|10), column 2[34]\) looks at\./);
});

test('another model is asked the same place', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(scope.fact('Rows × columns')).toHaveText('5 × 8');
  await scope.showView('Mean');
  await clickPatch(page, [2, 5], [5, 8]);
  await expect(scope.stage).toContainText('What patch (row 2, column 5) looks at.');
  const before = await scope.overlayPicture();
  await scope.drop(
    fileURLToPath(new URL('../tools/reference/fixtures/checkpoints/moco-v3.pth.tar', import.meta.url)),
  );
  // With patches of 2 px the same place has another row and column.
  const columns = sideOf(8) / 2;
  const rows = Math.round((columns * 300) / 451);
  await expect(scope.fact('Rows × columns')).toHaveText(`${rows} × ${columns}`);
  const found = /What patch \(row (\d+), column (\d+)\) looks at\./;
  await expect(scope.stage).toContainText(found);
  const [, row, column] = (found.exec((await scope.stage.textContent()) ?? '') ?? []).map(Number);
  // The distance to the middle of the asked patch is at most one and a half patches.
  expect(Math.abs(((row ?? NaN) - 0.5) / rows - 1.5 / 5)).toBeLessThan(1.5 / rows);
  expect(Math.abs(((column ?? NaN) - 0.5) / columns - 4.5 / 8)).toBeLessThan(1.5 / columns);
  expect(await scope.overlayPicture()).not.toBe(before);
});

test.describe('with a finger', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

  test('a tap asks', async ({ scope, page }) => {
    await scope.open();
    await scope.isReady();
    await page.getByRole('button', { name: /Chelsea the cat/ }).click();
    await scope.allSettled(1);
    await expect(page.getByText('Tap a patch: what does it look at?')).toBeVisible();
    await expect(page.getByText(/\bclick\b/i)).toHaveCount(0);
    await clickPatch(page, [4, 6], [13, 20], 'tap');
    await expect(page.getByRole('main')).toContainText('What patch (row 4, column 6) looks at.');
    await page.getByRole('button', { name: 'Back to CLS' }).tap();
    await expect(page.getByRole('main')).not.toContainText('What patch');
  });
});

test('a patch is answered while a run of training goes on', async ({ scope, page }) => {
  test.setTimeout(600_000);
  const training = new TrainingView(page);
  await scope.open(`side=${sideOf(12)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await training.open();
  await training.fill({ ...tinyRun, Steps: 100_000 });
  await training.start();
  await training.has('running');
  await page.keyboard.press('Escape');
  await clickPatch(page, [3, 7], [8, 12]);
  await expect(scope.stage).toContainText('What patch (row 3, column 7) looks at.');
  await training.open();
  await training.has('running');
  // The run must also continue after the answer.
  await training.reaches((await training.step()) + 5);
});
