/** Photographs in folders of folders, and their classes. */
import { readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { classAt, classLevelOf } from '../../src/core/class-folders.ts';
import {
  describeNone,
  describeUnread,
  listPhotographs,
  tellLeftOut,
} from '../photographs/find-photographs.ts';
import { stopWith } from '../stop-with.ts';

export interface ClassedPhotograph {
  readonly path: string;
  /** Its folder's name (`core/class-folders`); null for one that lies beside the folders. */
  readonly className: string | null;
}

export interface ClassFolders {
  readonly photographs: readonly ClassedPhotograph[];
  /** On which level of folders the classes are, from 0. */
  readonly level: number;
  /** A sentence for each folder that gives none. */
  readonly problems: readonly string[];
}

const byName = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The same rules as for all commands: endings of photographs, subfolders too, hidden ones left out.
 * @param folder ends the command with a sentence where it cannot be read, or holds no photograph
 * @param level of another folder whose classes are the same
 */
export async function findClasses(folder: string, level?: number): Promise<ClassFolders> {
  const entries =
    (await readdir(folder, { withFileTypes: true }).catch(() => null)) ?? stopWith(describeUnread(folder));
  const names = entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== '__MACOSX')
    .map(({ name }) => name)
    .toSorted(byName);
  const found = new Set<string>();
  const leftOut = new Set<string>();
  const problems: string[] = [];
  for (const name of names) {
    const listed = await listPhotographs(join(folder, name));
    if (listed === null) problems.push(describeUnread(join(folder, name)));
    else if (listed.photographs.length === 0) problems.push(await describeNone(join(folder, name)));
    else {
      problems.push(...listed.problems);
      for (const path of listed.photographs) found.add(path);
      for (const path of listed.leftOut) leftOut.add(path);
    }
  }
  // Those beside the folders come last.
  const all = await listPhotographs(folder);
  for (const path of all?.photographs ?? []) found.add(path);
  for (const path of all?.leftOut ?? []) if (dirname(relative(folder, path)) === '.') leftOut.add(path);
  if (found.size === 0) stopWith(await describeNone(folder));
  tellLeftOut(leftOut);
  const below = [...found].map((path) => ({ path, inFolder: relative(folder, path) }));
  const own = level ?? classLevelOf(below.map(({ inFolder }) => inFolder));
  const photographs = below.map(({ path, inFolder }) => ({ path, className: classAt(inFolder, own) }));
  return { photographs, level: own, problems };
}
