/** Names for the files of many photographs in one folder. */
import { basename, extname, join } from 'node:path';
import { isInput } from '../inputs.ts';

/**
 * No two photographs get a file of one name, and none gets that of a file which the command reads.
 * @returns says how a photograph's files begin: as its own name without the ending, with a number where one of them is taken
 */
export function createNames(folder: string): (path: string, endings: readonly string[]) => Promise<string> {
  const used = new Set<string>();
  // Some file systems take A and a for the same.
  const keyOf = (file: string): string => file.toLowerCase();
  const isFree = async (files: readonly string[]): Promise<boolean> => {
    if (files.some((file) => used.has(keyOf(file)))) return false;
    for (const file of files) if (await isInput(join(folder, file))) return false;
    return true;
  };
  return async (path, endings) => {
    const plain = basename(path, extname(path));
    for (let count = 1; ; count++) {
      const name = count === 1 ? plain : `${plain}-${count}`;
      const files = endings.map((ending) => `${name}${ending}`);
      if (!(await isFree(files))) continue;
      for (const file of files) used.add(keyOf(file));
      return name;
    }
  };
}
