/**
 * Overlapping patches: a stride smaller than the patch, so that the grid of patches is finer than the patches are. As in
 * the repository ShirAmir/dino-vit-features.
 */
import type { PatchGrid } from './geometry.ts';

export const overlaps = [1, 2, 4] as const;

/** How many patches begin where one did: the stride is the patch's side / overlap. 1: patches do not overlap. */
export type Overlap = (typeof overlaps)[number];

/** Those with a stride of whole px; always 1, and the smallest first. */
export const overlapsFor = (patchSizePx: number): readonly Overlap[] =>
  overlaps.filter((overlap) => patchSizePx % overlap === 0);

/** The wanted overlap, or the largest below it that the patch's side allows. */
export const usableOverlap = (wanted: Overlap, patchSizePx: number): Overlap =>
  overlapsFor(patchSizePx).findLast((overlap) => overlap <= wanted) ?? 1;

/** The grid of overlapping patches. @param grid of the same input without overlap */
export const finerGrid = ({ rows, columns }: PatchGrid, overlap: Overlap): PatchGrid => ({
  rows: (rows - 1) * overlap + 1,
  columns: (columns - 1) * overlap + 1,
});

/** The other way: the grid without overlap. */
export const wholeGridOf = ({ rows, columns }: PatchGrid, overlap: Overlap): PatchGrid => ({
  rows: (rows - 1) / overlap + 1,
  columns: (columns - 1) / overlap + 1,
});
