/**
 * Packs matrices in the layout that the tiles need. Columns are packed as panels, see `tiles.ts`. The columns of a matrix
 * that is needed transposed are packed as rows: for each of `depth`, the numbers of a tile's rows are adjacent.
 */
import type { FunctionReference, FunctionWriter, ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32, f32x4, i32, type I32, type Local, type V128 } from '../../wasm/wasm-values.ts';
import { rowsOfTile, type PanelVectors } from './tiles.ts';

type Four = readonly [Local<'v128'>, Local<'v128'>, Local<'v128'>, Local<'v128'>];

export const fourVectors = (f: FunctionWriter): Four => [
  f.local('v128'),
  f.local('v128'),
  f.local('v128'),
  f.local('v128'),
];

/**
 * Transposes four rows of four numbers, in place.
 * @param spare is overwritten
 */
export function transposeFour(f: FunctionWriter, [a, b, c, d]: Four, spare: Four): void {
  const [low0, high0, low1, high1] = spare;
  f.set(low0, f32x4.shuffle(a, b, [0, 4, 1, 5]));
  f.set(high0, f32x4.shuffle(a, b, [2, 6, 3, 7]));
  f.set(low1, f32x4.shuffle(c, d, [0, 4, 1, 5]));
  f.set(high1, f32x4.shuffle(c, d, [2, 6, 3, 7]));
  f.set(a, f32x4.shuffle(low0, low1, [0, 1, 4, 5]));
  f.set(b, f32x4.shuffle(low0, low1, [2, 3, 6, 7]));
  f.set(c, f32x4.shuffle(high0, high1, [0, 1, 4, 5]));
  f.set(d, f32x4.shuffle(high0, high1, [2, 3, 6, 7]));
}

/**
 * Packs `columns` adjacent columns of a matrix as the rows of one tile.
 * Parameters: from, its stride in bytes, depth, to.
 */
function definePackColumnTile(module: ModuleWriter, columns: number): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32', 'i32'], (f, from, stride, depth, to) => {
    const step = f.local('i32', i32.const(0));
    f.count(step, depth, i32.const(1), () => {
      if (columns >= 4) f.storeV128(to, f32x4.load(from));
      for (let column = columns >= 4 ? 4 : 0; column < columns; column++)
        f.storeF32(to, f32.load(from, 4 * column), 4 * column);
      f.set(from, i32.add(from, stride));
      f.set(to, i32.add(to, i32.const(4 * columns)));
    });
  });
}

/**
 * Packs all columns, tile by tile; the last tile may have fewer columns.
 * Parameters: from, its stride in bytes, columns, depth, to.
 */
function definePackColumns(module: ModuleWriter, relaxed: boolean): FunctionReference {
  const tiles = Array.from({ length: rowsOfTile(relaxed) }, (_, i) => definePackColumnTile(module, i + 1));
  return module.define(null, ['i32', 'i32', 'i32', 'i32', 'i32'], (f, from, stride, columns, depth, to) => {
    const run = (count: number): void => {
      f.call(tiles[count - 1] as FunctionReference, from, stride, depth, to);
      f.set(from, i32.add(from, i32.const(4 * count)));
      f.set(to, i32.add(to, i32.mul(depth, i32.const(4 * count))));
      f.set(columns, i32.sub(columns, i32.const(count)));
    };
    f.while(i32.lessThan(i32.const(tiles.length - 1), columns), () => run(tiles.length));
    for (let count = tiles.length - 1; count > 0; count--)
      f.when(i32.lessThan(i32.const(count - 1), columns), () => run(count));
  });
}

/**
 * Packs columns of the weight as a panel.
 * Parameters: first column's address, stride in bytes, depth, bias or 0, panel.
 */
function definePackPanel(module: ModuleWriter, vectors: PanelVectors): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32', 'i32', 'i32'], (f, from, stride, depth, bias, panel) => {
    startPanel(f, vectors, bias, panel);
    const row = f.local('i32', i32.const(0));
    f.count(row, depth, i32.const(1), () => {
      for (let v = 0; v < vectors; v++) f.storeV128(panel, f32x4.load(from, 16 * v), 16 * v);
      f.set(panel, i32.add(panel, i32.const(16 * vectors)));
      f.set(from, i32.add(from, stride));
    });
  });
}

/** Writes a panel's first row: the initial values of the sums. */
function startPanel(f: FunctionWriter, vectors: PanelVectors, bias: I32, panel: Local<'i32'>): void {
  const store = (start: (offset: number) => V128): void => {
    for (let v = 0; v < vectors; v++) f.storeV128(panel, start(16 * v), 16 * v);
  };
  f.when(
    bias,
    () => store((offset) => f32x4.load(bias, offset)),
    () => store(() => f32x4.const(0)),
  );
  f.set(panel, i32.add(panel, i32.const(16 * vectors)));
}

/**
 * Packs rows of a matrix as a panel's columns.
 * Parameters: first row's address, stride in bytes, depth (a multiple of four), bias or 0, panel.
 */
function definePackPanelOfRows(module: ModuleWriter, vectors: PanelVectors): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32', 'i32', 'i32'], (f, from, stride, depth, bias, panel) => {
    startPanel(f, vectors, bias, panel);
    const rows: Local<'i32'>[] = [from];
    for (let row = 1; row < 4 * vectors; row++)
      rows.push(f.local('i32', i32.add(rows[row - 1] ?? from, stride)));
    const block = fourVectors(f);
    const spare = fourVectors(f);
    const step = f.local('i32', i32.const(0));
    f.count(step, depth, i32.const(4), () => {
      for (let v = 0; v < vectors; v++) {
        for (const [i, vector] of block.entries()) f.set(vector, f32x4.load(rows[4 * v + i] ?? from));
        transposeFour(f, block, spare);
        for (const [i, vector] of block.entries()) f.storeV128(panel, vector, 16 * (vectors * i + v));
      }
      for (const address of rows) f.set(address, i32.add(address, i32.const(16)));
      f.set(panel, i32.add(panel, i32.const(64 * vectors)));
    });
  });
}

export interface Packers {
  /**
   * Packs columns as rows of the transposed matrix.
   * Parameters: from, its stride in bytes, columns, depth, to.
   */
  readonly columns: FunctionReference;
  /**
   * Packs columns as a panel.
   * Parameters: from, its stride in bytes, depth, bias or 0, panel.
   */
  readonly panel: Readonly<Record<PanelVectors, FunctionReference>>;
  /**
   * Packs rows as a panel's columns.
   * Parameters are those of `panel`; depth is a multiple of four.
   */
  readonly panelOfRows: Readonly<Record<PanelVectors, FunctionReference>>;
}

/** Also defines an operation for threads: tiles [begin, end) of all columns. */
export function definePackers(module: ModuleWriter, relaxed: boolean): Packers {
  const columns = definePackColumns(module, relaxed);
  const tileRows = i32.const(rowsOfTile(relaxed));
  // Parameters after scratch, begin and end: from, its stride in bytes, columns, depth, to.
  module.define(
    'packColumns',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, from, stride, count, depth, to) => {
      const first = f.local('i32', i32.mul(begin, tileRows));
      const last = f.local('i32', i32.mul(end, tileRows));
      f.set(last, i32.select(last, count, i32.lessThan(last, count)));
      const start = i32.add(from, i32.shiftLeft(first, i32.const(2)));
      const target = i32.add(to, i32.shiftLeft(i32.mul(first, depth), i32.const(2)));
      f.call(columns, start, stride, i32.sub(last, first), depth, target);
    },
  );
  return {
    columns,
    panel: { 1: definePackPanel(module, 1), 2: definePackPanel(module, 2) },
    panelOfRows: { 1: definePackPanelOfRows(module, 1), 2: definePackPanelOfRows(module, 2) },
  };
}
