/** Photographs with their masks in a folder and its subfolders: `<stem>.jpg`, or any other kind but PNG, and `<stem>.png`. */
import { basename, extname, relative } from 'node:path';
import { seededRandom } from '../../src/core/seeded-random.ts';
import { listPhotographs, tellLeftOut } from '../photographs/find-photographs.ts';
import { groupBy } from './group-by.ts';

export interface Pair {
  /** The data set: what stands before the first underscore of the name, or 'all'. */
  readonly set: string;
  /** Frames of one video show one object: what stands between the first and the last underscore, or null. */
  readonly sequence: string | null;
  readonly photo: string;
  readonly mask: string;
}

export interface FoundPairs {
  /** In the order of their names. */
  readonly pairs: readonly Pair[];
  /** Photographs without a mask. */
  readonly unpaired: readonly string[];
}

/** @returns set and sequence, of 'davis_camel_00010': 'davis', 'camel'; of 'ecssd_0001': 'ecssd', null */
export function partsOf(stem: string): Pick<Pair, 'set' | 'sequence'> {
  const first = stem.indexOf('_');
  const last = stem.lastIndexOf('_');
  return {
    set: first > 0 ? stem.slice(0, first) : 'all',
    sequence: first > 0 && last > first ? stem.slice(first + 1, last) : null,
  };
}

/** Says which photographs are left out, being of a kind that is not read. @returns null where the folder cannot be read */
export async function findPairs(folder: string): Promise<FoundPairs | null> {
  const listed = await listPhotographs(folder);
  if (listed === null) return null;
  tellLeftOut(listed.leftOut);
  for (const problem of listed.problems) console.error(problem);
  const files = listed.photographs;
  const all = new Set(files);
  const pairs: Pair[] = [];
  const unpaired: string[] = [];
  for (const photo of files) {
    const type = extname(photo);
    if (type.toLowerCase() === '.png') continue;
    const mask = `${photo.slice(0, -type.length)}.png`;
    if (all.has(mask)) pairs.push({ ...partsOf(basename(photo, type)), photo, mask });
    else unpaired.push(relative(folder, photo));
  }
  return { pairs, unpaired };
}

/** @returns set → its pairs, at most `count` of each by chance, which the seed decides alone; in the order of their names */
export function samplePairs(
  pairs: readonly Pair[],
  count: number | null,
  seed: number,
): Map<string, readonly Pair[]> {
  const bySet = groupBy(pairs, ({ set }) => set);
  const sampled = new Map<string, readonly Pair[]>();
  for (const [set, members] of bySet) {
    if (count === null || count >= members.length) {
      sampled.set(set, members);
      continue;
    }
    // The first `count` steps of a shuffle.
    const random = seededRandom(seed);
    const order = members.map((_, i) => i);
    for (let i = 0; i < count; i++) {
      const other = i + random.below(order.length - i);
      [order[i], order[other]] = [order[other] ?? 0, order[i] ?? 0];
    }
    const chosen = order.slice(0, count).toSorted((a, b) => a - b);
    sampled.set(
      set,
      chosen.flatMap((i) => members[i] ?? []),
    );
  }
  return sampled;
}
