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
  /** A sentence for each argument that names no photograph, and each folder that cannot be read. */
  readonly problems: readonly string[];
}

export const photographUsage = `\
  Images are files, folders (with their subfolders) and quoted patterns such as "photos/**/*.jpg".`;

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

interface ListedFiles {
  readonly files: readonly string[];
  /** Subfolders that cannot be read, as those of the system on a stick. */
  readonly unread: readonly string[];
}

/** @returns the paths of all files in a folder and its subfolders, but of the hidden ones; null where it cannot be read */
async function listFiles(folder: string): Promise<ListedFiles | null> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => null);
  if (entries === null) return null;
  const files: string[] = [];
  const unread: string[] = [];
  for (const entry of entries.filter(({ name }) => !name.startsWith('.'))) {
    const path = join(folder, entry.name);
    const below = entry.isDirectory() ? await listFiles(path) : { files: [path], unread: [] };
    for (const file of below?.files ?? []) files.push(file);
    for (const each of below?.unread ?? [path]) unread.push(each);
  }
  return { files, unread };
}

/** Endings of photographs that are not read, as phones and cameras write them. */
const otherPhotograph = /\.(hei[cf]|hif|jxl|jp2|dng|cr[23w]|nef|nrw|arw|orf|rw2|raf|pef|srw)$/i;
/** Endings of other pictures that are not read. */
const drawing = /\.(psd|xcf|svg|exr)$/i;

export interface ListedPhotographs {
  /** By name. */
  readonly photographs: readonly string[];
  /** Photographs that are not read, by their endings. */
  readonly leftOut: readonly string[];
  /** A sentence for each subfolder that cannot be read. */
  readonly problems: readonly string[];
}

export const describeUnread = (folder: string): string => `The folder ${folder} cannot be read.`;

/** @returns what is in a folder and its subfolders; null where it cannot be read */
export async function listPhotographs(folder: string): Promise<ListedPhotographs | null> {
  const listed = await listFiles(folder);
  if (listed === null) return null;
  const { files, unread } = listed;
  const photographs = files.filter(hasPhotographEnding).toSorted(byName);
  await keepInputs(photographs);
  const leftOut = files.filter((path) => otherPhotograph.test(path));
  return { photographs, leftOut, problems: unread.map(describeUnread) };
}

const kindOf = (path: string): string => extname(path).slice(1).toUpperCase();

/** Says of photographs that were not asked for by their names, and are not read, how many of what kind there are. */
export function tellLeftOut(paths: Iterable<string>): void {
  const counts = new Map<string, number>();
  for (const kind of [...paths].map(kindOf)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  const kinds = [...counts].toSorted(([a], [b]) => byName(a, b)).map(([kind, count]) => `${count} ${kind}`);
  const count = [...counts.values()].reduce((sum, each) => sum + each, 0);
  if (count === 0) return;
  console.error(
    `${new Intl.ListFormat('en-GB').format(kinds)} ${count === 1 ? 'photograph was' : 'photographs were'} left out: ` +
      `${count === 1 ? 'it' : 'they'} must be saved as JPEG, PNG or WebP first.`,
  );
}

/** @param none a sentence without its end @param files among which there is no photograph @returns it whole, with pictures that could be photographs */
function endSentence(none: string, files: readonly string[]): string {
  const pictures = files.filter((path) => otherPhotograph.test(path) || drawing.test(path));
  if (pictures.length === 0) return `${none}.`;
  const kinds = [...new Set(pictures.map(kindOf))].toSorted(byName);
  return (
    `${none} that can be opened here: ${countOf(pictures.length, 'file')} ` +
    `(${kinds.join(', ')}) must be saved as JPEG, PNG or WebP first.`
  );
}

/** @param folder without photographs. @returns a sentence, which names pictures that could be photographs */
export const describeNone = async (folder: string): Promise<string> =>
  endSentence(`There is no photograph in ${folder}`, (await listFiles(folder))?.files ?? []);

async function filesOfFolder(folder: string): Promise<ListedPhotographs | string> {
  const found = await listPhotographs(folder);
  if (found === null) return describeUnread(folder);
  return found.photographs.length > 0 ? found : describeNone(folder);
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

async function filesOfPattern(text: string): Promise<ListedPhotographs | string> {
  // Paths come back as they were asked for: from here, or from the root.
  const matches = await glob(toPattern(text), { expandDirectories: false, absolute: isAbsolute(text) });
  const photographs = await onceEach(matches.filter((path) => hasPhotographEnding(path)));
  if (photographs.length === 0) return endSentence(`No photograph matches ${text}`, matches);
  const leftOut = await onceEach(matches.filter((path) => otherPhotograph.test(path)));
  return { photographs, leftOut, problems: [] };
}

async function filesOf(argument: string): Promise<ListedPhotographs | string> {
  const facts = await stat(argument).catch(() => null);
  if (facts?.isDirectory()) return filesOfFolder(argument);
  if (facts === null && isDynamicPattern(toPattern(argument))) return filesOfPattern(argument);
  if (isMacNote(argument)) return `${argument} is what macOS notes beside a file, and no photograph.`;
  // What is not there is told by whoever reads it.
  return { photographs: [argument], leftOut: [], problems: [] };
}

const isWithin = (path: string, folder: string): boolean =>
  resolve(path).startsWith(join(resolve(folder), sep));

/**
 * @param out where the command's results go. In a folder that is looked through they are no photographs: an earlier run may have left pictures there
 */
export async function findPhotographs(args: readonly string[], out?: string): Promise<FoundPhotographs> {
  const results = new Set<string>();
  const paths = new Map<string, string>();
  const leftOut = new Map<string, string>();
  const problems: string[] = [];
  for (const argument of args) {
    const found = await filesOf(argument);
    if (typeof found === 'string') {
      problems.push(found);
      continue;
    }
    problems.push(...found.problems);
    const isResult = (path: string): boolean =>
      out !== undefined && isWithin(out, argument) && isWithin(path, out);
    for (const path of found.photographs)
      if (isResult(path)) results.add(resolve(path));
      else if (!paths.has(resolve(path))) paths.set(resolve(path), path);
    if (found.photographs.every(isResult))
      problems.push(`There is no photograph in ${argument} but in ${out}, where the results go.`);
    for (const path of found.leftOut) leftOut.set(resolve(path), path);
  }
  tellLeftOut([...leftOut].filter(([path]) => !paths.has(path)).map(([, path]) => path));
  const old = [...results].filter((path) => !paths.has(path));
  if (old.length > 0)
    console.error(`Left out: ${countOf(old.length, 'picture')} in ${out}, where the results go.`);
  await keepInputs(paths.values());
  return { paths: [...paths.values()], problems };
}
