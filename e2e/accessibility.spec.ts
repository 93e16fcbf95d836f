import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright/test';
import { axeOf } from './axe.ts';
import { embedded, expect, picker, placeOf, samplePath, sideOf, test } from './scope.ts';

/** Runs all rules of axe, best practices included. Themes change without a transition, so no colour is measured halfway. */
async function expectNoViolations(page: Page, state: string): Promise<void> {
  const { violations } = await axeOf(page).analyze();
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
    await page.getByRole('button', { name: 'Save cut-out, mask, boxes' }).click();
    await expectNoViolations(page, 'what to save of a mask');
    await page.keyboard.press('Escape');
    await expect(page.getByRole('dialog')).toHaveCount(0);
    await scope.select('notes.txt');
    await expectNoViolations(page, 'failed');
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog')).toBeVisible();
    await expectNoViolations(page, 'help');
    // Each key stands where it works.
    await expect(page.getByRole('region', { name: 'Keys in Recognise' })).toContainText('Name a new class');
    await expect(page.getByRole('region', { name: 'Keys with a photograph' })).not.toContainText('class');
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

/** How far the page can be scrolled sideways, px. */
const sideways = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - innerWidth);

/** What is left is the page as it opens, with the samples. */
async function removeSample(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Remove Chelsea the cat' }).click();
  await expect(page.getByRole('button', { name: /Chelsea the cat$/ })).toBeVisible();
}

const sizes = [
  { width: 360, height: 740 },
  { width: 820, height: 1180 },
  // Projectors of 1920 × 1080 at 200 % and 175 %.
  { width: 960, height: 540, share: 0.55 },
  { width: 1097, height: 617, share: 0.55 },
  { width: 1280, height: 800 },
  { width: 3840, height: 2160 },
] as const;

test('Tab goes through the page in the order in which it is seen', async ({ scope, page }) => {
  await scope.open();
  await scope.isReady();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  const lens = page.getByRole('radio', { name: /^Heads: / });
  const tile = page.getByRole('radio', { name: 'All heads' });
  const save = page.getByRole('button', { name: 'Save picture' });
  const wide = [lens, tile, picker(page), save];
  const narrow = [picker(page), lens, tile, save];
  for (const [width, order] of [
    [1366, wide],
    [390, narrow],
  ] as const)
    await test.step(`${width} px`, async () => {
      await page.setViewportSize({ width, height: 800 });
      // Its letters have no room there.
      await expect(page.getByRole('heading', { name: 'DINOscope' })).toBeVisible();
      const reached = new Set<number>();
      await page.getByRole('button', { name: 'Help and keys (?)' }).focus();
      while (reached.size < order.length) {
        await page.keyboard.press('Tab');
        for (const [at, each] of order.entries())
          if (await each.evaluate((element) => element === document.activeElement)) reached.add(at);
        await expect(page.locator('body')).not.toBeFocused();
      }
      expect([...reached]).toEqual([0, 1, 2, 3]);
    });
});

test('at every size nothing is cut off sideways and the photograph is to be seen', async ({
  scope,
  page,
}) => {
  await page.setViewportSize(sizes[0]);
  await scope.open();
  await scope.isReady();
  for (const size of sizes) {
    const { width, height } = size;
    await test.step(`${width} × ${height}`, async () => {
      await page.setViewportSize({ width, height });
      await expect.poll(() => sideways(page)).toBeLessThanOrEqual(0);
      await page.getByRole('button', { name: /Chelsea the cat/ }).click();
      await scope.allSettled(1);
      await expect.poll(() => sideways(page)).toBeLessThanOrEqual(0);
      const place = await placeOf(scope.overlay);
      expect(place.width).toBeGreaterThan(width * ('share' in size ? size.share : 0.3));
      expect(place.y + place.height).toBeLessThanOrEqual(height);
      await removeSample(page);
    });
  }
});

const laptops = [
  { width: 1280, height: 720 },
  { width: 1366, height: 768 },
] as const;

test('on a laptop the photograph comes first', async ({ scope, page }) => {
  await page.setViewportSize(laptops[0]);
  // No back end is named, so the line about the graphics card shows, as it does on such a machine.
  await scope.open(`side=${sideOf(12)}`);
  await page.getByRole('button', { name: /Chelsea the cat/ }).click();
  await scope.allSettled(1);
  const details = page.getByRole('region', { name: 'Details' });
  for (const size of laptops)
    await test.step(`${size.width} × ${size.height}`, async () => {
      await page.setViewportSize(size);
      await expect(page.locator('.message')).toHaveCount(2);
      // The details are folded at first. Unfolded, they must not make the photograph smaller.
      await expect(details.getByText('Tokens')).toBeHidden();
      // The photograph's ratio is 3 : 2.
      const place = await placeOf(scope.overlay);
      expect(place.width).toBeGreaterThanOrEqual(600);
      expect(place.height).toBeGreaterThanOrEqual(400);
      await details.getByText('Details').click();
      await expect(details.getByText('Tokens')).toBeVisible();
      expect(await placeOf(scope.overlay)).toEqual(place);
      if (size !== laptops.at(-1)) await details.getByText('Details').click();
    });
  await expect
    .poll(() => page.evaluate(() => JSON.stringify(Object.entries(localStorage))))
    .toMatch(/detailsOpen[^a-z]*true/);
  await page.reload();
  await page.getByRole('button', { name: /Chelsea the cat/ }).click();
  await scope.allSettled(1);
  await expect(details.getByText('Tokens')).toBeVisible();
});

test('long names of files push nothing out of the page, and can be read whole', async ({
  scope,
  page,
  folder,
}) => {
  const name = 'NameOfOneWord'.repeat(10);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(
    await folder.write(`${name}.jpg`, await readFile(samplePath('cat'))),
    await folder.write(`${name}.pth`, 'no checkpoint'),
  );
  await scope.allSettled(1);
  const warning = page.locator('.message').filter({ hasText: 'This checkpoint cannot be read' });
  await expect(warning).toHaveCount(1);
  for (const size of [
    { width: 390, height: 844 },
    { width: 1366, height: 768 },
  ])
    await test.step(`${size.width} × ${size.height}`, async () => {
      await page.setViewportSize(size);
      await expect.poll(() => sideways(page)).toBeLessThanOrEqual(0);
      const controls = [
        warning.getByRole('button', { name: 'Dismiss' }),
        page.getByRole('button', { name: 'Save picture' }),
      ];
      for (const control of controls) {
        const { x, width } = await placeOf(control);
        expect(x + width).toBeLessThanOrEqual(size.width);
      }
      await expect(page.getByRole('heading', { name })).toHaveAttribute('title', `${name}.jpg`);
    });
});

const withLargeLetters = [
  { width: 390, height: 844 },
  { width: 1280, height: 720 },
] as const;

test('letters twice as large fit', async ({ scope, page }) => {
  await page.setViewportSize(withLargeLetters[0]);
  await scope.open();
  await scope.isReady();
  await page.evaluate(() => {
    document.documentElement.style.setProperty('font-size', '32px', 'important');
    dispatchEvent(new Event('resize'));
  });
  // The page's own letters are wider than those that stand in for them.
  await page.evaluate(() => document.fonts.ready);
  for (const size of withLargeLetters)
    await test.step(`${size.width} × ${size.height}`, async () => {
      await page.setViewportSize(size);
      await expect.poll(() => sideways(page)).toBeLessThanOrEqual(0);
      await page.getByRole('button', { name: /Chelsea the cat/ }).click();
      await scope.allSettled(1);
      await expect.poll(() => sideways(page)).toBeLessThanOrEqual(0);
      await expect(scope.overlay).toBeInViewport({ ratio: 0.9 });
      // Parts of the header do not overlap, and no title is cut off.
      const overlapping = (): Promise<number> =>
        page.locator('.masthead').evaluate((header) => {
          const boxes = [...header.querySelectorAll('h1, .engine-line, button')]
            .filter((part) => part.getClientRects().length > 0)
            .map((part) => ({ part, box: part.getBoundingClientRect() }));
          return boxes.flatMap((a) =>
            boxes.filter(
              (b) =>
                a !== b &&
                !a.part.contains(b.part) &&
                !b.part.contains(a.part) &&
                a.box.left < b.box.right - 1 &&
                b.box.left < a.box.right - 1 &&
                a.box.top < b.box.bottom - 1 &&
                b.box.top < a.box.bottom - 1,
            ),
          ).length;
        });
      expect(await overlapping()).toBe(0);
      const title = page.getByRole('heading', { name: 'Chelsea the cat' });
      expect(
        await title.evaluate((heading) => heading.scrollWidth - heading.clientWidth),
      ).toBeLessThanOrEqual(0);
      await removeSample(page);
    });
});

/** The terms that the page explains, by their names there, and words that each explanation must contain. */
const explained = [
  ['Who is looking?', /one token/],
  ['Between patches', /fills in what lies between/],
  ['Input shape', /squashes all of it into a square/],
  ['Runs on', /WebAssembly the processor/],
  ['Tokens', /one for each patch/],
  ['Attention on itself', /The share of CLS’s attention/],
] as const;

test('words that need it are explained by mouse and keyboard, and Escape closes no more than that', async ({
  scope,
  page,
}) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await page.getByRole('region', { name: 'Details' }).getByText('Details').click();
  await page.keyboard.press('q');
  await expect(scope.stage).toContainText('What patch');
  for (const [term, text] of explained) {
    const name = term === 'Attention on itself' ? 'Attention on CLS' : term;
    const mark = page.getByRole('button', { name: `What “${name}” means` });
    await mark.scrollIntoViewIfNeeded();
    await mark.click();
    const open = page.locator('.explanation:popover-open');
    await expect(open).toContainText(name === term ? text : /The share of the patch’s attention/);
    await expect(open).toBeInViewport({ ratio: 1 });
    await page.keyboard.press('Escape');
    await expect(open).toHaveCount(0);
    await expect(scope.stage).toContainText('What patch');
    await mark.press('Enter');
    await expect(open).toHaveCount(1);
    if (term === 'Runs on') await expectNoViolations(page, 'explained');
    await mark.press('Enter');
    await expect(open).toHaveCount(0);
  }
});

test.describe('with a finger', () => {
  test.use({ hasTouch: true, isMobile: true, viewport: { width: 390, height: 844 } });

  test('each explanation is a tap away', async ({ scope, page }) => {
    await scope.open();
    await page.getByRole('button', { name: /Chelsea the cat/ }).tap();
    await scope.allSettled(1);
    await page.getByText('Settings', { exact: true }).tap();
    await page.getByText('Details', { exact: true }).tap();
    for (const [term, text] of explained) {
      const mark = page.getByRole('button', { name: `What “${term}” means` });
      await mark.tap();
      const open = page.locator('.explanation:popover-open');
      await expect(open).toContainText(text);
      await expect(open).toBeInViewport({ ratio: 1 });
      await mark.tap();
      await expect(open).toHaveCount(0);
    }
  });
});

test('on a phone the photograph comes into sight, wherever the page had been scrolled to; the training button has a word, and settings stand above the numbers', async ({
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
  // Selecting a head scrolls only the row of heads.
  for (const key of ['4', '1']) {
    await page.keyboard.press(key);
    await expect(page.locator(`[data-tile="${Number(key) - 1}"]`)).toBeInViewport({ ratio: 0.9 });
    await expect(scope.overlay).toBeInViewport({ ratio: 1 });
  }

  await page.setViewportSize({ width: 390, height: 844 });
  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(page.getByRole('button', { name: 'Train' }).getByText('Train')).toBeInViewport({ ratio: 1 });
  await page.getByRole('button', { name: 'Present (F)' }).click();
  await expect(page.getByRole('banner')).toContainText('DINOscope');
  await expect(page.getByRole('region', { name: 'Film strip' })).toBeHidden();
  await page.getByRole('button', { name: /^End the presentation/ }).click();
  const header = await placeOf(page.locator('.masthead'));
  expect(header.height).toBeLessThanOrEqual(104);
  const settings = await placeOf(page.getByRole('complementary', { name: 'Settings' }));
  const details = await placeOf(page.getByRole('region', { name: 'Details' }));
  expect(settings.y + settings.height).toBeLessThanOrEqual(details.y);

  // What a slider changes is seen while it moves, and what has the focus does not lie under the photograph.
  await page.getByRole('complementary', { name: 'Settings' }).getByText('Settings').click();
  const opacity = page.getByRole('slider', { name: 'Opacity' });
  await page.getByRole('combobox', { name: 'Compare with' }).scrollIntoViewIfNeeded();
  await opacity.focus();
  await expect(scope.overlay).toBeInViewport({ ratio: 0.9 });
  const photograph = await placeOf(scope.overlay);
  const slider = await placeOf(opacity);
  expect(slider.y).toBeGreaterThan(photograph.y + photograph.height);
});

test('a photograph is heard, fills the screen, and is saved; settings and theme are remembered', async ({
  scope,
  page,
}) => {
  await scope.open();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await test.step('a screen reader hears what is done', async () => {
    await expect(page.locator('[data-announcer]')).toHaveText(
      new RegExp(`cat\\.jpg: ${embedded.numHeads} heads, 261 tokens, [\\d.]+\\sm?s`),
    );
  });
  await test.step('presenting fills the screen with the photograph, and Escape ends it', async () => {
    const before = await placeOf(scope.overlay);
    await page.keyboard.press('f');
    await expect(page.getByRole('region', { name: 'Film strip' })).toBeHidden();
    await expect.poll(async () => (await placeOf(scope.overlay)).width).toBeGreaterThan(before.width * 1.25);
    await page.keyboard.press('Escape');
    await expect(page.getByRole('region', { name: 'Film strip' })).toBeVisible();
  });
  await test.step('the picture is saved as PNG under a telling name', async () => {
    await scope.showView('Head 2');
    const download = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save picture' }).click();
    expect((await download).suggestedFilename()).toMatch(/cat.*head-2.*\.png$/);
  });
  await test.step('settings and theme are remembered', async () => {
    await scope.showView('Head 1');
    await scope.choose('viridis');
    await scope.setRange('Opacity', 40);
    await page.keyboard.press('t');
    // Settings are written after a short delay, so that a moving slider does not write at every step.
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
});

test('where what had the focus goes, the part around it has the focus, and keys are told to screen readers', async ({
  scope,
  page,
}) => {
  const main = page.getByRole('main');
  const told = page.locator('[data-announcer]');
  await scope.open();
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);

  await page.getByRole('button', { name: /^Present/ }).press('Enter');
  await expect(main).toBeFocused();
  await page.getByRole('button', { name: /^End the presentation/ }).press('Enter');
  await expect(scope.stage).toBeFocused();

  await page.keyboard.press('r');
  await expect(page.getByRole('button', { name: 'Start training' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(scope.stage).toBeVisible();
  await expect(scope.stage).toBeFocused();

  await test.step('the same words twice are heard twice', async () => {
    await page.keyboard.press('-');
    await expect(told).toHaveText('The whole picture is shown.');
    await told.evaluate((region) => {
      const observer = new MutationObserver(() => region.setAttribute('data-heard', ''));
      observer.observe(region, { childList: true, characterData: true, subtree: true });
    });
    await page.keyboard.press('-');
    await expect(told).toHaveAttribute('data-heard');
    await expect(told).toHaveText('The whole picture is shown.');
  });

  await page.keyboard.press('ArrowRight');
  await expect(told).toHaveText('dog.jpg, 2 of 2.');
  await page.keyboard.press('2');
  await expect(told).toHaveText(/^Head 2: 60\s%/);
  await picker(page).focus();
  await page.keyboard.press('Delete');
  await expect(told).toHaveText('dog.jpg removed. cat.jpg, 1 of 1.');
  await expect(scope.stage).toBeFocused();

  const dismiss = page.getByRole('button', { name: 'Dismiss' });
  await dismiss.first().press('Enter');
  await expect(dismiss).toHaveCount(0);
  await expect(scope.stage).toBeFocused();
  // A click beside everything leaves the focus nowhere, also when something is removed later.
  await page.evaluate(() => {
    (document.activeElement as HTMLElement).blur();
  });
  await page.keyboard.press('t');
  await page.keyboard.press('Delete');
  await expect(scope.frames).toHaveCount(0);
  expect(await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 200))).toMatch(/^<body/);

  await test.step('on a phone, where the photograph’s part has no place of its own', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await scope.drop(samplePath('cat'), samplePath('dog'));
    await scope.allSettled(2);
    await page.getByRole('button', { name: 'Remove all' }).press('Enter');
    await page.getByRole('button', { name: 'Put back' }).press('Enter');
    await expect(scope.frames).toHaveCount(2);
    await expect(page.locator('section:focus')).toHaveCount(1);
  });
});
