/** How well masks and boxes fit the objects of a photograph. The page and `npm run evaluate` count alike, by this file. */
import { cellsOfPixels, type MaskGrid } from '../core/found-mask.ts';
import type { Box, Size } from '../core/geometry.ts';
import { borderLabel, type Objects } from './objects.ts';

/** How many pixels of each label are in each cell of a grid. With it, a mask of cells is scored without looking at a pixel. */
export interface CellCounts {
  readonly rows: number;
  readonly columns: number;
  /** O, objects. */
  readonly count: number;
  /** shape [rows, columns, 1 + O]: pixels of the background and of each object, without the border */
  readonly cells: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  /** shape [1 + O]: of the whole photograph, also where no cell is */
  readonly sizes: readonly number[];
}

/**
 * Whether a mask can be a photograph's: of its size, or of its shape at another size.
 * @returns false where a side of the smaller one is more than a pixel off
 */
export function haveSameShape(mask: Size, photo: Size): boolean {
  const [small, large] = mask.width <= photo.width ? [mask, photo] : [photo, mask];
  const scale = Math.max(small.width / large.width, small.height / large.height);
  return (
    Math.abs(large.width * scale - small.width) <= 1 && Math.abs(large.height * scale - small.height) <= 1
  );
}

/** Counts in the mask's own pixels. */
export function countCells(objects: Objects, grid: MaskGrid): CellCounts {
  const { height, width, labels, count } = objects;
  const { rows, columns } = grid;
  const { rowOf, columnOf } = cellsOfPixels(grid, objects);
  // The outermost cells of patches that overlap reach one and a half cells further.
  const mostInCell = (3 * Math.ceil(height / rows) + 1) * (3 * Math.ceil(width / columns) + 1);
  const length = rows * columns * (count + 1);
  const cells = mostInCell < 65_536 ? new Uint16Array(length) : new Uint32Array(length);
  const sizes = Array.from({ length: count + 1 }, () => 0);
  for (let y = 0; y < height; y++) {
    const row = rowOf[y] ?? -1;
    for (let x = 0; x < width; x++) {
      const label = labels[y * width + x] ?? 0;
      if (label === borderLabel) continue;
      sizes[label] = (sizes[label] ?? 0) + 1;
      const column = columnOf[x] ?? -1;
      if (row < 0 || column < 0) continue;
      const at = (row * columns + column) * (count + 1) + label;
      cells[at] = (cells[at] ?? 0) + 1;
    }
  }
  return { rows, columns, count, cells, sizes };
}

/**
 * Jaccard index (intersection over union) of a mask with each object; all other objects are background. What of an object lies
 * where no cell is counts as missed, and a border not at all.
 * @param mask shape [rows, columns]: 1 inside, else 0
 * @returns one value an object; 0 where the mask is empty
 */
export function jaccardOfObjects(mask: ArrayLike<number>, counts: CellCounts): Float64Array {
  const { rows, columns, count, cells, sizes } = counts;
  if (mask.length !== rows * columns)
    throw new Error(`a mask of ${mask.length} cells, where counts are of ${rows} × ${columns}`);
  const hits = new Float64Array(count + 1);
  for (let cell = 0; cell < mask.length; cell++) {
    if (mask[cell] !== 1) continue;
    for (let label = 0; label <= count; label++)
      hits[label] = (hits[label] ?? 0) + (cells[cell * (count + 1) + label] ?? 0);
  }
  const kept = hits.reduce((sum, value) => sum + value, 0);
  return Float64Array.from({ length: count }, (_, object) => {
    const hit = hits[object + 1] ?? 0;
    return hit / (kept + (sizes[object + 1] ?? 0) - hit);
  });
}

/** @returns intersection over union of two rectangles, 0..1 */
export function overlapOfBoxes(a: Box, b: Box): number {
  const along = (startA: number, lengthA: number, startB: number, lengthB: number): number =>
    Math.max(0, Math.min(startA + lengthA, startB + lengthB) - Math.max(startA, startB));
  const common = along(a.top, a.height, b.top, b.height) * along(a.left, a.width, b.left, b.width);
  return common === 0 ? 0 : common / (a.height * a.width + b.height * b.width - common);
}

/** @returns the overlap with the object that the box fits best; 0 where there is no box */
export const bestOverlap = (box: Box | null, objects: readonly Box[]): number =>
  box === null ? 0 : Math.max(0, ...objects.map((object) => overlapOfBoxes(box, object)));

/** A box with at least this overlap has found its object (CorLoc: Deselaers et al., 2012). */
export const foundOverlap = 0.5;

export const meanOf = (values: ArrayLike<number>): number =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

/**
 * For each object the mask that fits it best, and the mean of these over the objects, as in figure 4 of the paper (Caron et al., 2021).
 * @param fits of each mask with each object, at least one mask
 */
export const bestFit = (fits: readonly ArrayLike<number>[]): number =>
  meanOf(Array.from(fits[0] ?? [], (_, object) => Math.max(...fits.map((fit) => fit[object] ?? 0))));
