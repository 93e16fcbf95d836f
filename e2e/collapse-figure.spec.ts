/** The training view as a laboratory: the paper's figure 7 by one button, kept runs compared, curves presented, experiments begun again. */
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { axeOf } from './axe.ts';
import { expect, sideOf, test } from './scope.ts';
import { tinyRun } from './tiny-run.ts';
import { TrainingView } from './training-view.ts';

const labels = ['Centring and sharpening', 'No centring', 'No sharpening'];

test.describe.configure({ timeout: 600_000 });

let training: TrainingView;
test.beforeEach(async ({ scope, page }) => {
  training = new TrainingView(page);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await training.open();
});

test('one button trains three times and draws both panels; they are saved as PNG, SVG and CSV', async ({
  page,
}) => {
  await training.fill({ ...tinyRun, Steps: 44 });
  await training.press('Why centring and sharpening');
  const figure = page.locator('.figure');
  await expect(figure).toHaveAttribute('data-figure-status', 'done', { timeout: 500_000 });
  await expect(figure).toContainText('On the 10 samples');
  const sentences = figure.locator('.figure-sentences > div');
  await expect(sentences).toHaveCount(3);
  for (const [at, label] of labels.entries()) {
    await expect(sentences.nth(at).locator('dt')).toHaveText(label);
    await expect(sentences.nth(at).locator('dd')).toContainText(/The teacher’s entropy .* and KL /);
  }
  const words = figure.locator('.figure-drawing text');
  await expect(words.getByText('ln K', { exact: true })).toHaveCount(1);
  // In each panel three thin and three thick ones: the legend's and the axes' lines have fewer points.
  const counts = await figure
    .locator('.figure-drawing polyline')
    .evaluateAll((lines) => lines.map((line) => line.getAttribute('points')?.split(' ').length ?? 0));
  expect(counts.filter((count) => count === 44)).toHaveLength(12);

  const csv = await training.download('CSV');
  expect(csv.fileName).toBe('centring-and-sharpening.csv');
  const rows = (await readFile(csv.path, 'utf8')).trim().split('\r\n');
  expect(rows).toHaveLength(45);
  expect(rows[0]).toBe(
    ['step', ...labels.flatMap((label) => [`${label}: entropy`, `${label}: KL`])].join(','),
  );
  for (const cell of rows[44]?.split(',') ?? [])
    expect(Number.isFinite(Number(cell)) && cell !== '').toBe(true);
  const svg = await training.download('SVG');
  expect(svg.fileName).toBe('centring-and-sharpening.svg');
  const png = await training.download('PNG');
  expect(png.fileName).toBe('centring-and-sharpening.png');
  const drawn = await sharp(await readFile(svg.path)).metadata();
  const painted = await sharp(await readFile(png.path)).metadata();
  expect(painted).toMatchObject({ width: 2 * (drawn.width ?? NaN), height: 2 * (drawn.height ?? NaN) });
  const { channels } = await sharp(await readFile(png.path)).stats();
  // On white paper, with something on it.
  expect(channels[0]?.max).toBe(255);
  expect(channels[0]?.min).toBeLessThan(60);
  const { violations } = await axeOf(page).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);

  // F presents it; Escape leaves the presentation first, then the view.
  await page.keyboard.press('f');
  await expect(page.locator('.curves-presenter')).toBeVisible();
  await page.keyboard.press('f');
  await expect(page.locator('.curves-presenter')).toHaveCount(0);
  await training.press('Close');
  await expect(page.locator('.setup')).toBeVisible();
  // No run of the experiment stays in the list.
  await expect(page.locator('.kept-run')).toHaveCount(0);
});

test('the experiment is cancelled at once, and what it drew stays', async ({ page }) => {
  await training.fill({ ...tinyRun, Steps: 5000 });
  await training.press('Why centring and sharpening');
  const figure = page.locator('.figure');
  await expect(figure.locator('.figure-sentences')).toContainText(/Step \d+ of 5000/, { timeout: 200_000 });
  await training.press('Cancel');
  await expect(figure).toHaveAttribute('data-figure-status', 'cancelled');
  await training.press('Close');
  await expect(page.locator('.kept-run')).toHaveCount(0);
});

test('all samples at once; a run begins again with one button; kept runs are compared; Escape closes what is on top', async ({
  scope,
  page,
}) => {
  await page.getByRole('button', { name: 'Samples' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page.locator('.training')).toBeVisible();
  await page.getByRole('button', { name: 'Samples' }).click();
  const ticks = page.getByRole('dialog').getByRole('checkbox', { name: /^Tick / });
  await ticks.nth(1).check();
  await ticks.nth(4).check();
  await page.getByRole('dialog').getByRole('button', { name: 'Use these 2' }).click();
  await expect(page.locator('.pick')).toHaveCount(2);
  await page.getByRole('button', { name: 'Samples' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Use all 10' }).click();
  await expect(page.locator('.pick')).toHaveCount(10);

  await training.fill({ ...tinyRun, Steps: 2000, 'Save every … steps': 500, 'Maps every … steps': 500 });
  await training.start();
  await training.reaches(2);
  await page.getByRole('switch', { name: 'Centring' }).click();
  await page.keyboard.press('f');
  await expect(page.locator('.curves-presenter')).toContainText('Centring is off');
  await page.keyboard.press('Escape');
  await expect(page.locator('.curves-presenter')).toHaveCount(0);
  await expect(training.run).toBeVisible();
  await training.press('Start again');
  await expect(page.getByRole('switch', { name: 'Centring' })).toBeChecked({ timeout: 200_000 });
  await training.has('running');
  await training.reaches(2);
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await training.has('paused');
  // The curves stay.
  await expect(page.locator('.curves')).toBeVisible();
  await training.press('Close this run');

  const kept = page.locator('.kept-run');
  await expect(kept).toHaveCount(2);
  await kept
    .first()
    .getByRole('button', { name: /^Delete / })
    .click();
  await page.keyboard.press('Escape');
  await expect(kept.first().getByRole('button', { name: 'Delete it' })).toHaveCount(0);
  await expect(kept.first().getByRole('button', { name: /^Delete / })).toBeFocused();
  await expect(page.locator('.training')).toBeVisible();
  for (const at of [0, 1])
    await kept
      .nth(at)
      .getByRole('checkbox', { name: /^Compare/ })
      .check();
  await training.press('Compare 2 runs');
  await expect(page.locator('.figure-sentences > div')).toHaveCount(2);
  // Not under the name of the paper's figure.
  expect((await training.download('CSV')).fileName).toBe('kept-runs.csv');
  await page.keyboard.press('Escape');
  await expect(page.locator('.figure-sentences')).toHaveCount(0);
  // One that was kept begins again as well, as it began at first.
  await kept
    .first()
    .getByRole('button', { name: /^Resume/ })
    .click();
  await training.has('running');
  await training.reaches(20);
  await training.press('Start again');
  await expect.poll(() => training.step(), { timeout: 200_000 }).toBeLessThan(20);
  await training.has('running');
  await page.getByRole('button', { name: 'Pause', exact: true }).click();
  await training.has('paused');
  await training.press('Close this run');
  await expect(kept).toHaveCount(3);
  await page.keyboard.press('Escape');
  await expect(scope.stage).toBeVisible();
});
