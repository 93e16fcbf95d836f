/** The connected part of a mask of patches. */
import type { PatchGrid } from './geometry.ts';

/**
 * @param isIn 1 for patches of the mask, shape [rows, columns]
 * @param seed index of a patch
 * @returns 1 for the patches of the mask that are connected to the seed through patches that share a side; all 0 if the
 * seed is not in the mask
 */
export function connectedPart(isIn: Uint8Array, seed: number, { rows, columns }: PatchGrid): Uint8Array {
  const part = new Uint8Array(isIn.length);
  if (isIn[seed] !== 1) return part;
  const open = [seed];
  part[seed] = 1;
  for (let patch = open.pop(); patch !== undefined; patch = open.pop()) {
    const row = Math.floor(patch / columns);
    const column = patch % columns;
    const beside = [
      row > 0 ? patch - columns : -1,
      row < rows - 1 ? patch + columns : -1,
      column > 0 ? patch - 1 : -1,
      column < columns - 1 ? patch + 1 : -1,
    ];
    for (const other of beside) {
      if (other < 0 || isIn[other] !== 1 || part[other] === 1) continue;
      part[other] = 1;
      open.push(other);
    }
  }
  return part;
}

/** @returns 1 for the largest connected part of the mask, the first of several; all 0 if the mask is empty */
export function largestPart(mask: Uint8Array, grid: PatchGrid): Uint8Array {
  const seen = new Uint8Array(mask.length);
  let largest: { readonly part: Uint8Array; readonly size: number } = { part: seen.slice(), size: 0 };
  for (let patch = 0; patch < mask.length; patch += 1) {
    if (mask[patch] !== 1 || seen[patch] === 1) continue;
    const part = connectedPart(mask, patch, grid);
    let size = 0;
    for (const [at, isIn] of part.entries())
      if (isIn === 1) {
        seen[at] = 1;
        size += 1;
      }
    if (size > largest.size) largest = { part, size };
  }
  return largest.part;
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
