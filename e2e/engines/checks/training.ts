import { tinyRun } from '../../tiny-run.ts';
import { type App, until } from '../page/app.ts';
import { check, ensure, equal, type Check } from '../page/check.ts';
import { sampleFile } from '../page/files.ts';
import { keepsFiles } from '../page/keeps-files.ts';

const steps = 24;

async function openTraining(app: App): Promise<void> {
  await app.key('r');
  await app.get('heading', 'Train on your photographs');
}

async function fill(app: App, fields: Readonly<Record<string, number>>): Promise<void> {
  for (const group of app.document.querySelectorAll('details:not([open]) > summary'))
    (group as HTMLElement).click();
  for (const [label, value] of Object.entries(fields)) await app.fill('textbox', label, value);
}

const stepOf = (app: App): number => Number(/^(\d+) of/.exec(app.fact('Step') ?? '')?.[1] ?? NaN);

const reaches = (app: App, step: number): Promise<boolean> =>
  until(
    `step ${step}`,
    () => stepOf(app) >= step,
    () => app.text().slice(0, 600),
  );

/** Pauses the run, which happens after the current step. @returns the step at which the run is paused */
async function pause(app: App): Promise<number> {
  await app.press('Pause');
  await app.reads(/Paused at step \d+/);
  return stepOf(app);
}

export const trainingChecks: readonly Check[] = [
  check(
    'a run is paused, kept over a reload where the browser keeps files, and goes on to its end',
    async (app) => {
      await app.open('backend=wasm&side=128');
      await app.give(await sampleFile('cat'), await sampleFile('coffee'), await sampleFile('dahlia'));
      await app.allDone(3);
      await openTraining(app);
      await fill(app, { ...tinyRun, Steps: steps });
      await app.reads(/Needs about [\d.]+\s[kM]B of memory/);
      await app.press('Start training');
      await reaches(app, 2);
      const paused = await pause(app);
      ensure(paused < steps, 'the run was over before it could be paused');
      if (await keepsFiles()) {
        await app.reload();
        await openTraining(app);
        await app.reads(new RegExp(`Step ${paused} of ${steps}, 3 photographs`));
        await app.press(new RegExp(`^Resume .*, step ${paused}$`));
      } else {
        await app.reads(/keeps no files, so the run is gone when the page is closed/);
        await app.press('Resume');
      }
      await app.reads(new RegExp(`Finished after ${steps} steps`));
      equal('the last step', stepOf(app), steps);
      const loss = Number(app.document.querySelector('[data-plot-value="Loss"]')?.textContent);
      // ln K is the loss of a network that has learned nothing.
      ensure(loss > 0 && loss < 2 * Math.log(32), `the loss after ${steps} steps is ${loss}`);
    },
  ),
];
