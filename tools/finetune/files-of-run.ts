/** The files that a run writes, all named by the first. */
import { stat } from 'node:fs/promises';
import { identityOf } from '../inputs.ts';
import { stopWith } from '../stop-with.ts';

export interface FilesOfRun {
  /** The whole run. */
  readonly run: string;
  readonly teacher: string;
  readonly student: string;
  /** A line a report. */
  readonly log: string;
}

export function filesOfRun(run: string): FilesOfRun {
  const name = run.replace(/\.safetensors$/, '');
  return {
    run,
    teacher: `${name}.teacher.safetensors`,
    student: `${name}.student.safetensors`,
    log: `${name}.jsonl`,
  };
}

/**
 * A run's numbers took hours to compute and may be all that is left of it, so no other run may overwrite them.
 * @returns a file of it that is there; null where none is
 */
async function fileThere(files: FilesOfRun): Promise<string | null> {
  for (const file of Object.values(files) as readonly string[])
    if ((await stat(file).catch(() => null))?.isFile()) return file;
  return null;
}

/** @returns the first name in finetune-out of which there is no file */
export async function freeFiles(): Promise<FilesOfRun> {
  for (let number = 1; ; number++) {
    const files = filesOfRun(`finetune-out/run${number === 1 ? '' : `-${number}`}.safetensors`);
    if ((await fileThere(files)) === null) return files;
  }
}

/** Whether the run that goes on is the one that would be written over. */
export async function isTheSame(run: string, resumed: string | undefined): Promise<boolean> {
  const identity = await identityOf(run);
  return resumed !== undefined && identity !== null && identity === (await identityOf(resumed));
}

/** Ends the command with a sentence where there is a run by this name. */
export async function checkNew(files: FilesOfRun): Promise<void> {
  const there = await fileThere(files);
  if (there === null) return;
  stopWith(
    `There is a run at ${files.run} already${there === files.run ? '' : `, of which ${there} is left`}. Give --out another name` +
      (there === files.run ? `, or go on with that run: --resume ${files.run}.` : '.'),
  );
}
