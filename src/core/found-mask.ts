/** Masks and boxes that a lens makes of a photograph: for scores, cut-outs and files. */
import { boundsOf } from './connected-part.ts';
import type { Frame } from './frame.ts';
import type { Box, Size } from './geometry.ts';

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

/** @returns for each pixel along one side the cell whose area holds its middle; -1 where the grid does not reach */
const cellsAlong = (pixels: number, begin: number, length: number, cells: number): Int32Array =>
  Int32Array.from({ length: pixels }, (_, pixel) => {
    const cell = Math.floor(((pixel + 0.5 - begin) * cells) / length);
    return cell >= 0 && cell < cells ? cell : -1;
  });

interface PixelMask extends Size {
  /** shape [height, width]: 1 inside, else 0 */
  readonly inside: Uint8Array<ArrayBuffer>;
}

/**
 * The masks on the photograph's pixels: each pixel takes the value of the cell that its middle is in, and none outside
 * of the grid.
 * @param masks at least one, of one photograph
 * @returns of the photograph's size; a pixel is inside if it is in any of the masks
 */
export function pixelsOfMasks(masks: readonly FoundMask[]): PixelMask {
  const [first] = masks;
  if (first === undefined) throw new Error('no mask');
  const { height, width } = first.grid.photoSizePx;
  const inside = new Uint8Array(height * width);
  for (const { grid, values } of masks) {
    const { rows, columns, box } = grid;
    const downwards = cellsAlong(height, box.top, box.height, rows);
    const across = cellsAlong(width, box.left, box.width, columns);
    for (let y = 0; y < height; y++) {
      const row = downwards[y] as number;
      if (row < 0) continue;
      for (let x = 0; x < width; x++) {
        const column = across[x] as number;
        if (column >= 0 && values[row * columns + column] === 1) inside[y * width + x] = 1;
      }
    }
  }
  return { height, width, inside };
}
