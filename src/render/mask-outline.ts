import { contours } from 'd3-contour';
import type { Grid } from './upsample.ts';

/**
 * A closed line: x0, y0, x1, y1, … in patch coordinates (patch (row, column) covers column..column + 1 across and
 * row..row + 1 down). An area is several rings filled by the even-odd rule, so that holes stay open.
 */
export type Ring = readonly number[];

// Directions of an edge, clockwise; the bit of a direction is 1 << direction.
const east = 0;
const south = 1;
const west = 2;
const north = 3;
const stepX = [1, 0, -1, 0];
const stepY = [0, 1, 0, -1];

/** For every corner of the patch grid the directions of the mask's edges that leave it, the mask on their right. */
function findEdges(mask: Uint8Array, rows: number, columns: number): Uint8Array {
  const stride = columns + 1;
  const edges = new Uint8Array((rows + 1) * stride);
  const kept = (row: number, column: number): boolean =>
    row >= 0 && column >= 0 && row < rows && column < columns && mask[row * columns + column] === 1;
  const mark = (row: number, column: number, direction: number): void => {
    const corner = row * stride + column;
    edges[corner] = (edges[corner] ?? 0) | (1 << direction);
  };
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      if (!kept(row, column)) continue;
      if (!kept(row - 1, column)) mark(row, column, east);
      if (!kept(row, column + 1)) mark(row, column + 1, south);
      if (!kept(row + 1, column)) mark(row + 1, column + 1, west);
      if (!kept(row, column - 1)) mark(row + 1, column, north);
    }
  }
  return edges;
}

/**
 * The exact outline of a patch mask, edges in a line merged. Patches that touch at a corner only stay apart.
 * @param mask shape [rows, columns], 1 for kept
 */
export function outlinePatches(mask: Uint8Array, rows: number, columns: number): readonly Ring[] {
  const stride = columns + 1;
  const edges = findEdges(mask, rows, columns);
  const rings: Ring[] = [];
  // The leftmost edge of a run to the east always starts at a turn, so every ring starts at one of its corners.
  for (let start = 0; start < edges.length; start += 1) {
    while (((edges[start] ?? 0) & (1 << east)) !== 0) {
      const ring: number[] = [];
      let corner = start;
      let direction = east;
      let turned = true;
      for (;;) {
        const leaving = edges[corner] ?? 0;
        if ((leaving & (1 << direction)) === 0) break;
        if (turned) ring.push(corner % stride, Math.floor(corner / stride));
        edges[corner] = leaving & ~(1 << direction);
        corner += (stepX[direction] ?? 0) + stride * (stepY[direction] ?? 0);
        const ahead = edges[corner] ?? 0;
        const right = (direction + 1) % 4;
        const left = (direction + 3) % 4;
        const next =
          (ahead & (1 << right)) !== 0 ? right : (ahead & (1 << direction)) !== 0 ? direction : left;
        turned = next !== direction;
        direction = next;
      }
      rings.push(ring);
    }
  }
  return rings;
}

/**
 * The line where an interpolated map crosses `level`.
 * @param grid shape [rows · factor, columns · factor]
 * @returns rings in patch coordinates
 */
export function outlineLevel(grid: Grid, level: number, factor: number): readonly Ring[] {
  // d3 types its input as number[], but only ever reads it by index.
  const values = grid.values as unknown as number[];
  const area = contours().size([grid.width, grid.height]).contour(values, level);
  return area.coordinates.flatMap((polygon) =>
    polygon.map((ring) => ring.slice(0, -1).flatMap(([x, y]) => [(x ?? 0) / factor, (y ?? 0) / factor])),
  );
}

/** @returns SVG path data in patch coordinates, closed */
export const outlinePath = (rings: readonly Ring[]): string =>
  rings.map((ring) => `M${ring.join(' ')}Z`).join('');
