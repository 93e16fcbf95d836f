/**
 * The product that all else is made of: some rows of a matrix times a panel, which is eight (or four) columns of the other
 * matrix laid out row by row. A tile's sums stay in registers, so a panel in the first-level cache is read once for five or six rows.
 */
import type { FunctionReference, ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32, type I32, type Local } from '../../wasm/wasm-values.ts';

/** Of four columns each. */
export type PanelVectors = 1 | 2;

/** Bytes of a panel: first what the sums start with, a bias or zeros, then a row of columns for each of `depth`. */
export const panelBytes = (vectors: PanelVectors, depth: I32): I32 =>
  i32.mul(i32.add(depth, i32.const(1)), i32.const(16 * vectors));

/**
 * Rows of a tile: as many as fit into x64's fifteen free vector registers with two vectors of a panel and one number of the
 * row; where multiply and add are two instructions, their product takes another. With one row more each, the code was half
 * as fast, and unrolling the loop costs a third (docs/adr/0011).
 */
const rowsOfTile = (relaxed: boolean): number => (relaxed ? 6 : 5);

function defineTile(
  module: ModuleWriter,
  rows: number,
  vectors: PanelVectors,
  relaxed: boolean,
): FunctionReference {
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.define(null, parameters, (f, from, fromStride, panel, depth, to, toStride) => {
    const x: Local<'i32'>[] = [];
    for (let row = 0; row < rows; row++)
      x.push(f.local('i32', i32.add(x[row - 1] ?? from, row === 0 ? i32.const(0) : fromStride)));
    const columns = Array.from({ length: vectors }, (_, v) => v);
    const sums = x.map(() => columns.map((v) => f.local('v128', f32x4.load(panel, 16 * v))));
    const weights = columns.map(() => f.local('v128'));
    const factor = f.local('v128');
    const [first] = x as [Local<'i32'>];
    const end = f.local('i32', i32.add(from, i32.shiftLeft(depth, i32.const(2))));
    f.set(panel, i32.add(panel, i32.const(16 * vectors)));
    f.while(i32.lessThan(first, end), () => {
      for (const [v, weight] of weights.entries()) f.set(weight, f32x4.load(panel, 16 * v));
      for (const [row, address] of x.entries()) {
        f.set(factor, f32x4.loadSplat(address));
        for (const [v, weight] of weights.entries()) {
          const sum = sums[row]?.[v] as Local<'v128'>;
          f.set(sum, f32x4.multiplyAdd(factor, weight, sum, relaxed));
        }
      }
      for (const address of x) f.set(address, i32.add(address, i32.const(4)));
      f.set(panel, i32.add(panel, i32.const(16 * vectors)));
    });
    for (const row of sums) {
      for (const [v, sum] of row.entries()) f.storeV128(to, sum, 16 * v);
      f.set(to, i32.add(to, toStride));
    }
  });
}

/** rows × panel of `vectors` × 4 columns. Parameters: from, its stride, panel, depth, to, its stride, rows; addresses and strides in bytes. */
function defineRowsTimesPanel(
  module: ModuleWriter,
  vectors: PanelVectors,
  relaxed: boolean,
): FunctionReference {
  const tileRows = rowsOfTile(relaxed);
  const tiles = Array.from({ length: tileRows }, (_, i) => defineTile(module, i + 1, vectors, relaxed));
  const parameters = ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'] as const;
  return module.define(null, parameters, (f, from, fromStride, panel, depth, to, toStride, rows) => {
    const run = (count: number): void => {
      f.call(tiles[count - 1] as FunctionReference, from, fromStride, panel, depth, to, toStride);
      f.set(from, i32.add(from, i32.mul(fromStride, i32.const(count))));
      f.set(to, i32.add(to, i32.mul(toStride, i32.const(count))));
      f.set(rows, i32.sub(rows, i32.const(count)));
    };
    f.while(i32.lessThan(i32.const(tileRows - 1), rows), () => run(tileRows));
    for (let count = tileRows - 1; count > 0; count--)
      f.when(i32.lessThan(i32.const(count - 1), rows), () => run(count));
  });
}

export interface Tiles {
  /** By the panel's vectors. */
  readonly rowsTimesPanel: Readonly<Record<PanelVectors, FunctionReference>>;
}

export const defineTiles = (module: ModuleWriter, relaxed: boolean): Tiles => ({
  rowsTimesPanel: {
    1: defineRowsTimesPanel(module, 1, relaxed),
    2: defineRowsTimesPanel(module, 2, relaxed),
  },
});
