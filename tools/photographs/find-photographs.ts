/**
 * Finds the photographs that the arguments of a command name; the same rules for every command. A file is taken with
 * any name. In a folder (with its subfolders), or by a pattern, only files with endings of photographs are taken. What is found is never
 * written over.
 */
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { hasPhotographEnding, isMacNote } from '../../src/core/file-names.ts';
import { keepInputs } from '../inputs.ts';

export interface FoundPhotographs {
  /** In the order of the arguments, and within one in the order of their names: a training run depends on it. None twice. */
  readonly paths: readonly string[];
  /** A sentence for each argument that names no photograph. */
  readonly problems: readonly string[];
}

export const photographUsage = `\
  Images are files, folders (with their subfolders) and quoted patterns such as "photos/**/*.jpg".`;

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const isWanted = (path: string): boolean =>
  hasPhotographEnding(path) &&
  !path.split(/[/\\]/).some((part) => part.startsWith('.') && !/^\.+$/.test(part));

/** @returns the photographs in a folder and its subfolders, by name; null where it, or one of them, cannot be read */
export async function listPhotographs(folder: string): Promise<readonly string[] | null> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => null);
  if (entries === null) return null;
  const found = entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => isWanted(path.slice(folder.length)))
    .toSorted(byName);
  await keepInputs(found);
  return found;
}

async function filesOfFolder(folder: string): Promise<readonly string[] | string> {
  const found = await listPhotographs(folder);
  if (found === null) return `The folder ${folder} cannot be read.`;
  return found.length > 0 ? found : `There is no photograph in ${folder}.`;
}

/** Windows has backslashes between folders, and patterns have them before signs that mean themselves. */
const toPattern = (text: string): string => (sep === '\\' ? text.replaceAll('\\', '/') : text);

async function filesOfPattern(text: string): Promise<readonly string[] | string> {
  // Paths come back as they were asked for: from here, or from the root.
  const matches = await glob(toPattern(text), { expandDirectories: false, absolute: isAbsolute(text) });
  const found = matches.filter((path) => hasPhotographEnding(path));
  return found.length > 0 ? found.toSorted(byName) : `No photograph matches ${text}.`;
}

async function filesOf(argument: string): Promise<readonly string[] | string> {
  const facts = await stat(argument).catch(() => null);
  if (facts?.isDirectory()) return filesOfFolder(argument);
  if (facts === null && isDynamicPattern(toPattern(argument))) return filesOfPattern(argument);
  if (isMacNote(argument)) return `${argument} is what macOS notes beside a file, and no photograph.`;
  // What is not there is told by whoever reads it.
  return [argument];
}

export async function findPhotographs(args: readonly string[]): Promise<FoundPhotographs> {
  const paths = new Map<string, string>();
  const problems: string[] = [];
  for (const argument of args) {
    const found = await filesOf(argument);
    if (typeof found === 'string') problems.push(found);
    else for (const path of found) if (!paths.has(resolve(path))) paths.set(resolve(path), path);
  }
  await keepInputs(paths.values());
  return { paths: [...paths.values()], problems };
}
