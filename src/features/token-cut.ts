/**
 * TokenCut (Wang et al., 2022, object_discovery.py) cuts the patches in two along the second smallest eigenvector of
 * their graph. The object is on the side where the vector is largest. MaskCut (CutLER, Wang et al., 2023, maskcut.py)
 * does this several times, each time without the patches of the objects found so far.
 */
import type { PatchGrid } from '../core/geometry.ts';
import { connectedPart } from '../core/connected-part.ts';
import { createPatchGraph, type PatchGraph } from './patch-graph.ts';
import { secondEigenvector } from './second-eigenvector.ts';

export interface CutObject {
  /** The eigenvector, with its largest values on the object, shape [rows, columns]. */
  readonly vector: Float32Array<ArrayBuffer>;
  /** Index of the patch where the vector is largest. */
  readonly seed: number;
  /** 1 for patches of the object, shape [rows, columns]. */
  readonly mask: Uint8Array;
}

interface Side {
  readonly vector: Float64Array;
  readonly isIn: Uint8Array;
}

/**
 * Values of a vector that differ by less than this share of its largest magnitude are treated as equal. Otherwise
 * rounding would choose among them.
 */
const noDifference = 1e-6;

const sizeOf = (values: Float64Array): number =>
  values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);

/** Patches that are joined in the same way have the same value; the first of them is taken. */
function indexOfLargest(values: Float64Array): number {
  const largest = values.reduce((most, value) => Math.max(most, value), -Infinity);
  const least = largest - noDifference * sizeOf(values);
  return values.findIndex((value) => value >= least);
}

/**
 * The side above the mean. The sign of the vector is chosen so that its value of largest magnitude is on that side. The
 * official script negates the vector and the side if it is not, so a solver that returns the other sign gives the same
 * result.
 */
function sideOfLargest(found: Float64Array): Side {
  const meanOf = (values: Float64Array): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const furthest = indexOfLargest(found.map(Math.abs));
  const vector = (found[furthest] as number) > meanOf(found) ? found : found.map((value) => -value);
  const least = meanOf(vector) + noDifference * sizeOf(vector);
  return { vector, isIn: Uint8Array.from(vector, (value) => (value > least ? 1 : 0)) };
}

const otherSide = ({ vector, isIn }: Side): Side => ({
  vector: vector.map((value) => -value),
  isIn: isIn.map((value) => 1 - value),
});

/** Counts the corners in a side, because an object rarely covers three corners of a photograph. */
const cornersIn = (isIn: Uint8Array, { rows, columns }: PatchGrid): number =>
  [0, columns - 1, (rows - 1) * columns, rows * columns - 1].filter((corner) => isIn[corner] === 1).length;

const objectOn = ({ vector, isIn }: Side, grid: PatchGrid): CutObject => {
  const seed = indexOfLargest(vector);
  return { vector: Float32Array.from(vector), seed, mask: connectedPart(isIn, seed, grid) };
};

type AfterStep = () => Promise<void>;

/**
 * @param alike 1 if the cosine of two patches' features is above the threshold, shape [rows × columns, rows × columns]
 * @param afterStep see `secondEigenvector`
 * @returns null if all patches are similar, or none
 */
export async function findByTokenCut(
  alike: Uint8Array,
  grid: PatchGrid,
  afterStep?: AfterStep,
): Promise<CutObject | null> {
  const graph = createPatchGraph(alike, grid.rows * grid.columns);
  const vector = await secondEigenvector(graph, afterStep);
  return vector === null ? null : objectOn(sideOfLargest(vector), grid);
}

/** A mask is not a new object if its intersection with the previous mask is more than this share of their union. */
const mostShared = 0.5;

/** A mask is also not a new object if it covers no more than this share of all patches. */
const leastShare = 0.01;

function isNew(mask: Uint8Array, before: Uint8Array): boolean {
  let [both, either, own] = [0, 0, 0];
  for (const [patch, kept] of mask.entries()) {
    const other = before[patch] as number;
    both += kept & other;
    either += kept | other;
    own += kept;
  }
  return own / mask.length > leastShare && !(both / either > mostShared);
}

async function cutOnce(graph: PatchGraph, grid: PatchGrid, afterStep?: AfterStep): Promise<CutObject | null> {
  const vector = await secondEigenvector(graph, afterStep);
  if (vector === null) return null;
  const side = sideOfLargest(vector);
  return objectOn(cornersIn(side.isIn, grid) >= 3 ? otherSide(side) : side, grid);
}

/**
 * @param alike as for `findByTokenCut`
 * @param rounds the largest number of objects
 * @returns the objects in the order in which they were found; no patch belongs to two of them
 */
export async function findByMaskCut(
  alike: Uint8Array,
  grid: PatchGrid,
  rounds: number,
  afterStep?: AfterStep,
): Promise<CutObject[]> {
  const size = grid.rows * grid.columns;
  const none = new Uint8Array(size);
  const taken = new Uint8Array(size);
  const graph = createPatchGraph(alike, size);
  const objects: CutObject[] = [];
  let before: Uint8Array = none;
  let found: CutObject | null = null;
  for (let round = 0; round < rounds; round++) {
    // If the last round found nothing new, the patches are the same, and the result would be the same too.
    found ??= await cutOnce(graph.without(taken), grid, afterStep);
    if (found === null) break;
    if (round > 0 && !isNew(found.mask, before)) {
      // As in the official script, which compares the next round with an empty mask.
      before = none;
      continue;
    }
    before = found.mask;
    const mask = found.mask.map((kept, patch) => (taken[patch] === 1 ? 0 : kept));
    for (const [patch, kept] of found.mask.entries()) if (kept === 1) taken[patch] = 1;
    if (mask.includes(1)) objects.push({ ...found, mask });
    found = null;
  }
  return objects;
}
