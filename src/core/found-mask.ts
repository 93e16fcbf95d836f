/** Masks and boxes that a lens makes of a photograph: for scores, cut-outs and files. */
import { boundsOf } from './connected-part.ts';
import { seenBoxOf, type Frame } from './frame.ts';
import type { Box, Size } from './geometry.ts';

/** Where the cells of a mask are on its photograph. Cells are patches, or pixels of a finer grid. */
export type MaskGrid = Pick<Frame, 'rows' | 'columns' | 'box' | 'seenBox' | 'photoSizePx'>;

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
export function boxOfMask(mask: Uint8Array, grid: MaskGrid): Box | null {
  const { rows, columns, box, photoSizePx } = grid;
  const bounds = boundsOf(mask, columns);
  if (bounds === null) return null;
  const seen = seenBoxOf(grid);
  /** The outermost cells reach as far as the network saw. */
  const edge = (cell: number, cells: number, inner: Span, outer: Span, photoPx: number): number => {
    const isOutermost = cell === 0 || cell === cells;
    const { start, length } = isOutermost ? outer : inner;
    return Math.min(photoPx, Math.max(0, Math.round(start + (cell * length) / cells)));
  };
  const down = (row: number): number =>
    edge(row, rows, spanOf(box, 'down'), spanOf(seen, 'down'), photoSizePx.height);
  const across = (column: number): number =>
    edge(column, columns, spanOf(box, 'across'), spanOf(seen, 'across'), photoSizePx.width);
  // Cells may be smaller than a pixel: a box has at least one.
  const top = Math.min(down(bounds.top), photoSizePx.height - 1);
  const left = Math.min(across(bounds.left), photoSizePx.width - 1);
  return {
    top,
    left,
    height: Math.max(1, down(bounds.bottom) - top),
    width: Math.max(1, across(bounds.right) - left),
  };
}

interface Span {
  readonly start: number;
  readonly length: number;
}

const spanOf = ({ top, left, height, width }: Box, direction: 'down' | 'across'): Span =>
  direction === 'down' ? { start: top, length: height } : { start: left, length: width };

interface CellsOfPixels {
  /** shape [height]: for each row of pixels the row of cells, or -1 where no cell is */
  readonly rowOf: Int32Array;
  /** shape [width]: the same for columns */
  readonly columnOf: Int32Array;
}

/**
 * A pixel belongs to the cell that its middle is in. Where patches overlap, the network saw more than the cells cover;
 * there it belongs to the nearest cell, as in the drawing.
 * @param size of pixels that cover the photograph, if it is not the photograph's own
 */
export function cellsOfPixels(grid: MaskGrid, size: Size = grid.photoSizePx): CellsOfPixels {
  const { rows, columns, box, photoSizePx } = grid;
  const seen = seenBoxOf(grid);
  const along = (pixels: number, photoPx: number, inner: Span, outer: Span, cells: number): Int32Array =>
    Int32Array.from({ length: pixels }, (_, pixel) => {
      const place = ((pixel + 0.5) * photoPx) / pixels;
      if (place < outer.start || place >= outer.start + outer.length) return -1;
      const cell = Math.floor(((place - inner.start) * cells) / inner.length);
      return Math.min(cells - 1, Math.max(0, cell));
    });
  return {
    rowOf: along(size.height, photoSizePx.height, spanOf(box, 'down'), spanOf(seen, 'down'), rows),
    columnOf: along(size.width, photoSizePx.width, spanOf(box, 'across'), spanOf(seen, 'across'), columns),
  };
}

interface PixelMask extends Size {
  /** shape [height, width]: 1 inside, else 0 */
  readonly inside: Uint8Array<ArrayBuffer>;
}

/**
 * The masks on the photograph's pixels: each pixel takes its cell's value.
 * @param masks at least one, of one photograph
 * @returns of the photograph's size; a pixel is inside if it is in any of the masks
 */
export function pixelsOfMasks(masks: readonly FoundMask[]): PixelMask {
  const [first] = masks;
  if (first === undefined) throw new Error('no mask');
  const { height, width } = first.grid.photoSizePx;
  const inside = new Uint8Array(height * width);
  for (const { grid, values } of masks) {
    const { rowOf, columnOf } = cellsOfPixels(grid);
    for (let y = 0; y < height; y++) {
      const row = rowOf[y] as number;
      if (row < 0) continue;
      for (let x = 0; x < width; x++) {
        const column = columnOf[x] as number;
        if (column >= 0 && values[row * grid.columns + column] === 1) inside[y * width + x] = 1;
      }
    }
  }
  return { height, width, inside };
}
