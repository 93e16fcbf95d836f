import type { Page } from 'playwright/test';
import { expect, samplePath, sideOf, test } from '../scope.ts';
import { tinyRun } from '../tiny-run.ts';
import { TrainingView } from '../training-view.ts';
import { expectFlat, megabytes, tabBytes, tell, times } from './measure.ts';

/** Makes the tab behave as if it were behind another one: it gets no frames, and the page is told that it is hidden. */
async function setHidden(page: Page, isHidden: boolean): Promise<void> {
  await page.evaluate((hidden) => {
    Object.defineProperty(document, 'visibilityState', {
      value: hidden ? 'hidden' : 'visible',
      configurable: true,
    });
    Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  }, isHidden);
}

test('a run of hours, its tab hidden and shown: every step is reported, and nothing grows', async ({
  scope,
  page,
  context,
}) => {
  const minutes = Math.max(1, times(120));
  const training = new TrainingView(page);
  await scope.open(`backend=wasm&side=${sideOf(8)}`);
  await scope.isReady();
  await scope.drop(samplePath('cat'), samplePath('coffee'), samplePath('dahlia'));
  await scope.allSettled(3);
  await training.open();
  await training.fill({ ...tinyRun, Steps: 1_000_000 });
  await training.start();
  await training.reaches(50);
  const begin = await tabBytes(page);
  const other = await context.newPage();
  for (let minute = 0; minute < minutes; minute++) {
    const isHidden = minute % 2 === 0;
    await (isHidden ? other : page).bringToFront();
    await setHidden(page, isHidden);
    const before = await training.step();
    await page.waitForTimeout(60_000);
    // A machine that has other work to do may need more than the minute.
    await expect.poll(() => training.step(), { message: `minute ${minute}` }).toBeGreaterThan(before);
  }
  const end = await tabBytes(page);
  await page.bringToFront();
  await training.press('Pause');
  await training.has('paused');
  const steps = await training.log();
  expect(steps.map(({ step }) => step)).toEqual(steps.map((_, i) => i + 1));
  tell('training', { minutes, steps: steps.length, tab: `${megabytes(begin)} → ${megabytes(end)}` });
  // Each step keeps a report of about a hundred numbers.
  expectFlat('the tab', begin, end, 40e6 + steps.length * 1000);
});
