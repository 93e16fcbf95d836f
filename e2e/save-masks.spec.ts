/** Cut-outs, masks and boxes as files, against what SciPy finds on the same sample (tools/reference/make_objects.py). */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright/test';
import sharp from 'sharp';
import { embeddedObjects } from '../src/testing/object-fixtures.ts';
import { sampleRefinements } from '../src/testing/solver-fixtures.ts';
import { embedded, expect, samplePath, sideOf, test } from './scope.ts';

async function download(
  page: Page,
  button: string,
): Promise<{ readonly name: string; readonly bytes: Buffer }> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('dialog').getByRole('button', { name: button, exact: true }).click(),
  ]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

const openSaving = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Save cut-out, mask, boxes' }).click();

/** Of a mask of 14 × 14 patches over the whole photograph: 255 where the patch under the middle of the pixel is in it. */
function alphaOf(mask: readonly number[], width: number, height: number): number[] {
  const patch = (at: number, length: number): number => Math.floor(((at + 0.5) * 14) / length);
  return Array.from({ length: width * height }, (_, pixel) => {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    return mask[patch(y, height) * 14 + patch(x, width)] === 1 ? 255 : 0;
  });
}

test('a cut-out is saved and its alpha equals the mask; so is the mask, and the boxes', async ({
  scope,
  page,
}) => {
  const expected = embeddedObjects.find(({ name }) => name === 'dahlia, square, keys of block 8');
  if (expected === undefined) throw new Error('no such fixture');
  await scope.open('backend=wasm&side=224&lens=objects');
  await scope.drop(samplePath('dahlia'));
  await scope.allSettled(1);
  await scope.choose('Square');
  await expect(scope.fact('Rows × columns')).toHaveText('14 × 14');
  await openSaving(page);

  const photo = await sharp(samplePath('dahlia')).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const { width, height } = photo.info;
  const alpha = alphaOf(expected.tokencut.mask, width, height);
  const cutOut = await download(page, 'Cut-out: Object');
  expect(cutOut.name).toBe(`dahlia-object-cut-out-${embedded.id}.png`);
  const { data, info } = await sharp(cutOut.bytes).raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([width, height, 4]);
  const wrong = alpha.filter((value, pixel) => data[4 * pixel + 3] !== value).length;
  expect(wrong).toBe(0);
  const colours = alpha.flatMap((value, pixel) =>
    [0, 1, 2].map((channel) => {
      const seen = data[4 * pixel + channel] as number;
      return value === 0 ? seen : Math.abs(seen - (photo.data[3 * pixel + channel] as number));
    }),
  );
  // Browsers and libjpeg round the same JPEG a little differently.
  expect(Math.max(...colours.filter((_, at) => at % 97 === 0))).toBeLessThanOrEqual(3);

  const mask = await download(page, 'Mask: Object');
  expect(mask.name).toBe(`dahlia-object-mask-${embedded.id}.png`);
  const { format, space, channels } = await sharp(mask.bytes).metadata();
  expect([format, space, channels]).toEqual(['png', 'b-w', 1]);
  const grey = await sharp(mask.bytes).toColourspace('b-w').raw().toBuffer();
  expect(grey.equals(Buffer.from(alpha))).toBe(true);

  const boxes = await download(page, 'Boxes');
  expect(boxes.name).toBe(`dahlia-objects-boxes-${embedded.id}.json`);
  expect(JSON.parse(boxes.bytes.toString())).toMatchObject({
    lens: 'objects',
    model: { id: embedded.id },
    frame: { rows: 14, columns: 14, photoSizePx: { height, width } },
    parameters: { method: 'tokencut', threshold: 0.2 },
    titles: ['Object'],
    boxes: [expected.boxes.tokencut],
  });
});

test('a refined mask follows the photograph’s edges, and is what is saved', async ({ scope, page }) => {
  const expected = sampleRefinements.find(({ name }) => name === 'dahlia, square');
  if (expected === undefined) throw new Error('no such fixture');
  await scope.open('backend=wasm&side=224&lens=objects');
  await scope.drop(samplePath('dahlia'));
  await scope.allSettled(1);
  await scope.choose('Square');
  await expect(scope.fact('Rows × columns')).toHaveText('14 × 14');
  const patches = await scope.overlayPicture();
  await page.getByRole('switch', { name: 'Refined along edges' }).check();
  await expect(scope.stage).toContainText('Refined along the photograph’s edges.');
  expect(await scope.overlayPicture()).not.toBe(patches);
  await openSaving(page);
  const { bytes } = await download(page, 'Mask: Object');
  const { data, info } = await sharp(bytes).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  // SciPy's mask has 512 × 342 pixels of its own; a pixel of the photograph takes the one that its middle is in.
  const { height, width } = expected.sizePx;
  const at = (pixel: number, length: number, cells: number): number =>
    Math.floor(((pixel + 0.5) * cells) / length);
  const inside = Array.from(data, (_, pixel) => {
    const row = at(Math.floor(pixel / info.width), info.height, height);
    return expected.mask[row * width + at(pixel % info.width, info.width, width)] === 1 ? 255 : 0;
  });
  expect(inside.filter((value, pixel) => data[pixel] !== value)).toEqual([]);
});

test('masks of heads are saved one by one or together; a heat map has none', async ({ scope, page }) => {
  await scope.open(`backend=wasm&side=${sideOf(12)}`);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await page.getByRole('checkbox', { name: 'Head 2' }).uncheck();
  await openSaving(page);
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByRole('button', { name: /^Mask: Head/ })).toHaveCount(embedded.numHeads - 1);
  const together = await download(page, 'Mask: All together');
  expect(together.name).toBe(`cat-heads-mask-${embedded.id}.png`);
  const third = await download(page, 'Mask: Head 3');
  expect(third.name).toBe(`cat-head-3-mask-${embedded.id}.png`);
  const [all, one] = await Promise.all(
    [together, third].map(({ bytes }) => sharp(bytes).toColourspace('b-w').raw().toBuffer()),
  );
  expect(one?.length).toBe(300 * 451);
  expect(one?.some((value, pixel) => value > (all?.[pixel] ?? 0))).toBe(false);
  expect(all?.some((value, pixel) => value > (one?.[pixel] ?? 0))).toBe(true);
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await scope.showView('Head 1');
  await expect(page.getByRole('button', { name: 'Save picture' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save cut-out, mask, boxes' })).toHaveCount(0);
});
