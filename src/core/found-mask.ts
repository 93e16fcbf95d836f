/** Masks and boxes that a lens makes of a photograph: for scores, cut-outs and files. */
import { boundsOf } from './connected-part.ts';
import type { Frame } from './frame.ts';
import type { Box } from './geometry.ts';

/** Where the cells of a mask are on its photograph. Cells are patches, or pixels of a finer grid. */
export type MaskGrid = Pick<Frame, 'rows' | 'columns' | 'box' | 'photoSizePx'>;

export interface FoundMask {
  /** What it is of: "Object 2", "Head 1". */
  readonly title: string;
  readonly grid: MaskGrid;
  /** shape [rows, columns]: 1 inside, else 0. */
  readonly values: ArrayLike<number>;
  /** The rectangle that the lens claims, in whole px of the photograph; null if the mask is empty. */
  readonly box: Box | null;
}

/**
 * @param mask shape [rows, columns]: 1 inside, else 0
 * @returns the smallest rectangle that holds the mask, in whole px of the photograph and within it; null if it is empty
 */
export function boxOfMask(mask: Uint8Array, { rows, columns, box, photoSizePx }: MaskGrid): Box | null {
  const bounds = boundsOf(mask, columns);
  if (bounds === null) return null;
  const down = (row: number): number =>
    Math.min(photoSizePx.height, Math.max(0, Math.round(box.top + (row * box.height) / rows)));
  const across = (column: number): number =>
    Math.min(photoSizePx.width, Math.max(0, Math.round(box.left + (column * box.width) / columns)));
  const [top, left] = [down(bounds.top), across(bounds.left)];
  return { top, left, height: down(bounds.bottom) - top, width: across(bounds.right) - left };
}
