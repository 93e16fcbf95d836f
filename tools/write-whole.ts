/** Writes files whole or not at all: after a full disk, or Ctrl-C in the middle, what was there before is still there. */
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { access, constants, lstat, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { InputError, isInput } from './inputs.ts';

export type FileContent = string | Uint8Array | ReadableStream<Uint8Array>;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work`, and `clearUp` also where the command ends meanwhile. At Ctrl-C one that hears signals itself goes on until the work is done,
 * or ends by itself.
 */
async function withClearUp(work: () => Promise<void>, clearUp: () => void): Promise<void> {
  const end = (signal: NodeJS.Signals): void => {
    clearUp();
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
  };
  const unheard = signals.filter((signal) => process.listenerCount(signal) === 0);
  for (const signal of unheard) process.on(signal, end);
  process.on('exit', clearUp);
  try {
    await work();
  } finally {
    for (const signal of unheard) process.removeListener(signal, end);
    process.removeListener('exit', clearUp);
    clearUp();
  }
}

/**
 * Files that belong together: none replaces what was there before all have been written.
 * @throws InputError where one is a file that the command reads, or the file system's error, with the path of the file that could not be
 * written; both for `describeFileProblem`
 */
export async function writeAllWhole(
  files: Iterable<readonly [path: string, content: FileContent]>,
): Promise<void> {
  /** Unfinished file → what it becomes. */
  const parts = new Map<string, string>();
  let current = '';
  const write = async (): Promise<void> => {
    for (const [path, content] of files) {
      current = path;
      if (await isInput(path)) throw new InputError(path);
      // Of a link, what it leads to.
      const target = await realpath(path).catch(() => path);
      const facts = await stat(target)
        .catch(() => lstat(target))
        .catch(() => null);
      // A file that nobody may write to could still be replaced by another one of its name.
      if (facts?.isFile()) await access(target, constants.W_OK);
      // /dev/null and the like, and a link that leads nowhere yet, are written to as they are.
      else if (facts !== null && !facts.isDirectory()) {
        await writeFile(target, content);
        continue;
      }
      // A name of its own: the target's with more behind it may be too long.
      const part = join(dirname(target), `.${randomUUID()}.part`);
      parts.set(part, target);
      // What only its owner may read stays so.
      await writeFile(part, content, facts?.isFile() ? { mode: facts.mode & 0o777 } : {});
    }
    for (const [part, target] of parts) {
      current = target;
      await rename(part, target);
      parts.delete(part);
    }
  };
  try {
    await withClearUp(write, () => {
      for (const part of parts.keys()) rmSync(part, { force: true });
    });
  } catch (error) {
    // Node names the unfinished file, or none.
    throw error instanceof Error ? Object.assign(error, { path: current }) : error;
  }
}

/** One file. @throws as `writeAllWhole` */
export const writeWhole = (path: string, content: FileContent): Promise<void> =>
  writeAllWhole([[path, content]]);
