/**
 * Finds the photographs that the arguments of a command name; the same rules for every command. A file is taken with
 * any name. In a folder (with its subfolders), or by a pattern, only files with endings of photographs are taken. What is found is never
 * written over.
 */
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, isAbsolute, join, resolve, sep } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { countOf } from '../../src/core/count-of.ts';
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

const isVisible = (path: string): boolean =>
  !path.split(/[/\\]/).some((part) => part.startsWith('.') && !/^\.+$/.test(part));

/** @returns the paths of all files in a folder and its subfolders; null where it, or one of them, cannot be read */
async function listFiles(folder: string): Promise<readonly string[] | null> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => null);
  if (entries === null) return null;
  return entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name))
    .filter((path) => isVisible(path.slice(folder.length)));
}

/** @returns the photographs in a folder and its subfolders, by name; null where it, or one of them, cannot be read */
export async function listPhotographs(folder: string): Promise<readonly string[] | null> {
  const files = await listFiles(folder);
  if (files === null) return null;
  const found = files.filter(hasPhotographEnding).toSorted(byName);
  await keepInputs(found);
  return found;
}

/** Endings of pictures that are not read. */
const otherPicture = /\.(heic|heif|jxl|jp2|psd|xcf|svg|exr|dng|cr2|cr3|nef|arw|orf|rw2|raf)$/i;

/** @param folder without photographs. @returns a sentence, which names pictures that could be photographs */
export async function describeNone(folder: string): Promise<string> {
  const pictures = (await listFiles(folder))?.filter((path) => otherPicture.test(path)) ?? [];
  if (pictures.length === 0) return `There is no photograph in ${folder}.`;
  const kinds = [...new Set(pictures.map((path) => extname(path).slice(1).toUpperCase()))].toSorted(byName);
  return (
    `There is no photograph in ${folder} that can be opened here: ${countOf(pictures.length, 'file')} ` +
    `(${kinds.join(', ')}) must be saved as JPEG, PNG or WebP first.`
  );
}

async function filesOfFolder(folder: string): Promise<readonly string[] | string> {
  const found = await listPhotographs(folder);
  if (found === null) return `The folder ${folder} cannot be read.`;
  return found.length > 0 ? found : describeNone(folder);
}

/** Windows has backslashes between folders, and patterns have them before signs that mean themselves. */
const toPattern = (text: string): string => (sep === '\\' ? text.replaceAll('\\', '/') : text);

/** Patterns follow links, which may lead to a folder that is looked through anyway. @returns by name, each file by its shortest path */
async function onceEach(paths: readonly string[]): Promise<readonly string[]> {
  const byFile = new Map<string, string>();
  for (const path of paths.toSorted((a, b) => a.length - b.length || byName(a, b))) {
    const file = await realpath(path).catch(() => path);
    if (!byFile.has(file)) byFile.set(file, path);
  }
  return [...byFile.values()].toSorted(byName);
}

async function filesOfPattern(text: string): Promise<readonly string[] | string> {
  // Paths come back as they were asked for: from here, or from the root.
  const matches = await glob(toPattern(text), { expandDirectories: false, absolute: isAbsolute(text) });
  const found = await onceEach(matches.filter((path) => hasPhotographEnding(path)));
  return found.length > 0 ? found : `No photograph matches ${text}.`;
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
