/** Errors of the file system as sentences, and what is asked of it before long work. */
import { mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { InputError, isInput } from './inputs.ts';
import { stopWith, stopWithWrong } from './stop-with.ts';

const words: Readonly<Record<string, string>> = {
  ENAMETOOLONG: 'its name is too long',
  EISDIR: 'there is a folder of that name',
  ENOTDIR: 'a part of its path is a file and not a folder',
  ENOENT: 'its folder is not there',
  EEXIST: 'there is something of that name',
  EACCES: 'writing there is not allowed',
  EPERM: 'writing there is not allowed',
  EROFS: 'nothing can be written there',
  ENOSPC: 'there is no room left',
  EDQUOT: 'there is no room left',
  EMFILE: 'too many files are open',
  EIO: 'the disk does not work',
};

interface SystemError extends Error {
  readonly code: string;
  readonly path?: string;
  readonly syscall: string;
}

const isSystemError = (error: unknown): error is SystemError =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';

const describeInput = (path: string): string =>
  `${path} is a file that this command reads, and is not written over. Give --out another name.`;

/** @returns a sentence about a file that could not be written, or null where `error` is something else: a bug */
export function describeFileProblem(error: unknown): string | null {
  if (error instanceof InputError) return describeInput(error.path);
  if (!isSystemError(error)) return null;
  return `${error.path ?? 'A file'} cannot be written: ${words[error.code] ?? error.code}.`;
}

/** Node's own recursive way calls a folder of a file system that cannot be written missing, and never ends in /proc. */
async function makeEach(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    const isThere = (await stat(folder).catch(() => null))?.isDirectory() ?? false;
    if (isThere) return;
    const isBelowMissing = isSystemError(error) && error.code === 'ENOENT' && dirname(folder) !== folder;
    if (!isBelowMissing) throw error;
    await makeEach(dirname(folder));
    await mkdir(folder);
  }
}

/** Makes the folder and those above it, where they are not there; ends the command with a sentence where that is not possible. */
export async function makeFolder(folder: string): Promise<void> {
  // Without "new/..", in which "new" would have to be made first.
  await makeEach(resolve(folder)).catch((error: unknown) =>
    stopWith(
      `The folder ${folder} cannot be made${isSystemError(error) ? `: ${words[error.code] ?? error.code}` : ''}.`,
    ),
  );
}

/** Ends the command with a sentence where one of the files that it will write is one that it reads, before it has worked for hours. */
export async function checkOutputs(paths: readonly string[]): Promise<void> {
  for (const path of paths) if (await isInput(path)) stopWith(describeInput(path));
}

/** Ends the command with a sentence where no file can have this name. */
export async function checkFileName(path: string, ending: string): Promise<void> {
  if (!path.endsWith(ending)) stopWithWrong(`--out ${path} must end in ${ending}.`);
  if ((await stat(path).catch(() => null))?.isDirectory())
    stopWith(`${path} cannot be written: ${words['EISDIR']}.`);
}

/** Makes the folder of a file that will be written; ends the command with a sentence where it could not be. */
export async function prepareFile(path: string, ending: string): Promise<void> {
  await checkFileName(path, ending);
  await makeFolder(dirname(path));
}

/** Does one piece of a batch. @returns a sentence where a file could not be written: the rest can go on */
export async function attempt(work: () => Promise<void>): Promise<string | null> {
  try {
    await work();
    return null;
  } catch (error) {
    const sentence = describeFileProblem(error);
    if (sentence === null) throw error;
    return sentence;
  }
}
