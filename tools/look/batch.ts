/** Many photographs, one after another. A failure is printed and never ends the batch. */
import { describeFailure } from '../../src/core/failure.ts';
import type { ReadPhoto } from '../../src/engine/engine.ts';
import { describePhotoNotice } from '../../src/core/photo.ts';
import { attempt } from '../file-problem.ts';
import { findPhotographs, type FoundPhotographs } from '../photographs/find-photographs.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import { stopWith } from '../stop-with.ts';

/**
 * @param work returns what to print of a photograph, or what is wrong
 * @returns how many failed
 */
export async function forEachPhoto(
  { paths, problems }: FoundPhotographs,
  work: (path: string, photo: ReadPhoto) => Promise<{ readonly done: string } | { readonly problem: string }>,
): Promise<number> {
  let failures = 0;
  const complain = (sentence: string): void => {
    failures++;
    console.error(sentence);
  };
  for (const path of paths) {
    const read = await readPhoto(path);
    if (!read.ok) {
      complain(`${path}: ${describeFailure(read.error)}`);
      continue;
    }
    const { notices } = read.value;
    const problem = await attempt(async () => {
      const outcome = await work(path, { pixels: read.value, notices });
      if ('problem' in outcome) return complain(`${path}: ${outcome.problem}`);
      for (const notice of notices) console.log(`${path}: ${describePhotoNotice(notice)}`);
      console.log(`${path}: ${outcome.done}`);
    });
    if (problem !== null) complain(`${path}: ${problem}`);
  }
  for (const problem of problems) complain(problem);
  return failures;
}

/** Ends the command with a sentence where there is none at all. @param out where its results go */
export async function photographsOf(args: readonly string[], out: string): Promise<FoundPhotographs> {
  const found = await findPhotographs(args, out);
  return found.paths.length > 0 ? found : stopWith(found.problems.join('\n'));
}
