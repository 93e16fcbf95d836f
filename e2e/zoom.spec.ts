/** Tests of the part of a photograph that the stage shows. */
import type { Locator, Page } from 'playwright/test';
import { embedded, expect, picturesOf, placeOf, samplePath, sideOf, test } from './scope.ts';

/** The mean channel differences of a canvas from a part of another one, drawn over the whole of it. */
const partOf = (canvas: Locator, part: { left: number; top: number; scale: number }): Promise<number[]> =>
  canvas.evaluate((element, { left, top, scale }) => {
    const { width, height } = element as HTMLCanvasElement;
    const copy = new OffscreenCanvas(8, 8).getContext('2d', { willReadFrequently: true });
    if (copy === null) throw new Error('no 2D context');
    copy.imageSmoothingQuality = 'high';
    const [x, y] = [left * width, top * height];
    copy.drawImage(element as HTMLCanvasElement, x, y, width / scale, height / scale, 0, 0, 8, 8);
    return [...copy.getImageData(0, 0, 8, 8).data];
  }, part);

const meanDifference = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, value, at) => sum + Math.abs(value - (b[at] ?? NaN)), 0) / a.length;

/** Between two canvases, which may differ by a px in size. */
async function differenceOf(canvases: Locator): Promise<number> {
  await picturesOf(canvases);
  return meanDifference(await partOf(canvases.first(), whole), await partOf(canvases.last(), whole));
}

const whole = { left: 0, top: 0, scale: 1 };

/** Two fingers that move apart on the element, around its middle. */
async function pinch(page: Page, target: Locator, apart: readonly [number, number]): Promise<void> {
  const box = await placeOf(target);
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
  const devtools = await page.context().newCDPSession(page);
  const send = (type: 'touchStart' | 'touchMove' | 'touchEnd', gap: number | null) =>
    devtools.send('Input.dispatchTouchEvent', {
      type,
      touchPoints:
        gap === null
          ? []
          : [
              { x: x - gap / 2, y, id: 1 },
              { x: x + gap / 2, y, id: 2 },
            ],
    });
  const [from, to] = apart;
  await send('touchStart', from);
  for (let step = 1; step <= 4; step++) await send('touchMove', from + ((to - from) * step) / 4);
  await send('touchEnd', null);
  await devtools.detach();
}

test('keys, wheel and double click show a part, larger; patches under the pointer stay right; pictures are saved whole', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Mean');
  const photo = scope.stage.locator('canvas[data-layer=photo]');
  await picturesOf(photo);
  const saved = await scope.savedPicture();
  const upright = await partOf(photo, whole);
  const isUpright = () =>
    expect
      .poll(async () => meanDifference(await partOf(photo, whole), upright), { timeout: 30_000 })
      .toBeLessThan(6);
  const corner = await partOf(photo, { left: 0, top: 0, scale: 1.5 });
  const picker = page.locator('.patch-picker');
  const box = await placeOf(picker);
  const controls = page.getByRole('group', { name: 'Zoom' });
  await expect(controls).toBeHidden();

  // The wheel keeps the point under the pointer where it is: 350 px enlarge twice.
  await page.mouse.move(box.x + 1, box.y + 1);
  await page.mouse.wheel(0, -350 * Math.log2(1.5));
  await expect(controls).toContainText('150 %');
  await expect
    .poll(async () => meanDifference(await partOf(photo, whole), corner), { timeout: 30_000 })
    .toBeLessThan(6);
  // The lower right corner of what is shown is at two thirds of the photograph.
  await page.mouse.click(box.x + box.width - 2, box.y + box.height - 2);
  const [rows, columns] = ((await scope.fact('Rows × columns').textContent()) ?? '').split(' × ').map(Number);
  const at = (count = NaN): number => Math.ceil((count * 2) / 3);
  await expect(picker).toHaveAccessibleName(`Patch (row ${at(rows)}, column ${at(columns)})`);
  await page.keyboard.press('Escape');
  await page.keyboard.press('0');
  await expect(controls).toBeHidden();
  await isUpright();

  // A double click zooms and asks nothing.
  await page.mouse.dblclick(box.x + box.width / 2, box.y + box.height / 2);
  await expect(controls).toContainText('300 %');
  await expect(picker).toHaveAccessibleName('Patches');
  const middle = await picturesOf(photo);
  // It is moved by a drag, and by keys; that is no click.
  await page.mouse.move(box.x + 100, box.y + 100);
  await page.mouse.down();
  await page.mouse.move(box.x + 180, box.y + 130, { steps: 4 });
  await page.mouse.up();
  await expect(picker).toHaveAccessibleName('Patches');
  const moved = await picturesOf(photo);
  expect(moved).not.toEqual(middle);
  // Away from the lens bar, where arrows choose a lens.
  await page.locator('#content').focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(() => picturesOf(photo)).not.toEqual(moved);
  expect((await scope.savedPicture()) === saved).toBe(true);
  await controls.getByRole('button', { name: 'Whole photograph (0)' }).click();
  await isUpright();
  await page.keyboard.press('+');
  await expect(controls).toContainText('150 %');
  await page.keyboard.press('-');
  await expect(controls).toBeHidden();
});

test('both sides of a comparison show the same part, also as a swipe and as a difference', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await scope.showView('Mean');
  await scope.compareWith('Random weights');
  const photos = page.locator('.compare-side canvas[data-layer=photo]');
  await expect(photos).toHaveCount(2);
  const before = await picturesOf(photos);
  const right = page.locator('.patch-picker').last();
  await right.hover({ position: { x: 20, y: 20 } });
  await page.mouse.wheel(0, -350);
  await expect(page.getByRole('group', { name: 'Zoom' })).toContainText('200 %');
  await expect
    .poll(async () => (await picturesOf(photos)).map((picture, at) => picture === before[at]))
    .toEqual([false, false]);
  expect(await differenceOf(photos)).toBeLessThan(2);
  // A patch at the same place of both is the same patch of the photograph.
  const names = [];
  for (const picker of [right, page.locator('.patch-picker').first()]) {
    await picker.click({ position: { x: 30, y: 30 } });
    names.push(await right.getAttribute('aria-label'));
    await page.keyboard.press('Escape');
  }
  expect(new Set(names).size).toBe(1);
  await scope.choose('Swipe');
  const line = page.getByRole('slider', { name: 'Line between the two pictures' });
  await line.fill('25');
  await expect(page.getByRole('group', { name: 'Zoom' })).toContainText('200 %');
  const swiped = page.locator('.stage canvas[data-layer=photo]');
  await expect(swiped).toHaveCount(2);
  expect(await differenceOf(swiped)).toBeLessThan(2);
  await scope.choose('Difference');
  await expect(page.getByRole('img', { name: /red where .* is brighter/ })).toBeVisible();
  const difference = await scope.overlayPicture();
  await page.keyboard.press('0');
  await expect.poll(() => scope.overlayPicture()).not.toBe(difference);
});

test.describe('on a touch screen', () => {
  test.use({ hasTouch: true, viewport: { width: 390, height: 800 } });

  test('two fingers zoom, one moves what is shown and scrolls the page where the whole is shown', async ({
    scope,
    page,
  }) => {
    await scope.open(`backend=wasm&side=${sideOf(8)}`);
    await page.locator('input[type=file]').first().setInputFiles(samplePath('cat'));
    await scope.allSettled(1);
    const picker = page.locator('.patch-picker');
    await expect(picker).toBeVisible();
    const area = page.locator('.zoom-area');
    await expect(area).toHaveCSS('touch-action', 'pan-x pan-y');
    const controls = page.getByRole('group', { name: 'Zoom' });
    await pinch(page, picker, [60, 120]);
    await expect(controls).toContainText('200 %');
    await expect(area).toHaveCSS('touch-action', 'none');
    await expect(picker).toHaveAccessibleName('Patches');
    await pinch(page, picker, [120, 30]);
    await expect(controls).toBeHidden();
  });
});

test('a sheet, a pair and all photographs together are zoomed too, each by itself', async ({
  scope,
  page,
}) => {
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.drop(samplePath('cat'), samplePath('dog'));
  await scope.allSettled(2);
  const controls = page.getByRole('group', { name: 'Zoom' });
  const middleOf = async (locator: Locator) => {
    const box = await placeOf(locator);
    return { x: box.x + box.width / 2, y: box.y + box.height / 2, width: box.width };
  };
  await page.keyboard.press('+');
  await expect(controls).toContainText('150 %');

  // A sheet of small pictures: they are larger, and so are their buttons.
  await page.getByRole('radio', { name: /^Layers/ }).check();
  const sheet = scope.stage.locator('canvas[data-layer=sheet]');
  await expect(sheet).toBeVisible();
  await expect(controls).toBeHidden();
  const cell = scope.stage.locator('.sheet-cell[data-cell="0,0"]');
  const before = await middleOf(cell);
  await picturesOf(sheet);
  const stage = await placeOf(sheet);
  // Of the first small picture, which is where its button is.
  const first = {
    left: (before.x - before.width / 2 - stage.x) / stage.width,
    top: 0.1,
    scale: stage.width / before.width,
  };
  const picture = await partOf(sheet, first);
  await page.mouse.move(stage.x + 1, stage.y + 1);
  await page.mouse.wheel(0, -350 * Math.log2(1.5));
  await expect(controls).toContainText('150 %');
  await expect
    .poll(
      async () =>
        meanDifference(
          await partOf(sheet, { left: 1.5 * first.left, top: 1.5 * first.top, scale: first.scale / 1.5 }),
          picture,
        ),
      { timeout: 30_000 },
    )
    .toBeLessThan(8);
  expect((await middleOf(cell)).width / before.width).toBeCloseTo(1.5, 1);
  await page.locator('#content').focus();
  await page.keyboard.press('Shift+ArrowRight');
  await page.keyboard.press('0');
  await expect(controls).toBeHidden();
  await expect
    .poll(async () => meanDifference(await partOf(sheet, first), picture), { timeout: 30_000 })
    .toBeLessThan(3);

  // A pair is one picture, and its lines go with it.
  await page.getByRole('radio', { name: /^Correspondences/ }).check();
  const pair = scope.stage.locator('.pair-canvas');
  await expect(pair).toBeVisible();
  const photos = pair.locator('canvas[data-layer=photo]');
  const lines = pair.locator('canvas[data-layer=overlay]');
  await picturesOf(photos);
  const drawn = await picturesOf(lines);
  const part = await partOf(photos, { left: 0.25, top: 0.25, scale: 2 });
  const { x, y } = await middleOf(pair);
  await page.mouse.move(x, y);
  await page.mouse.wheel(0, -350);
  await expect(controls).toContainText('200 %');
  await expect
    .poll(async () => meanDifference(await partOf(photos, whole), part), { timeout: 30_000 })
    .toBeLessThan(8);
  // Lines and dots keep their width, so that they are no enlarged picture of themselves.
  expect(await picturesOf(lines)).not.toEqual(drawn);
  await page.mouse.dblclick(x, y);
  await expect(controls).toBeHidden();
  await expect.poll(() => picturesOf(lines)).toEqual(drawn);

  // All photographs show the same part.
  await page.getByRole('radio', { name: /^Colours/ }).check();
  await page.getByRole('switch', { name: 'All photographs together' }).check();
  await expect(scope.stage).toContainText('of 2 photographs');
  await page.keyboard.press('g');
  const cells = scope.stage.locator('.grid-picture canvas[data-layer=photo]');
  await expect(cells).toHaveCount(2);
  await picturesOf(cells);
  const parts = await Promise.all(
    [0, 1].map((at) => partOf(cells.nth(at), { left: 1 / 6, top: 1 / 6, scale: 1.5 })),
  );
  await page.keyboard.press('+');
  await expect(controls).toContainText('150 %');
  for (const [at, wanted] of parts.entries())
    await expect
      .poll(async () => meanDifference(await partOf(cells.nth(at), whole), wanted), { timeout: 30_000 })
      .toBeLessThan(8);
  await page.keyboard.press('0');

  // By itself a photograph is shown whole: something else was zoomed last.
  await page.keyboard.press('g');
  await page.getByRole('radio', { name: /^Heads/ }).check();
  await expect(scope.stage.getByRole('img')).toBeVisible();
  expect(embedded.numHeads).toBeGreaterThan(1);
});
