/**
 * LOST (Siméoni et al., 2021, object_discovery.py): the patch that is like the fewest others is on an object, since objects are
 * smaller than their surroundings; what is like it belongs to the object.
 */
import type { PatchGrid } from '../core/geometry.ts';
import { connectedPart } from './connected-part.ts';

/** `k_patches` of the official script: of so many patches that are like few others, those that are like the seed help it. */
const helpers = 100;

export interface LostObject {
  /** For each patch how many others it is like, shape [rows, columns]. */
  readonly degrees: Float32Array<ArrayBuffer>;
  /** Index of the patch that it began with. */
  readonly seed: number;
  /** For each patch how like it is to the seed and its helpers together: the object is where this is above 0. Shape [rows, columns]. */
  readonly likeness: Float32Array<ArrayBuffer>;
  /** 1 for patches of the object, shape [rows, columns]. */
  readonly mask: Uint8Array;
}

/** How many others each patch has a product above 0 with. */
function degreesOf(alike: Uint8Array, size: number): Float32Array<ArrayBuffer> {
  const degrees = new Float32Array(size);
  for (let patch = 0; patch < size; patch++) {
    const row = alike.subarray(patch * size, (patch + 1) * size);
    degrees[patch] = row.reduce((sum, value) => sum + value, 0) - (row[patch] as number);
  }
  return degrees;
}

/**
 * @param features shape [rows × columns, channels], not normalised
 * @param alike 1 where the product of two patches' features is above 0, shape [rows × columns, rows × columns]
 */
export function findByLost(features: Float32Array, alike: Uint8Array, grid: PatchGrid): LostObject {
  const size = grid.rows * grid.columns;
  const channels = features.length / size;
  const degrees = degreesOf(alike, size);
  // Of equal ones the first: the official script leaves it to the sort.
  const byDegree = Array.from({ length: size }, (_, patch) => patch).toSorted(
    (a, b) => (degrees[a] as number) - (degrees[b] as number) || a - b,
  );
  const [seed = 0] = byDegree;
  const chosen = byDegree.slice(0, helpers).filter((patch) => alike[seed * size + patch] === 1);
  // The sum of rows of F Fᵀ is the sum of their features times Fᵀ.
  const sum = new Float64Array(channels);
  for (const patch of chosen)
    for (let channel = 0; channel < channels; channel++)
      sum[channel] = (sum[channel] as number) + (features[patch * channels + channel] as number);
  const likeness = new Float32Array(size);
  for (let patch = 0; patch < size; patch++) {
    let product = 0;
    for (let channel = 0; channel < channels; channel++)
      product += (sum[channel] as number) * (features[patch * channels + channel] as number);
    likeness[patch] = product;
  }
  const isIn = Uint8Array.from(likeness, (value) => (value > 0 ? 1 : 0));
  return { degrees, seed, likeness, mask: connectedPart(isIn, seed, grid) };
}
