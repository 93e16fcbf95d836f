/** Which folder names a photograph's class: one rule for the page and the command line. */

/** Parts of a data set, each with the same classes. */
const partOfSet = /^(train(ing)?|val(id(ation)?)?|test(ing)?)$/i;

const foldersOf = (path: string): string[] =>
  path
    .split(/[/\\]/)
    .filter((part) => part !== '' && part !== '.')
    .slice(0, -1);

/**
 * The first level of folders on which photographs differ, as in torchvision's ImageFolder: each name there is a class, and what lies in folders
 * below belongs to it. Where the names are those of a data set's parts (train, val, test), the next level. Where all photographs lie in one
 * folder, its own level.
 * @param paths of photographs; those that lie in no folder say nothing
 * @returns from 0, which is the first folder of a path
 */
export function classLevelOf(paths: readonly string[]): number {
  const folders = paths.map(foldersOf).filter(({ length }) => length > 0);
  const depths = folders.map(({ length }) => length);
  const deepest = depths.reduce((most, depth) => Math.max(most, depth), 0);
  for (let level = 0; level < deepest; level++) {
    const names = new Set(folders.flatMap((each) => each[level] ?? []));
    const areParts = level + 1 < deepest && [...names].every((name) => partOfSet.test(name));
    if (names.size > 1 && !areParts) return level;
  }
  return depths.reduce((least, depth) => Math.min(least, depth), Math.max(1, deepest)) - 1;
}

/** @returns the name of the path's folder on this level; null where it lies above it */
export const classAt = (path: string, level: number): string | null => foldersOf(path)[level] ?? null;
