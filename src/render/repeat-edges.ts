/** Values of a grid of samples, row by row. */
interface Samples<A> {
  readonly height: number;
  readonly width: number;
  readonly values: A;
}

/** @returns the grid, larger by `rim` at each edge, where the outermost values are repeated; itself where that is 0 */
export function repeatEdges<A extends Float32Array | Uint8Array>(grid: Samples<A>, rim: number): Samples<A> {
  if (rim === 0) return grid;
  const [height, width] = [grid.height + 2 * rim, grid.width + 2 * rim];
  const values = new (grid.values.constructor as new (length: number) => A)(height * width);
  for (let y = 0; y < height; y++) {
    const from = grid.width * Math.min(grid.height - 1, Math.max(0, y - rim));
    const row = grid.values.subarray(from, from + grid.width);
    const to = y * width;
    values.set(row, to + rim);
    values.fill(row[0] as number, to, to + rim);
    values.fill(row[row.length - 1] as number, to + rim + grid.width, to + width);
  }
  return { height, width, values };
}
