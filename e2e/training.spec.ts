import { copyFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright/test';
import { axeOf } from './axe.ts';
import { beforeWorker } from './before-worker.ts';
import { expect, placeOf, samplePath, sideOf, test } from './scope.ts';
import { tinyRun } from './tiny-run.ts';
import { TrainingView, type LoggedStep } from './training-view.ts';

const numbers = ({ step, loss, teacherEntropy, gradientNorm }: LoggedStep): LoggedStep => ({
  step,
  loss,
  teacherEntropy,
  gradientNorm,
});

const titles = [
  'Loss',
  'Teacher’s entropy',
  'KL divergence',
  'Centre, norm',
  'Gradient, norm',
  'Learning rate',
];

/** @returns two folders with three samples */
async function writeFolders(root: string): Promise<string[]> {
  const folders = { animals: ['cat'], 'other things': ['coffee', 'dahlia'] };
  for (const [name, samples] of Object.entries(folders)) {
    await mkdir(join(root, name));
    for (const sample of samples) await copyFile(samplePath(sample), join(root, name, `${sample}.jpg`));
  }
  return Object.keys(folders).map((name) => join(root, name));
}

/** WebGPU takes fewer and smaller steps, since a software adapter needs a second for each. */
const setups = [
  ['wasm', 30, tinyRun],
  ['webgpu', 10, { ...tinyRun, Steps: 10, 'Photographs a step': 1, 'Save every … steps': 3 }],
] as const;

/** Entropy and KL of the three trainings of the figure, step after step. */
async function figureOf(
  training: TrainingView,
  fields: Readonly<Record<string, number>>,
): Promise<number[][]> {
  const { page } = training;
  await training.open();
  await training.fill(fields);
  await training.press('Why centring and sharpening');
  await expect(page.locator('.figure')).toHaveAttribute('data-figure-status', 'done', { timeout: 500_000 });
  const { path } = await training.download('CSV');
  await training.press('Close');
  await page.keyboard.press('Escape');
  const [, ...rows] = (await readFile(path, 'utf8')).trim().split('\n');
  return rows.map((row) => row.split(',').map(Number));
}

for (const [backend, steps, setup] of setups) {
  test(`a run that is paused, taken away, broken off by a reload, brought back and resumed gives the numbers of one that never stopped; its teacher can be used (${backend})`, async ({
    scope,
    page,
    folder,
  }) => {
    test.setTimeout(1_800_000);
    const training = new TrainingView(page);
    // In the same test, since a software device compiles for half a minute before it can train.
    if (backend === 'webgpu')
      await test.step('the figure has the numbers that it has on WebAssembly', async () => {
        const fields = { ...setup, Steps: 6 };
        await scope.open(`backend=wasm&side=${sideOf(8)}`);
        await scope.isReady();
        const expected = await figureOf(training, fields);
        await scope.open(`backend=webgpu&side=${sideOf(8)}`);
        await expect(page.locator('[data-backend=webgpu]')).toBeVisible();
        const values = await figureOf(training, fields);
        expect(values).toHaveLength(6);
        for (const [at, row] of values.entries())
          for (const [column, value] of row.entries())
            expect(value).toBeCloseTo(expected[at]?.[column] ?? NaN, 2);
      });
    else await scope.open(`backend=${backend}&side=${sideOf(8)}`);
    await scope.isReady();
    const isInFolders = backend === 'wasm';
    if (isInFolders) await scope.drop(...(await writeFolders(folder.path)));
    else await scope.drop(samplePath('cat'), samplePath('coffee'), samplePath('dahlia'));
    await scope.allSettled(3);
    await training.open();
    await training.fill(setup);
    await expect(page.locator('.setup-memory')).toContainText(/Needs about [\d.]+\s[kM]B/);
    await training.start();
    await training.has('finished');
    const whole = await training.log();
    expect(whole.map(({ step }) => step)).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
    for (const title of titles) expect(await training.inkOf(title), title).toBeGreaterThan(40);
    // Where photographs came in folders, how often the teacher knows them is a curve too.
    const known = page.locator('[data-plot-value="k-NN on its folders"]');
    await expect(known).toHaveCount(isInFolders ? 1 : 0);
    if (isInFolders) await expect(known).toHaveText(/^(0|33|67|100)\s%$/);
    await expect(page.locator('[data-plot-value="Loss"]')).toHaveText((whole.at(-1)?.loss ?? NaN).toFixed(3));

    // The slider shows the maps before and after training: it goes through the steps whose maps were kept.
    const slider = page.getByRole('slider', { name: 'After' });
    await expect(slider).toHaveAttribute('aria-valuetext', `after ${steps} steps`);
    await slider.fill('0');
    await expect(page.locator('.pinned-tiles')).toHaveAttribute('data-map-step', '0');
    await expect(slider).toHaveAttribute('aria-valuetext', 'after 0 steps');

    await training.press('Close this run');
    await training.start();
    await training.reaches(2);
    await page.getByRole('button', { name: 'Pause', exact: true }).press('Enter');
    await training.has('paused');
    await expect(page.getByRole('button', { name: 'Resume', exact: true })).toBeFocused();
    const paused = await training.step();
    expect(paused).toBeLessThan(steps);
    const { path, fileName } = await training.download('Whole run');
    expect(fileName).toBe(`collapse-in-a-minute-step-${paused}.run.zip`);
    const archive = join(folder.path, fileName);
    await copyFile(path, archive);

    // Compiling for a software device again would take a minute.
    if (backend === 'wasm') {
      await page.reload();
      await scope.isReady();
      const word = scope.messages.filter({
        hasText: `is paused at step ${paused} of ${steps}. It goes on under`,
      });
      await expect(word).toBeVisible();
      await training.open();
      await page
        .locator('.kept-run')
        .first()
        .getByRole('button', { name: /^Resume/ })
        .click();
      await expect(word).toHaveCount(0);
    } else await training.press('Resume');
    await training.reaches(paused + 2);
    await page.reload();
    await scope.isReady();
    await expect(
      scope.messages.filter({
        hasText: new RegExp(`Training was interrupted: .* up to step \\d+ of ${steps}`),
      }),
    ).toBeVisible();
    await training.open();
    const kept = page.locator('.kept-run');
    await expect(kept).toHaveCount(2);
    for (let left = 2; left > 0; left--) {
      await kept
        .first()
        .getByRole('button', { name: /^Delete Collapse/ })
        .click();
      // A second press of Enter deletes nothing.
      await expect(kept.first().getByRole('button', { name: 'Keep it' })).toBeFocused();
      await kept.first().getByRole('button', { name: 'Delete it' }).click();
      await expect(kept).toHaveCount(left - 1);
      await expect(
        page.getByRole('region', { name: left > 1 ? 'Go on with a run' : 'No run is kept yet' }),
      ).toBeFocused();
    }
    await scope.drop(archive);
    await expect(kept).toHaveCount(1);
    await expect(kept).toContainText(`Step ${paused} of ${steps}, 3 photographs`);
    await kept.getByRole('button', { name: /^Resume/ }).click();
    await training.has('finished');
    expect((await training.log()).map(numbers)).toEqual(whole.map(numbers));

    // In the same test, since a software device compiles for a minute before a run can begin.
    await test.step('the trained teacher becomes the page’s model, and its exported file gives the same attention', async () => {
      await page.keyboard.press('Escape');
      await scope.drop(samplePath('cat'), samplePath('dog'));
      await scope.allSettled(2);
      await scope.select('cat.jpg');
      await scope.showView('Head 2');
      const untrained = await scope.savedPicture();
      await training.open();
      await training.has('finished');
      const teacher = await training.download('Teacher');
      expect(teacher.fileName).toBe(`collapse-in-a-minute-step-${steps}.teacher.safetensors`);
      const file = join(folder.path, teacher.fileName);
      await copyFile(teacher.path, file);
      await training.press('Use in the viewer');
      await expect(scope.stage).toBeVisible();
      await expect(scope.fact('Model')).toHaveText(`Collapse in a minute · step ${steps}`);
      await scope.allSettled(2);
      await scope.showView('Head 2');
      const used = await scope.savedPicture();
      expect(used === untrained).toBe(false);
      await scope.drop(file);
      await expect(scope.fact('Model')).toHaveText(teacher.fileName);
      await scope.allSettled(2);
      await scope.showView('Head 2');
      expect((await scope.savedPicture()) === used).toBe(true);
    });
  });
}

test('centring switched off collapses the run that goes on; photographs are looked at meanwhile; a second window keeps away', async ({
  scope,
  page,
  context,
}) => {
  test.setTimeout(600_000);
  const training = new TrainingView(page);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'), samplePath('coffee'), samplePath('dahlia'), samplePath('fruit'));
  await scope.allSettled(4);
  await training.open();
  await training.fill({
    ...tinyRun,
    Steps: 3000,
    'Learning rate × 256 ⁄ batch': 0.1,
    'Teacher momentum': 0.9,
  });
  await training.start();
  await training.reaches(3);
  await page.getByText('Crops of a step').click();
  await expect(page.locator('.crop-row')).toHaveCount(2);
  await expect(page.locator('.crop-row').first().locator('canvas')).toHaveCount(3);
  await page.getByRole('switch', { name: 'Centring' }).click();
  const verdict = page.locator('.verdict');
  await expect(verdict).toHaveAttribute('data-verdict', /one-output|constant/, { timeout: 300_000 });
  await expect(verdict).toContainText('Collapsed');

  await page.keyboard.press('Escape');
  await scope.drop(samplePath('dog'));
  await scope.allSettled(5);
  await expect(scope.stage).toHaveAttribute('data-status', 'done');

  const other = await context.newPage();
  await other.goto('./?backend=wasm');
  await expect(other.locator('[data-engine-status=ready]')).toBeVisible();
  await other.keyboard.press('r');
  await other.getByRole('button', { name: /^Resume/ }).click();
  await expect(other.locator('.run-failure')).toContainText(
    'Another window of this page is training this run',
  );
  await other.close();

  await training.open();
  const before = await training.step();
  await training.reaches(before + 2);
  await training.press('Pause');
  await training.has('paused');
  await training.press('Close this run');
  await expect(page.locator('.setup')).toBeVisible();
  await expect(page.locator('.kept-run')).toContainText('of 3000');
});

test('photographs come from the samples without leaving the view', async ({ scope, page }) => {
  const training = new TrainingView(page);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await training.open();
  await page.getByRole('button', { name: 'Samples' }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /Chelsea the cat/ })
    .click();
  await expect(page.locator('.pick')).toHaveCount(1);
  await training.fill({ ...tinyRun, Steps: 3 });
  await training.start();
  await training.has('finished');
  const log = await training.log();
  expect(log.map(({ step }) => step)).toEqual([1, 2, 3]);
  for (const { loss } of log) expect(Number.isFinite(loss)).toBe(true);
});

test('where the browser refuses the first write a run trains in memory, and the page says so', async ({
  scope,
  page,
}) => {
  test.setTimeout(600_000);
  await beforeWorker(
    page,
    `FileSystemSyncAccessHandle.prototype.write = () => {
      throw new DOMException('not here', 'InvalidStateError');
    };`,
  );
  const training = new TrainingView(page);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'));
  await scope.allSettled(1);
  await training.open();
  await expect(
    page.getByText(/This window keeps no files: the browser refused .* A run lasts/),
  ).toBeVisible();
  await training.fill({ ...tinyRun, Steps: 6, 'Save every … steps': 2 });
  await training.start();
  await training.has('finished');
  await expect(page.getByText(/keeps no files, so the run is gone when the page is closed/)).toBeVisible();
  await training.press('Close this run');
  await expect(page.locator('.kept-run')).toContainText('Step 6 of 6');
});

test('what cannot start says why, at the field and at the button', async ({ scope, page, folder }) => {
  const training = new TrainingView(page);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await training.open();
  const start = page.getByRole('button', { name: 'Start training' });
  const note = page.locator('#start-note');
  await expect(start).toBeDisabled();
  await expect(note).toHaveText('Choose at least one photograph.');
  await page.getByRole('radio', { name: 'Adapt ViT-S/16' }).check({ force: true });
  await expect(page.locator('.preset-mismatch')).toContainText(
    'was made for a ViT-S/16, and the embedded model is in use',
  );
  await page.getByRole('radio', { name: 'Adapt the embedded model' }).check({ force: true });
  await expect(page.locator('.preset-mismatch')).toHaveCount(0);
  await page.getByRole('radio', { name: 'Collapse in a minute' }).check({ force: true });
  await scope.drop(samplePath('cat'), await folder.write('notes.txt', 'no picture'));
  // The text is found out when it is its turn to be looked at.
  await expect(page.getByText('1 file that cannot be read is left out.')).toBeVisible();
  await expect(page.locator('.pick')).toHaveCount(1);
  await expect(start).toBeEnabled();
  await training.fill({ 'Outputs K': 'many' });
  await expect(start).toBeDisabled();
  await expect(note).toHaveText('Outputs K is not given; it must be a whole number from 4 to 65536.');
  await expect(page.getByRole('textbox', { name: 'Outputs K' })).toHaveAccessibleDescription(
    /A whole number from 4/,
  );
  await training.fill({ 'Outputs K': 64, 'Global crops, px': 50 });
  await expect(note).toContainText('50 px are not made of whole patches of 8 px');
  // A decimal comma is accepted, as many European countries use it.
  const temperature = page.getByRole('textbox', { name: 'Teacher temperature', exact: true });
  await temperature.fill('');
  await temperature.pressSequentially('0,03');
  await temperature.blur();
  await expect(temperature).toHaveValue('0.03');
  await temperature.fill('much');
  await temperature.blur();
  await expect(temperature).toHaveValue('much');
  await training.fill({ 'Global crops, px': 48, 'Teacher temperature': 0.2 });
  await expect(start).toBeEnabled();
  await expect(
    page.getByRole('textbox', { name: 'Teacher temperature', exact: true }),
  ).toHaveAccessibleDescription(/collapse/);
  const damaged = await folder.write('broken.run.zip', 'PK no archive');
  await scope.drop(damaged);
  await expect(scope.messages.filter({ hasText: 'This is no run that can go on' }).first()).toBeVisible();
});

for (const [width, height] of [
  [1366, 768],
  [390, 844],
] as const)
  test(`nothing that is in use lies under the start bar, and nothing over it (${width} × ${height})`, async ({
    scope,
    page,
    folder,
  }) => {
    await page.setViewportSize({ width, height });
    const training = new TrainingView(page);
    await scope.open(`backend=wasm&side=${sideOf(8)}`);
    await scope.isReady();
    await scope.drop(samplePath('cat'));
    await scope.allSettled(1);
    await training.open();
    await training.fill({});
    const hidden = await page.evaluate(() => {
      const bar = document.querySelector('.setup-start');
      const controls = document.querySelectorAll<HTMLElement>(
        ':is(.setup-what, .setup-numbers) :is(button, input, summary):not([hidden], :disabled)',
      );
      return [...controls].filter((control) => {
        window.scrollTo(0, 0);
        control.focus();
        return (
          control.getBoundingClientRect().bottom > (bar?.getBoundingClientRect().top ?? -Infinity) ||
          document.activeElement !== control
        );
      }).length;
    });
    expect(hidden).toBe(0);

    // The bytes of this file never come, so its line stays visible.
    await page.workers()[0]?.evaluate(() => {
      Blob.prototype.arrayBuffer = () => new Promise(() => {});
    });
    await scope.drop(await folder.write('slow.run.zip', 'PK'));
    const line = page.locator('.run-transfer');
    await expect(line).toBeVisible();
    // The line is part of the bar. It covers neither the start button nor, after scrolling to the end, a preset or a number.
    const bar = page.locator('.setup-start');
    const start = page.getByRole('button', { name: 'Start training' });
    for (const end of [0, 1e6]) {
      await page.evaluate((top) => window.scrollTo(0, top), end);
      const [box, lineBox, button] = [await placeOf(bar), await placeOf(line), await placeOf(start)];
      expect(lineBox.y).toBeGreaterThanOrEqual(button.y + button.height);
      expect(lineBox.y).toBeGreaterThan(box.y);
      await expect(line).toBeInViewport({ ratio: 1 });
      await expect(start).toBeInViewport({ ratio: 1 });
    }
    const last = await placeOf(page.locator('.setup-numbers'));
    expect(last.y + last.height).toBeLessThanOrEqual((await placeOf(bar)).y);
  });

async function expectNoViolations(page: Page, state: string): Promise<void> {
  const { violations } = await axeOf(page).analyze();
  expect(
    violations.map(
      ({ id, nodes }) => `${state}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
    ),
  ).toEqual([]);
  expect(
    await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
    state,
  ).toBeLessThanOrEqual(0);
}

for (const [theme, width] of [
  ['dark', 1280],
  ['light', 390],
] as const)
  test(`axe finds nothing in the training view (${theme}, ${width} px); it is left by Escape`, async ({
    scope,
    page,
  }) => {
    test.setTimeout(600_000);
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.setViewportSize({ width, height: 844 });
    const training = new TrainingView(page);
    await scope.open(`backend=wasm&side=${sideOf(8)}`);
    await scope.isReady();
    if (theme === 'light') await page.keyboard.press('t');
    await scope.drop(samplePath('cat'), samplePath('dog'));
    await scope.allSettled(2);
    await training.open();
    await training.fill({ ...tinyRun, Steps: 12, 'Teacher temperature': 0.2 });
    await expectNoViolations(page, 'setup');
    await training.start();
    await page.getByText('Crops of a step').click();
    await training.has('finished');
    await expectNoViolations(page, 'run');
    await training.press('Close this run');
    await expect(page.locator('.kept-run')).toHaveCount(1);
    await expectNoViolations(page, 'kept runs');
    await page.keyboard.press('Escape');
    await expect(scope.stage).toBeVisible();
  });
