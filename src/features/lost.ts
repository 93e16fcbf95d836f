/**
 * LOST (Siméoni et al., 2021, object_discovery.py). The patch that is similar to the fewest others is assumed to be on an
 * object, since objects are smaller than their surroundings. Patches similar to it belong to the object.
 */
import type { PatchGrid } from '../core/geometry.ts';
import { connectedPart } from '../core/connected-part.ts';

/**
 * `k_patches` of the official script. From this many patches with the lowest degrees, those that are similar to the seed
 * are used as helpers.
 */
const helpers = 100;

export interface LostObject {
  /** For each patch, the number of other patches that it is similar to, shape [rows, columns]. */
  readonly degrees: Float32Array<ArrayBuffer>;
  /** Index of the patch that the search starts from. */
  readonly seed: number;
  /**
   * For each patch, its similarity to the seed and its helpers together, shape [rows, columns]. The object is where this
   * is above 0.
   */
  readonly likeness: Float32Array<ArrayBuffer>;
  /** 1 for patches of the object, shape [rows, columns]. */
  readonly mask: Uint8Array;
}

/** For each patch, the number of other patches with which its product is above 0. */
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
 * @param alike 1 if the product of two patches' features is above 0, shape [rows × columns, rows × columns]
 */
export function findByLost(features: Float32Array, alike: Uint8Array, grid: PatchGrid): LostObject {
  const size = grid.rows * grid.columns;
  const channels = features.length / size;
  const degrees = degreesOf(alike, size);
  // Among equal degrees the first is taken; in the official script this depends on the sort.
  const byDegree = Array.from({ length: size }, (_, patch) => patch).toSorted(
    (a, b) => (degrees[a] as number) - (degrees[b] as number) || a - b,
  );
  const [seed = 0] = byDegree;
  const chosen = byDegree.slice(0, helpers).filter((patch) => alike[seed * size + patch] === 1);
  // The sum of rows of F Fᵀ equals the sum of their features times Fᵀ.
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
