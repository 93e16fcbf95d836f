/** Tests of comparisons: two models, other weights, other lenses and settings on one photograph. */
import type { Locator } from 'playwright/test';
import sharp from 'sharp';
import { embedded, expect, picturesOf, placeOf, samplePath, sideOf, test } from './scope.ts';
import { tinyRun } from './tiny-run.ts';
import { TrainingView } from './training-view.ts';

const supervised = 'mini/16 supervised';

const pictureOf = (canvas: Locator): Promise<string> =>
  canvas.evaluate((element) => (element as HTMLCanvasElement).toDataURL());

for (const backend of ['wasm', 'webgpu'])
  test(`two models side by side on ${backend}: names, slider, patch, swipe, and each as it is alone`, async ({
    scope,
    page,
  }) => {
    test.slow(backend === 'webgpu');
    await scope.open(`backend=${backend}&side=${sideOf(8)}`);
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await scope.showView('Mean');
    const alone = await scope.overlayPicture();
    await scope.compareWith(supervised);
    const left = page.getByRole('img', { name: new RegExp(`^${embedded.title}: `) });
    const right = page.getByRole('img', { name: new RegExp(`^${supervised}: `) });
    await expect(left).toBeVisible({ timeout: 60_000 });
    await expect(right).toBeVisible();
    await expect(scope.stage).toContainText(`${supervised}: The mean over`);
    await expect(page.getByText(/Masks of 60\s% share/)).toBeVisible();
    const overlays = [left, right].map((side) => side.locator('canvas[data-layer=overlay]'));
    const painted = async (): Promise<string[]> => (await Promise.all(overlays.map(picturesOf))).flat();
    const both = (): Promise<string[]> => Promise.all(overlays.map(pictureOf));
    await expect.poll(async () => new Set(await both()).size).toBe(2);

    // A slider acts on both, and so does a patch that is asked on the right.
    const before = await painted();
    await scope.setRange('Block', 3);
    await expect
      .poll(async () => (await both()).map((picture, at) => picture === before[at]))
      .toEqual([false, false]);
    await scope.setRange('Block', embedded.depth);
    await expect.poll(both).toEqual(before);
    const pickers = page.locator('.patch-picker');
    await expect(pickers).toHaveCount(2);
    await pickers.last().click({ position: { x: 20, y: 20 } });
    await expect
      .poll(async () => (await both()).map((picture, at) => picture === before[at]))
      .toEqual([false, false]);
    await page.keyboard.press('Escape');
    await expect.poll(both).toEqual(before);

    // In the size of the stage each is what it is alone.
    await scope.choose('Swipe');
    await expect.poll(() => pictureOf(overlays[0] as Locator)).toBe(alone);
    const [, other] = await painted();
    const line = page.getByRole('slider', { name: 'Line between the two pictures' });
    await line.press('ArrowRight');
    await expect(line).toHaveValue('51');
    // A name is shortened where the line comes near, and never lies under it.
    const names = page.locator('.compare-half');
    await expect(names.getByText(supervised)).toBeVisible();
    for (const at of ['51', '90', '3']) {
      await line.fill(at);
      const place = await placeOf(page.locator('.compare-line'));
      const [own, others] = await Promise.all([placeOf(names.first()), placeOf(names.last())]);
      expect(own.x + own.width).toBeLessThanOrEqual(place.x);
      expect(others.x).toBeGreaterThanOrEqual(place.x + place.width);
    }
    await scope.compareWith('Nothing');
    await page.keyboard.press('m');
    await page.getByRole('button', { name: `Use ${supervised}` }).click();
    await expect(page.getByRole('banner')).toContainText(supervised);
    await page.keyboard.press('Escape');
    await scope.allSettled(1);
    await expect.poll(() => scope.overlayPicture()).toBe(other);
  });

test('a model on its way into a comparison is shown where it was chosen, and can be stopped', async ({
  scope,
  page,
}) => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  await page.route('**/dinoscope-mini16-supervised/model.json', async (route) => {
    await released;
    // The page may have given up by then.
    await route.continue().catch(() => undefined);
  });
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.compareWith(supervised);
  const stop = page.getByRole('button', { name: `Do not compare with ${supervised}` });
  await expect(stop).toBeVisible();
  await expect(page.getByRole('banner').locator('[data-switching]')).toHaveCount(0);
  await stop.click();
  await expect(page.locator('[data-switching]')).toHaveCount(0);
  await expect(page.getByRole('combobox', { name: 'Compare with' })).toHaveValue('nothing');
  release();
  await scope.compareWith(supervised);
  await expect(page.getByRole('img', { name: new RegExp(`^${supervised}: `) })).toBeVisible();
});

test('random weights, another lens, and the settings of before; what differs; saved with both names', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Mean');
  await scope.compareWith('Random weights');
  await expect(page.getByRole('img', { name: /random weights: / })).toBeVisible({ timeout: 60_000 });
  const save = async () => {
    const [saved] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Save picture' }).click(),
    ]);
    return saved;
  };
  const sides = await save();
  expect(sides.suggestedFilename()).toMatch(/^cat-mean-.*-and-.*-random-1\.png$/);
  const { width, height } = await sharp(await sides.path()).metadata();
  expect(width / height).toBeGreaterThan(2);
  await scope.choose('Difference');
  await expect(scope.stage).toContainText(/Red: brighter for .*Blue: brighter for/);
  await expect(page.getByRole('img', { name: /red where .* is brighter/ })).toBeVisible();
  expect((await sharp(await (await save()).path()).metadata()).width).toBeLessThan(width);

  // Another lens has no map of its own heads: the choice of a difference goes, and comes back.
  await scope.compareWith('The lens colours');
  await expect(page.getByRole('img', { name: /^Colours: / })).toBeVisible();
  await expect(page.getByRole('radio', { name: 'Difference' })).toBeHidden();
  await scope.compareWith('Heads, as it is set now');
  await expect(page.getByRole('img', { name: /red where “Heads, now” is brighter/ })).toBeVisible();
  await scope.choose('Side by side');
  const old = page.getByRole('img', { name: /^Heads, as it was: / }).locator('canvas[data-layer=overlay]');
  const now = page.getByRole('img', { name: /^Heads, now: / }).locator('canvas[data-layer=overlay]');
  const areEqual = async (): Promise<boolean> =>
    (await picturesOf(now)).join() === (await picturesOf(old)).join();
  await expect.poll(areEqual).toBe(true);
  await scope.setRange('Block', 2);
  await expect.poll(areEqual).toBe(false);
  await scope.compareWith('Nothing');
  await expect(page.getByRole('img', { name: /as it was/ })).toBeHidden();
});

test('on a phone two pictures are as large as the page lets them be, above or beside each other, and no room is left over', async ({
  scope,
  page,
  folder,
}) => {
  const shapes = { wide: [320, 180], tall: [200, 300] } as const;
  await scope.open();
  for (const [name, [width, height]] of Object.entries(shapes)) {
    const picture = sharp({ create: { width, height, channels: 3, background: '#2a6' } });
    await scope.drop(await folder.write(`${name}.png`, await picture.png().toBuffer()));
  }
  await scope.allSettled(2);
  await scope.compareWith('Random weights');
  const [width, gap] = [390, 6];
  await page.setViewportSize({ width, height: 844 });
  const sides = page.locator('.compare-side .stage-picture');
  const read = async (name: string) => {
    await scope.select(`${name}.png`);
    await expect(page.getByRole('heading', { name: `${name}.png` })).toBeVisible();
    await expect(sides).toHaveCount(2);
    const stage = await placeOf(page.locator('.stage-area'));
    return [await placeOf(sides.first()), await placeOf(sides.last()), stage] as const;
  };
  const [above, below, wideStage] = await read('wide');
  expect(above.width).toBe(width);
  expect(below.y).toBe(above.y + above.height + gap);
  expect(wideStage.height).toBeCloseTo(2 * above.height + gap, 0);
  const [left, right, tallStage] = await read('tall');
  expect(right.x).toBe(left.x + left.width + gap);
  expect(left.width + gap + right.width).toBe(width);
  // The gap is taken off the width.
  expect(tallStage.height - left.height).toBeLessThanOrEqual(gap);
});

test('two models that do not fit on the device together take turns, and the page says so', async ({
  scope,
  page,
}) => {
  await page.route('**/assets/engine-worker-*.js', async (route) => {
    const response = await route.fetch();
    const script = await response.text();
    // Room for one model: the newest always has its place.
    const small = script.replace('modelBytes:536870912', 'modelBytes:1');
    expect(small).not.toBe(script);
    await route.fulfill({ response, body: small });
  });
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Mean');
  await scope.compareWith(supervised);
  const pictures = [embedded.title, supervised].map((title) =>
    page.getByRole('img', { name: new RegExp(`^${title}: `) }).locator('canvas[data-layer=overlay]'),
  );
  const both = (): Promise<string[]> => Promise.all(pictures.map(pictureOf));
  await expect(page.getByText(/Masks of 60\s% share/)).toBeVisible();
  const takesTurns = page.getByText(/do not fit on the device together: each is loaded again/);
  await expect(takesTurns).toBeHidden();
  await expect.poll(async () => new Set(await both()).size).toBe(2);
  await page
    .locator('.patch-picker')
    .last()
    .click({ position: { x: 20, y: 20 } });
  for (const title of [embedded.title, supervised])
    await expect(
      page.getByRole('img', { name: new RegExp(`^${title}: .* from the patch`, 'i') }),
    ).toBeVisible();
  await expect(takesTurns).toBeVisible();
  await scope.compareWith('Nothing');
  await expect(takesTurns).toBeHidden();
  // The twin has the device now: training begins with the model in use all the same.
  const training = new TrainingView(page);
  await training.open();
  const needs = page.locator('.setup-memory');
  await page.getByRole('radio', { name: 'Collapse in a minute' }).check({ force: true });
  await expect(needs).toContainText(/Needs about/);
  const ofScratch = (await needs.textContent()) ?? '';
  await page.getByRole('radio', { name: 'Adapt the embedded model' }).check({ force: true });
  await expect(needs).not.toHaveText(ofScratch);
  await expect(needs).toContainText(/Needs about [\d.]+\s[kM]B/);
});

test('a comparison shows the outline of the mask on both sides, and names lie on no title of a sheet', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}&lens=objects`);
  const white = await sharp({ create: { width: 30, height: 20, channels: 3, background: 'white' } })
    .extend({ top: 90, bottom: 90, left: 135, right: 135, background: 'black' })
    .png()
    .toBuffer();
  const jpeg = await sharp({ create: { width: 300, height: 200, channels: 3, background: 'teal' } })
    .jpeg()
    .toBuffer();
  await page
    .locator('input[type=file]')
    .first()
    .setInputFiles([
      { name: 'it.jpg', mimeType: 'image/jpeg', buffer: jpeg },
      { name: 'it.png', mimeType: 'image/png', buffer: white },
    ]);
  await scope.allSettled(1);
  await scope.compareWith('Random weights');
  const overlays = page.locator('.compare-side canvas[data-layer=overlay]');
  await expect(overlays).toHaveCount(2);
  await page.getByText('Details', { exact: true }).click();
  const outline = page.getByRole('switch', { name: 'Outline of the mask' });
  await expect(outline).toBeChecked();
  await outline.uncheck();
  const without = await picturesOf(overlays);
  await outline.check();
  await expect
    .poll(async () => (await picturesOf(overlays)).map((picture, at) => picture === without[at]))
    .toEqual([false, false]);
  const withIt = await picturesOf(overlays);
  await outline.uncheck();
  await expect.poll(() => picturesOf(overlays)).toEqual(without);
  await outline.check();
  await expect.poll(() => picturesOf(overlays)).toEqual(withIt);
  await page.getByRole('radio', { name: /^Layers/ }).check();
  const sheet = page.locator('.compare-side').first();
  await expect(sheet).toHaveAttribute('data-sheet', 'true');
  const [name, picture] = await Promise.all([
    placeOf(sheet.locator('.compare-name')),
    placeOf(sheet.locator('canvas').first()),
  ]);
  expect(name.y + name.height).toBeLessThanOrEqual(picture.y + 1);
  // Two models have other values at the ends of their colours.
  await page.getByRole('radio', { name: /^Norms/ }).check();
  const scales = page.getByRole('img', { name: /^Colours from the norm/ });
  await expect(scales).toHaveCount(2);
  const [own, other] = await scales.allInnerTexts();
  expect(own).not.toBe(other);
});

test('teacher and student of a run, and before and after, with one press; runs are choices of the comparison', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);
  const training = new TrainingView(page);
  await training.open();
  await training.fill({ ...tinyRun, Steps: 6 });
  await training.start();
  await training.has('finished');
  const run = 'Collapse in a minute, step 6';
  const picture = (title: string) => page.getByRole('img', { name: new RegExp(`^${title}: `) });
  const areDrawn = async (own: string, other: string): Promise<void> => {
    await expect(picture(own)).toBeVisible({ timeout: 100_000 });
    await expect(picture(other)).toBeVisible();
    await expect(page.getByRole('banner')).toContainText(own);
    const overlays = [own, other].map((title) => picture(title).locator('canvas[data-layer=overlay]'));
    await expect
      .poll(async () => new Set(await Promise.all(overlays.map(pictureOf))).size, { timeout: 100_000 })
      .toBe(2);
  };
  await training.press('Teacher beside student');
  await areDrawn(`Teacher of ${run}`, `Student of ${run}`);
  await training.open();
  await training.press('Before and after');
  await areDrawn('Beginning of Collapse in a minute', `Teacher of ${run}`);

  // At the next visit the run is still a choice, beside any model.
  await page.reload();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.compareWith(`Student of ${run}`);
  await areDrawn(embedded.title, `Student of ${run}`);
});
