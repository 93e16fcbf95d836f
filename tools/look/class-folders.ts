/** Photographs in folders of folders: each folder directly below is a class. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { listPhotographs } from '../photographs/find-photographs.ts';
import { stopWith } from '../stop-with.ts';

export interface ClassedPhotograph {
  readonly path: string;
  /** The folder's name; null for one that lies beside the folders. */
  readonly className: string | null;
}

export interface ClassFolders {
  readonly photographs: readonly ClassedPhotograph[];
  /** A sentence for each folder that gives none. */
  readonly problems: readonly string[];
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The same rules as for all commands: endings of photographs, subfolders too, hidden ones left out.
 * @param folder ends the command with a sentence where it cannot be read, or holds no photograph
 */
export async function findClasses(folder: string): Promise<ClassFolders> {
  const entries =
    (await readdir(folder, { withFileTypes: true }).catch(() => null)) ??
    stopWith(`The folder ${folder} cannot be read.`);
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== '__MACOSX')
    .map(({ name }) => name)
    .toSorted(byName);
  const photographs: ClassedPhotograph[] = [];
  const problems: string[] = [];
  for (const name of names) {
    const paths = await listPhotographs(join(folder, name));
    if (paths === null) problems.push(`The folder ${join(folder, name)} cannot be read.`);
    else if (paths.length === 0) problems.push(`There is no photograph in ${join(folder, name)}.`);
    else for (const path of paths) photographs.push({ path, className: name });
  }
  const inFolders = new Set(photographs.map(({ path }) => path));
  for (const path of (await listPhotographs(folder)) ?? [])
    if (!inFolders.has(path)) photographs.push({ path, className: null });
  if (photographs.length === 0) stopWith(`There is no photograph in ${folder}.`);
  return { photographs, problems };
}
