/**
 * The matrix product that all other operations use: some rows of a matrix times a panel. A panel is eight (or four)
 * columns of the other matrix, stored row by row. The sums of a tile stay in registers, so a panel in the first-level
 * cache is read once for five or six rows.
 */
import type { FunctionReference, ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32, type I32, type Local } from '../../wasm/wasm-values.ts';

/** Number of vectors in a panel's row; each has four columns. */
export type PanelVectors = 1 | 2;

/**
 * Bytes of a panel: first the initial values of the sums (a bias or zeros), then a row of columns for each of `depth`.
 */
export const panelBytes = (vectors: PanelVectors, depth: I32): I32 =>
  i32.mul(i32.add(depth, i32.const(1)), i32.const(16 * vectors));

/**
 * Rows of a tile. This is as many as fit into the fifteen free vector registers of x64, together with two vectors of a
 * panel and one number of the row. Without fused multiply-add, the product takes another register. With one more row, the
 * code was half as fast; unrolling the loop costs a third (docs/adr/0011).
 */
export const rowsOfTile = (relaxed: boolean): number => (relaxed ? 6 : 5);

/**
 * How the rows are stored. Strided: each row by itself, at a stride. Packed: for each of `depth`, the numbers of a tile's
 * rows are adjacent, so one address serves all rows and memory is read sequentially.
 */
type RowLayout = 'strided' | 'packed';

/** Parameters: from, its stride (only if strided), panel, depth, to, its stride. */
function defineTile(
  module: ModuleWriter,
  rows: number,
  vectors: PanelVectors,
  layout: RowLayout,
  relaxed: boolean,
): FunctionReference {
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.define(null, parameters, (f, from, fromStride, panel, depth, to, toStride) => {
    const isPacked = layout === 'packed';
    const x: Local<'i32'>[] = [from];
    const addresses = isPacked ? 1 : rows;
    for (let row = 1; row < addresses; row++) x.push(f.local('i32', i32.add(x[row - 1] ?? from, fromStride)));
    const columns = Array.from({ length: vectors }, (_, v) => v);
    const sums = Array.from({ length: rows }, () =>
      columns.map((v) => f.local('v128', f32x4.load(panel, 16 * v))),
    );
    const weights = columns.map(() => f.local('v128'));
    const factor = f.local('v128');
    const stepBytes = isPacked ? 4 * rows : 4;
    const end = f.local('i32', i32.add(from, i32.mul(depth, i32.const(stepBytes))));
    f.set(panel, i32.add(panel, i32.const(16 * vectors)));
    f.while(i32.lessThan(from, end), () => {
      for (const [v, weight] of weights.entries()) f.set(weight, f32x4.load(panel, 16 * v));
      for (const [row, sumsOfRow] of sums.entries()) {
        f.set(factor, isPacked ? f32x4.loadSplat(from, 4 * row) : f32x4.loadSplat(x[row] ?? from));
        for (const [v, weight] of weights.entries()) {
          const sum = sumsOfRow[v] as Local<'v128'>;
          f.set(sum, f32x4.multiplyAdd(factor, weight, sum, relaxed));
        }
      }
      for (const address of x) f.set(address, i32.add(address, i32.const(stepBytes)));
      f.set(panel, i32.add(panel, i32.const(16 * vectors)));
    });
    for (const row of sums) {
      for (const [v, sum] of row.entries()) f.storeV128(to, sum, 16 * v);
      f.set(to, i32.add(to, toStride));
    }
  });
}

/**
 * rows × panel of `vectors` × 4 columns.
 * Parameters: from, its stride, panel, depth, to, its stride, rows; addresses and strides in bytes.
 */
function defineRowsTimesPanel(
  module: ModuleWriter,
  vectors: PanelVectors,
  layout: RowLayout,
  relaxed: boolean,
): FunctionReference {
  const tileRows = rowsOfTile(relaxed);
  const tiles = Array.from({ length: tileRows }, (_, i) =>
    defineTile(module, i + 1, vectors, layout, relaxed),
  );
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.define(null, parameters, (f, from, fromStride, panel, depth, to, toStride, rows) => {
    const run = (count: number): void => {
      f.call(tiles[count - 1] as FunctionReference, from, fromStride, panel, depth, to, toStride);
      f.set(from, i32.add(from, i32.mul(fromStride, i32.const(count))));
      f.set(to, i32.add(to, i32.mul(toStride, i32.const(count))));
      f.set(rows, i32.sub(rows, i32.const(count)));
    };
    if (layout === 'strided') {
      // A tile of one row waits for its own sums and takes as long as one of four. So what is left over after whole tiles is shared out:
      // where there are rows enough, the last tiles have one less than the others. Packed rows lie in tiles already.
      const rest = i32.remainder(rows, i32.const(tileRows));
      const shorter = i32.remainder(i32.sub(i32.const(tileRows), rest), i32.const(tileRows));
      const ofShorter = f.local('i32', i32.mul(shorter, i32.const(tileRows - 1)));
      f.while(i32.lessThan(i32.add(ofShorter, i32.const(tileRows - 1)), rows), () => run(tileRows));
      f.while(i32.lessThan(i32.const(tileRows - 2), rows), () => run(tileRows - 1));
    } else f.while(i32.lessThan(i32.const(tileRows - 1), rows), () => run(tileRows));
    for (let count = tileRows - (layout === 'strided' ? 2 : 1); count > 0; count--)
      f.when(i32.lessThan(i32.const(count - 1), rows), () => run(count));
  });
}

export interface Tiles {
  /** The function for each number of vectors in the panel. */
  readonly rowsTimesPanel: Readonly<Record<PanelVectors, FunctionReference>>;
  /** The same for packed rows (see `pack-code.ts`), whose stride is a row's length in bytes, 4 × depth. */
  readonly packedTimesPanel: Readonly<Record<PanelVectors, FunctionReference>>;
}

export const defineTiles = (module: ModuleWriter, relaxed: boolean): Tiles => ({
  rowsTimesPanel: {
    1: defineRowsTimesPanel(module, 1, 'strided', relaxed),
    2: defineRowsTimesPanel(module, 2, 'strided', relaxed),
  },
  packedTimesPanel: {
    1: defineRowsTimesPanel(module, 1, 'packed', relaxed),
    2: defineRowsTimesPanel(module, 2, 'packed', relaxed),
  },
});
