import AxeBuilder from '@axe-core/playwright';
import type { Page } from 'playwright/test';
import { embedded, expect, samplePath, test } from './scope.ts';

/** Everything that axe knows, best practices too; themes change in steps, so nothing is measured half way. */
async function expectNoViolations(page: Page, state: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${state}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
  );
  expect(found).toEqual([]);
}

test.use({ reducedMotion: 'reduce' });

for (const theme of ['dark', 'light'] as const) {
  test(`axe finds nothing in the ${theme} theme`, async ({ scope, page, folder }) => {
    await scope.open();
    await scope.isReady();
    if (theme === 'light') await page.keyboard.press('t');
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await expectNoViolations(page, 'empty');
    await scope.drop(samplePath('cat'), await folder.write('notes.txt', 'no picture'));
    await scope.allSettled(2);
    await scope.select('cat.jpg');
    await expectNoViolations(page, 'all heads');
    await scope.showView('Head 1');
    await expectNoViolations(page, 'heat map');
    await scope.choose('Mask');
    await expectNoViolations(page, 'mask');
    await scope.select('notes.txt');
    await expectNoViolations(page, 'failed');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectNoViolations(page, 'help');
    await page.keyboard.press('Escape');
    await page.setViewportSize({ width: 360, height: 740 });
    await expectNoViolations(page, 'phone');
  });
}

test('the whole page is usable by keyboard alone', async ({ scope, page }) => {
  await scope.open();
  await scope.isReady();
  const sample = page.getByRole('button', { name: /Chelsea the cat/ });
  for (let presses = 0; presses < 12; presses++) {
    await page.keyboard.press('Tab');
    if (await sample.evaluate((button) => button === document.activeElement)) break;
  }
  await expect(sample).toBeFocused();
  await page.keyboard.press('Enter');
  await scope.allSettled(1);
  for (let head = 1; head <= embedded.numHeads; head++) {
    await page.keyboard.press(String(head));
    await expect(page.getByRole('radio', { name: `Head ${head}` })).toBeChecked();
  }
  await page.keyboard.press('e');
  await expect(page.getByRole('radio', { name: 'Mean' })).toBeChecked();
  await page.keyboard.press('a');
  await expect(page.getByRole('radio', { name: 'All heads' })).toBeChecked();
  await page.keyboard.press('1');
  await page.keyboard.press('k');
  await expect(page.getByRole('radio', { name: 'Mask' })).toBeChecked();
  await page.keyboard.press(']');
  await expect(page.getByRole('slider', { name: 'Attention kept' })).toHaveValue('65');
  await page.getByRole('radio', { name: 'All heads' }).focus();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: 'Mean' })).toBeChecked();
  await page.getByRole('slider', { name: 'Opacity' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect(page.getByRole('slider', { name: 'Opacity' })).toHaveAttribute('aria-valuetext', /per cent/);
});

test('a screen reader hears what is done', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(page.locator('[data-announcer]')).toHaveText(
    new RegExp(`cat\\.jpg: ${embedded.numHeads} heads, 261 tokens, [\\d.]+ m?s`),
  );
});

for (const [width, height] of [
  [360, 740],
  [820, 1180],
  [1280, 800],
  [3840, 2160],
] as const) {
  test(`at ${width} × ${height} nothing is cut off sideways and the photograph is to be seen`, async ({
    scope,
    page,
  }) => {
    await page.setViewportSize({ width, height });
    await scope.open();
    await scope.isReady();
    const sideways = (): Promise<number> =>
      page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(await sideways()).toBeLessThanOrEqual(0);
    await page.getByRole('button', { name: /Chelsea the cat/ }).click();
    await scope.allSettled(1);
    expect(await sideways()).toBeLessThanOrEqual(0);
    const box = await scope.overlay.boundingBox();
    expect(box?.width).toBeGreaterThan(width * 0.3);
    expect((box?.y ?? 0) + (box?.height ?? Infinity)).toBeLessThanOrEqual(height);
  });
}

test('on a phone the photograph comes into sight, wherever the page had been scrolled to', async ({
  scope,
  page,
}) => {
  await page.setViewportSize({ width: 360, height: 740 });
  await scope.open();
  await scope.isReady();
  const sample = page.getByRole('button', { name: /Fruit/ });
  await sample.scrollIntoViewIfNeeded();
  expect(await page.evaluate(() => scrollY)).toBeGreaterThan(0);
  await sample.click();
  await scope.allSettled(1);
  await expect(scope.overlay).toBeInViewport({ ratio: 1 });
  // Selecting a head scrolls the row of heads, and nothing else.
  for (const key of ['4', '1']) {
    await page.keyboard.press(key);
    await expect(page.locator(`[data-tile="${Number(key) - 1}"]`)).toBeInViewport({ ratio: 0.9 });
    await expect(scope.overlay).toBeInViewport({ ratio: 1 });
  }
});

test('presenting fills the screen with the photograph, and Escape ends it', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  const before = await scope.overlay.boundingBox();
  await page.keyboard.press('f');
  await expect(page.getByRole('region', { name: 'Film strip' })).toBeHidden();
  await expect
    .poll(async () => (await scope.overlay.boundingBox())?.width ?? 0)
    .toBeGreaterThan((before?.width ?? 0) * 1.3);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('region', { name: 'Film strip' })).toBeVisible();
});

test('settings and theme are remembered', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Head 1');
  await scope.choose('viridis');
  await scope.setRange('Opacity', 40);
  await page.keyboard.press('t');
  // Written a moment later, so that a slider on its way does not write at every step.
  await expect
    .poll(() => page.evaluate(() => JSON.stringify(Object.entries(localStorage))))
    .toContain('light');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await expect(page.getByRole('radio', { name: 'All heads' })).toBeChecked();
  await scope.showView('Head 1');
  await expect(page.getByRole('radio', { name: 'viridis' })).toBeChecked();
  await expect(page.getByRole('slider', { name: 'Opacity' })).toHaveValue('40');
});

test('the picture is saved as PNG under a telling name', async ({ scope, page }) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Head 2');
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save picture' }).click();
  expect((await download).suggestedFilename()).toMatch(/cat.*head-2.*\.png$/);
});
