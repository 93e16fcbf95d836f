/** The connected part of a mask of patches. */
import type { PatchGrid } from './geometry.ts';

/**
 * @param isIn 1 for patches of the mask, shape [rows, columns]
 * @param seed a patch of the mask
 * @param seen 1 for patches that are left out; those that are returned are added
 * @returns the seed and the patches that are connected to it through patches that share a side
 */
function floodFrom(isIn: Uint8Array, seed: number, { rows, columns }: PatchGrid, seen: Uint8Array): number[] {
  const part = [seed];
  seen[seed] = 1;
  // The list grows while it is read.
  for (const patch of part) {
    const row = Math.floor(patch / columns);
    const column = patch % columns;
    const beside = [
      row > 0 ? patch - columns : -1,
      row < rows - 1 ? patch + columns : -1,
      column > 0 ? patch - 1 : -1,
      column < columns - 1 ? patch + 1 : -1,
    ];
    for (const other of beside) {
      if (other < 0 || isIn[other] !== 1 || seen[other] === 1) continue;
      seen[other] = 1;
      part.push(other);
    }
  }
  return part;
}

/**
 * @param isIn 1 for patches of the mask, shape [rows, columns]
 * @param seed index of a patch
 * @returns 1 for the patches of the mask that are connected to the seed through patches that share a side; all 0 if the
 * seed is not in the mask
 */
export function connectedPart(isIn: Uint8Array, seed: number, grid: PatchGrid): Uint8Array {
  const part = new Uint8Array(isIn.length);
  if (isIn[seed] === 1) floodFrom(isIn, seed, grid, part);
  return part;
}

/** @returns 1 for the largest connected part of the mask, the first of several; all 0 if the mask is empty */
export function largestPart(mask: Uint8Array, grid: PatchGrid): Uint8Array<ArrayBuffer> {
  const seen = new Uint8Array(mask.length);
  let largest: readonly number[] = [];
  for (let patch = 0; patch < mask.length; patch++) {
    if (mask[patch] !== 1 || seen[patch] === 1) continue;
    const part = floodFrom(mask, patch, grid, seen);
    if (part.length > largest.length) largest = part;
  }
  const kept = new Uint8Array(mask.length);
  for (const patch of largest) kept[patch] = 1;
  return kept;
}

/** @returns the mask with all that is not connected to the border from outside, through patches that share a side */
export function fillHoles(mask: Uint8Array, grid: PatchGrid): Uint8Array {
  const { rows, columns } = grid;
  const outside = mask.map((kept) => 1 - kept);
  const seen = new Uint8Array(mask.length);
  for (let patch = 0; patch < mask.length; patch++) {
    const row = Math.floor(patch / columns);
    const column = patch % columns;
    const isBorder = row === 0 || row === rows - 1 || column === 0 || column === columns - 1;
    if (isBorder && outside[patch] === 1 && seen[patch] === 0) floodFrom(outside, patch, grid, seen);
  }
  return seen.map((isOutside) => 1 - isOutside);
}

/** A range of rows and columns of patches; the ends are exclusive. */
export interface PatchBounds {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** @returns the smallest rectangle that contains the mask; null if the mask is empty */
export function boundsOf(mask: Uint8Array, columns: number): PatchBounds | null {
  let bounds: PatchBounds | null = null;
  for (const [patch, kept] of mask.entries()) {
    if (kept !== 1) continue;
    const row = Math.floor(patch / columns);
    const column = patch % columns;
    const known: PatchBounds = bounds ?? { top: row, left: column, bottom: row, right: column };
    bounds = {
      top: Math.min(known.top, row),
      left: Math.min(known.left, column),
      bottom: Math.max(known.bottom, row + 1),
      right: Math.max(known.right, column + 1),
    };
  }
  return bounds;
}
