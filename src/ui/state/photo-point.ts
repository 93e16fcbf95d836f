/** Points on a photograph, and the patches under them. */
import type { Frame } from '../../core/frame.ts';
import type { PatchPosition } from '../../core/geometry.ts';

/** A point in shares of the photograph's width and height, 0..1, so that it does not depend on the grid. */
export interface PhotoPoint {
  readonly x: number;
  readonly y: number;
}

/** A grid of patches and its place on the photograph. */
type PlacedGrid = Pick<Frame, 'rows' | 'columns' | 'box' | 'photoSizePx'>;

const cellAt = (share: number, fullPx: number, beginPx: number, sidePx: number, count: number): number =>
  Math.min(count - 1, Math.max(0, Math.floor(((share * fullPx - beginPx) / sidePx) * count)));

/** @returns the patch under the point, or the nearest one if the point is outside of the grid */
export const patchAt = (
  { x, y }: PhotoPoint,
  { rows, columns, box, photoSizePx }: PlacedGrid,
): PatchPosition => ({
  row: cellAt(y, photoSizePx.height, box.top, box.height, rows),
  column: cellAt(x, photoSizePx.width, box.left, box.width, columns),
});

/** @returns the middle of the patch */
export const pointOf = (
  { row, column }: PatchPosition,
  { rows, columns, box, photoSizePx }: PlacedGrid,
): PhotoPoint => ({
  x: (box.left + ((column + 0.5) / columns) * box.width) / photoSizePx.width,
  y: (box.top + ((row + 0.5) / rows) * box.height) / photoSizePx.height,
});

export const isSamePatch = (a: PatchPosition, b: PatchPosition): boolean =>
  a.row === b.row && a.column === b.column;

/** @returns the patch `down` rows below and `right` columns to the right, limited to the grid */
export const patchBeside = (
  { row, column }: PatchPosition,
  { down, right }: { readonly down: number; readonly right: number },
  { rows, columns }: Pick<Frame, 'rows' | 'columns'>,
): PatchPosition => ({
  row: Math.min(rows - 1, Math.max(0, row + down)),
  column: Math.min(columns - 1, Math.max(0, column + right)),
});
