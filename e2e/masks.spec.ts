/** Masks beside photographs: what is shown is compared with them, by numbers that NumPy and SciPy found (tools/reference). */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { indexPng, vocPalette } from '../src/testing/make-png.ts';
import reference from '../tools/reference/fixtures/evaluation.json' with { type: 'json' };
import { axeOf } from './axe.ts';
import { embedded, expect, samplePath, test } from './scope.ts';

const caseOf = (sample: string) => {
  const found = reference.embedded.find((each) => each.sample === sample);
  if (found === undefined) throw new Error(`no case ${sample}`);
  return found;
};
const cat = caseOf('cat');
const dahlia = caseOf('dahlia');
const query = `backend=wasm&side=${cat.side}`;
const three = (value: number): string => value.toFixed(3);
const lens = (title: string) => ({ name: new RegExp(`^${title}:`) });

/** The ellipse of the case, white on black. */
async function ellipseMask({ sample, ellipse }: typeof cat): Promise<Buffer> {
  const { width, height } = await sharp(samplePath(sample)).metadata();
  const [[centreY = 0, centreX = 0], [radiusY = 1, radiusX = 1]] = [ellipse.centre, ellipse.radii];
  const values = new Uint8Array(height * width);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [down, across] = [(y + 0.5 - centreY) / radiusY, (x + 0.5 - centreX) / radiusX];
      if (down ** 2 + across ** 2 <= 1) values[y * width + x] = 255;
    }
  return sharp(values, { raw: { height, width, channels: 1 } })
    .png()
    .toBuffer();
}

test('a mask beside its photograph tells how well each lens fits it, and the table can be saved', async ({
  scope,
  page,
  folder,
}) => {
  await scope.open(query);
  await scope.drop(
    samplePath('cat'),
    await folder.write('Cat.PNG', await ellipseMask(cat)),
    samplePath('dahlia'),
    await folder.write('dahlia.png', await ellipseMask(dahlia)),
  );
  await scope.allSettled(2);
  await expect(
    scope.messages.getByText('2 masks were found by the names of their photographs.'),
  ).toBeVisible();
  await expect(page.getByRole('radio', { name: 'cat.jpg: done, with a mask' })).toBeChecked();
  await page.getByRole('region', { name: 'Details' }).getByText('Details').click();

  const heads = cat.fits.heads;
  const best = Math.max(...heads.map(({ jaccard }) => jaccard));
  const bestName = `Head ${heads.findIndex(({ jaccard }) => jaccard === best) + 1}`;
  await expect(scope.fact('Fit to the mask')).toHaveText(`${three(best)}, ${bestName}`);
  await expect(scope.fact('Fit of Head 1')).toHaveText(three(heads[0]?.jaccard ?? NaN));
  await expect(scope.fact('Fit of its box')).toHaveText(three(heads[0]?.overlap ?? NaN));
  await scope.showView('Mean');
  await scope.choose('Heat map');
  await expect(scope.fact('Fit to the mask')).toHaveText('none shown');
  await scope.choose('Mask');
  await expect(scope.fact('Fit to the mask')).toHaveText(three(cat.scores.meanOverHeads));

  await page.getByRole('radio', lens('Objects')).check();
  await expect(scope.fact('Fit to the mask')).toHaveText(three(cat.fits.tokencut.jaccard));
  await expect(scope.fact('Fit of its box')).toHaveText(three(cat.fits.tokencut.overlap));
  const outlined = await scope.overlayPicture();
  await page.getByRole('switch', { name: 'Outline of the mask' }).uncheck();
  expect(await scope.overlayPicture()).not.toBe(outlined);

  // The dahlia was looked at through the heads alone.
  await page.getByRole('button', { name: 'All scores' }).click();
  const scores = page.getByRole('dialog', { name: 'Scores' });
  await expect(scores.getByRole('row', { name: /^dahlia\.jpg/ })).toContainText('not looked at this way yet');
  await scores.getByRole('button', { name: 'Look at it' }).click();
  const [catFit, dahliaFit] = [cat.fits.tokencut, dahlia.fits.tokencut];
  await expect(scores.getByRole('row', { name: /^dahlia\.jpg/ })).toContainText(three(dahliaFit.jaccard));
  await expect(scores.getByRole('row', { name: /^Mean of 2/ })).toContainText(
    three((catFit.jaccard + dahliaFit.jaccard) / 2),
  );
  await expect(scores).toContainText('found an object in 1 of 2 (CorLoc 0.500)');
  expect((await axeOf(page).include('dialog').analyze()).violations).toEqual([]);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    scores.getByRole('button', { name: 'Save as CSV' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('dinoscope-scores.csv');
  const csv = await readFile(await download.path(), 'utf8');
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await scores.getByRole('button', { name: 'Copy as CSV' }).click();
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(csv);
  const lines = csv.trimEnd().split('\r\n');
  expect(lines).toHaveLength(3);
  const names = lines[0]?.split(',') ?? [];
  const value = (line: string, name: string): string => line.split(/,(?! )/)[names.indexOf(name)] ?? '';
  for (const [at, fit] of [catFit, dahliaFit].entries()) {
    const line = lines[at + 1] ?? '';
    expect(Number(value(line, 'first_jaccard'))).toBeCloseTo(fit.jaccard, 5);
    expect(Number(value(line, 'first_box_iou'))).toBeCloseTo(fit.overlap, 5);
  }
  expect(value(lines[1] ?? '', 'settings')).toContain('method tokencut');
  await page.keyboard.press('Escape');

  // What is removed and put back has its mask again.
  await page.getByRole('button', { name: 'Remove all' }).click();
  await page.getByRole('button', { name: 'Put back' }).click();
  await scope.allSettled(2);
  await page.getByRole('radio', { name: 'cat.jpg: done, with a mask' }).check({ force: true });

  await page.getByRole('button', { name: 'Not its mask' }).click();
  await scope.allSettled(3);
  await expect(page.getByRole('radio', { name: 'cat.jpg: done', exact: true })).toBeChecked();
});

test('both sides of a comparison tell how well they fit the mask', async ({ scope, page, folder }) => {
  const mask = await folder.write('cat.png', await ellipseMask(cat));
  await scope.open(`${query}&model=dinoscope-mini16-supervised`);
  await scope.drop(samplePath('cat'), mask);
  await scope.allSettled(1);
  await page.getByRole('region', { name: 'Details' }).getByText('Details').click();
  await expect(scope.fact('Fit to the mask')).toHaveText(/^0\.\d{3}, Head \d$/);
  const twin = (await scope.fact('Fit to the mask').textContent()) ?? '';
  await scope.open(query);
  await scope.drop(samplePath('cat'), mask);
  await scope.allSettled(1);
  await scope.compareWith('mini/16 supervised');
  const heads = cat.fits.heads.map(({ jaccard }) => jaccard);
  const best = Math.max(...heads);
  const own = `${three(best)}, Head ${heads.indexOf(best) + 1}`;
  await expect(page.getByText(`${embedded.title}, fit to the mask: ${own} (Jaccard)`)).toBeVisible();
  await expect(page.getByText(`mini/16 supervised, fit to the mask: ${twin} (Jaccard)`)).toBeVisible();
});

test('a PNG that is no mask, or of another shape, stays a photograph, with the reason', async ({
  scope,
  folder,
}) => {
  const square = { create: { width: 40, height: 40, channels: 3, background: '#fff' } } as const;
  const photograph = await sharp(samplePath('dahlia')).png().toBuffer();
  await scope.open(query);
  await scope.drop(
    samplePath('cat'),
    await folder.write('cat.png', photograph),
    samplePath('dahlia'),
    await folder.write('dahlia.png', await sharp(square).png().toBuffer()),
  );
  await scope.allSettled(4);
  await expect(scope.messages).toContainText([
    /cat\.png is no mask of cat\.jpg: it has more than 30 colours/,
  ]);
  await expect(
    scope.messages.getByText(/dahlia\.png is no mask of dahlia\.jpg: it has another shape, 40 × 40\spx/),
  ).toBeVisible();
});

test('a picture of the strip becomes a mask by hand, also before its photograph came; its border does not count', async ({
  scope,
  page,
  folder,
}) => {
  // A block of class 8 in a border 10 px wide, at half the size of the cat.
  const rows = Array.from({ length: 150 }, (_, row) =>
    Array.from({ length: 226 }, (__, column) => {
      const [y, x] = [row * 2, column * 2];
      if (y >= 100 && y < 200 && x >= 100 && x < 300) return 8;
      return y >= 90 && y < 210 && x >= 90 && x < 310 ? 255 : 0;
    }),
  );
  await scope.open(query);
  await scope.drop(await folder.write('class.png', indexPng(rows, vocPalette)));
  await scope.allSettled(1);
  await scope.drop(samplePath('cat'));
  await scope.allSettled(2);
  await page.getByRole('region', { name: 'Details' }).getByText('Details').click();
  await expect(page.getByRole('button', { name: 'Use as the mask of …' })).toHaveCount(0);
  await scope.select('class.png');
  await page.getByRole('button', { name: 'Use as the mask of …' }).press('Enter');
  const dialog = page.getByRole('dialog', { name: 'class.png is the mask of …' });
  await dialog.getByRole('button', { name: 'cat.jpg' }).focus();
  await page.keyboard.press('Enter');
  await scope.allSettled(1);
  await expect(page.getByRole('radio', { name: 'cat.jpg: done, with a mask' })).toBeChecked();
  await expect(scope.messages.getByText('class.png is the mask of cat.jpg.')).toBeVisible();
  // 60 × 110 cells less 50 × 100, of 150 × 226.
  await expect(scope.fact('Border')).toHaveText('4.7 %, not counted');
  await expect(scope.fact('Fit to the mask')).toHaveText(/^0\.\d{3}, Head [1-6]$/);

  // The mask came first, and its photograph finds it.
  await scope.drop(await folder.write('dahlia.png', await ellipseMask(dahlia)));
  await scope.allSettled(2);
  await scope.drop(samplePath('dahlia'));
  await scope.allSettled(2);
  await expect(page.getByRole('radio', { name: 'dahlia.jpg: done, with a mask' })).toBeChecked();
  await page.getByRole('button', { name: 'Remove dahlia.jpg' }).click();
  await scope.allSettled(1);
});
