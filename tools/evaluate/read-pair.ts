/** A photograph and the objects in it, and which pairs can be used at all. */
import { describeFailure } from '../../src/core/failure.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import type { Pair } from './find-pairs.ts';
import { haveSameShape, meanOf } from '../../src/score/fit.ts';
import { borderShare, type Objects } from '../../src/score/objects.ts';
import { readObjects } from './read-objects.ts';

export interface PairContent {
  readonly photo: PixelGrid;
  /** Of the photograph's shape; their size may be another. */
  readonly objects: Objects;
}

/** @returns what the two files hold, a sentence that says what is wrong with one of them, or null where there is no object */
export async function readPair(pair: Pair): Promise<PairContent | string | null> {
  const objects = await readObjects(pair.mask);
  if (typeof objects === 'string') return `${pair.mask} is not a mask: ${objects}.`;
  if (objects.count === 0) return null;
  const photo = await readPhoto(pair.photo);
  if (!photo.ok) return `${pair.photo}: ${describeFailure(photo.error)}`;
  const { height, width } = photo.value;
  if (!haveSameShape(objects, photo.value))
    return `${pair.mask} is ${objects.height} × ${objects.width} px, its photograph ${height} × ${width}.`;
  return { photo: photo.value, objects };
}

export interface CheckedPairs {
  /** Those that can be scored: both files are good, and there is an object. Every network has the same ones. */
  readonly usable: readonly Pair[];
  /** A sentence for each that cannot be read. */
  readonly problems: readonly string[];
  /** The share of pixels that are a border and do not count, 0..1; mean over the usable masks. */
  readonly border: number;
}

/** Reads all of them once, so that faulty files are reported before the first network runs. */
export async function checkPairs(pairs: readonly Pair[]): Promise<CheckedPairs> {
  const usable: Pair[] = [];
  const problems: string[] = [];
  const borders: number[] = [];
  for (const pair of pairs) {
    const content = await readPair(pair);
    if (typeof content === 'string') problems.push(content);
    else if (content !== null) {
      usable.push(pair);
      borders.push(borderShare(content.objects));
    }
  }
  return { usable, problems, border: borders.length === 0 ? 0 : meanOf(borders) };
}
