/** How well a mask of patches fits the objects of a photograph. */
import type { Box } from '../../src/core/geometry.ts';
import { massMask, massThreshold, rankByMass } from '../../src/attention/mass-mask.ts';
import type { Objects } from './read-objects.ts';

export interface PatchMask {
  readonly rows: number;
  readonly columns: number;
  /** 1 for a patch that is kept, 0 for one that is not; row by row. */
  readonly kept: Uint8Array;
}

/** What the official script keeps of a head's mass, and the paper's figure 4. */
export const keptShare = 0.6;

/** @param values shape [rows, columns] @returns the smallest set of patches with 60 % of the mass */
export function maskOf(rows: number, columns: number, values: Float32Array): PatchMask {
  const ranking = rankByMass(values);
  return { rows, columns, kept: massMask(ranking, massThreshold(ranking, keptShare)) };
}

/** @returns for each pixel along a side, the patch that its centre lies in, or -1 outside of what the network saw */
export function patchOfPixels(pixels: number, start: number, length: number, patches: number): Int32Array {
  return Int32Array.from({ length: pixels }, (_, pixel) => {
    const patch = Math.floor(((pixel + 0.5 - start) / length) * patches);
    return patch >= 0 && patch < patches ? patch : -1;
  });
}

/**
 * Jaccard index (intersection over union) of the mask with each object, counted in the photograph's own pixels: each pixel has
 * the value of its patch. What of an object was cut from the photograph before the network saw it counts as missed.
 * @param box the part of the photograph that the patches cover
 * @returns one value an object
 */
export function jaccardOfObjects(mask: PatchMask, box: Box, objects: Objects): Float64Array {
  const { height, width, labels, count } = objects;
  const rowOf = patchOfPixels(height, box.top, box.height, mask.rows);
  const columnOf = patchOfPixels(width, box.left, box.width, mask.columns);
  const sizes = new Float64Array(count + 1);
  const hits = new Float64Array(count + 1);
  let keptPixels = 0;
  for (let y = 0; y < height; y++) {
    const row = rowOf[y] ?? -1;
    for (let x = 0; x < width; x++) {
      const label = labels[y * width + x] ?? 0;
      sizes[label] = (sizes[label] ?? 0) + 1;
      const column = columnOf[x] ?? -1;
      if (row < 0 || column < 0 || mask.kept[row * mask.columns + column] !== 1) continue;
      keptPixels++;
      hits[label] = (hits[label] ?? 0) + 1;
    }
  }
  return Float64Array.from({ length: count }, (_, object) => {
    const hit = hits[object + 1] ?? 0;
    return hit / (keptPixels + (sizes[object + 1] ?? 0) - hit);
  });
}
