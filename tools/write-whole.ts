/** Writes files whole or not at all: after a full disk, or Ctrl-C in the middle, what was there before is still there. */
import { rmSync } from 'node:fs';
import { access, constants, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export type FileContent = string | Uint8Array | ReadableStream<Uint8Array>;

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs `work`, and `clearUp` also where Ctrl-C ends the command meanwhile. One that hears signals itself goes on until the work is done. */
async function withClearUp(work: () => Promise<void>, clearUp: () => void): Promise<void> {
  const end = (signal: NodeJS.Signals): void => {
    clearUp();
    process.removeListener(signal, end);
    process.kill(process.pid, signal);
  };
  const unheard = signals.filter((signal) => process.listenerCount(signal) === 0);
  for (const signal of unheard) process.on(signal, end);
  try {
    await work();
  } finally {
    for (const signal of unheard) process.removeListener(signal, end);
    clearUp();
  }
}

let count = 0;

/** @returns whether the path can be replaced by a new file; /dev/null and the like are written to as they are */
async function isReplaceable(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => null);
  // A file that nobody may write to could still be replaced by another one of its name.
  if (facts?.isFile()) await access(path, constants.W_OK);
  return facts === null || facts.isFile() || facts.isDirectory();
}

/**
 * Files that belong together: none replaces what was there before all have been written.
 * @throws the file system's error, with the path of the file that could not be written, for `describeFileProblem`
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
      // Of a link, what it leads to.
      const target = await realpath(path).catch(() => path);
      if (!(await isReplaceable(target))) {
        await writeFile(target, content);
        continue;
      }
      // A name of its own: the target's with more behind it may be too long.
      const part = join(dirname(target), `.${process.pid}-${count++}.part`);
      parts.set(part, target);
      await writeFile(part, content);
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
