/** What every command begins with. */
import { basename, dirname } from 'node:path';
import { describeFileProblem } from './file-problem.ts';

/**
 * npm starts a command in the project's folder, wherever it was called (from a subfolder, or by --prefix); the paths that a person
 * gives are of the folder where they are. Not where another of npm's commands called this one, as npm test does.
 */
function goToCaller(): void {
  const { INIT_CWD: caller, npm_lifecycle_event: called } = process.env;
  const own = basename(dirname(process.argv[1] ?? ''));
  if (caller !== undefined && called === own) process.chdir(caller);
}

/** Paths are of the folder where the command was called; a file that cannot be written ends it with a sentence and not with a stack trace. */
export function beginCommand(): void {
  goToCaller();
  process.on('uncaughtException', (error) => {
    console.error(describeFileProblem(error) ?? error);
    process.exit(1);
  });
  // Nobody may be reading any more (`| head`, a terminal that was closed): the files are written all the same.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
    });
}
