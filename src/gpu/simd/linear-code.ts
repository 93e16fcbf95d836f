/** A linear layer with its bias and the GELU or the residual sum that follows it. */
import type { FunctionReference, ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32 } from '../../wasm/wasm-values.ts';
import type { Packers } from './pack-code.ts';
import type { PanelVectors, Tiles } from './tiles.ts';
import { gelu } from './vector-math.ts';

const three = ['i32', 'i32', 'i32'] as const;

/**
 * GELU of some columns, in place.
 * Parameters: address, stride in bytes, rows.
 */
function defineGelu(module: ModuleWriter, vectors: PanelVectors, relaxed: boolean): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32'], (f, at, stride, rows) => {
    const row = f.local('i32', i32.const(0));
    f.count(row, rows, i32.const(1), () => {
      for (let v = 0; v < vectors; v++) f.storeV128(at, gelu(f, f32x4.load(at, 16 * v), relaxed), 16 * v);
      f.set(at, i32.add(at, stride));
    });
  });
}

/**
 * Adds the same columns of another matrix.
 * Parameters: address, the other's address, stride of both in bytes, rows.
 */
function defineAdd(module: ModuleWriter, vectors: PanelVectors): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32', 'i32'], (f, at, other, stride, rows) => {
    const row = f.local('i32', i32.const(0));
    f.count(row, rows, i32.const(1), () => {
      for (let v = 0; v < vectors; v++)
        f.storeV128(at, f32x4.add(f32x4.load(at, 16 * v), f32x4.load(other, 16 * v)), 16 * v);
      f.set(at, i32.add(at, stride));
      f.set(other, i32.add(other, stride));
    });
  });
}

/**
 * Sums of a panel's columns.
 * Parameters: panel, depth, where they go.
 */
function definePanelSums(module: ModuleWriter, vectors: PanelVectors): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32'], (f, panel, depth, to) => {
    const sums = Array.from({ length: vectors }, () => f.local('v128', f32x4.const(0)));
    const row = f.local('i32', i32.const(0));
    f.count(row, depth, i32.const(1), () => {
      f.set(panel, i32.add(panel, i32.const(16 * vectors)));
      for (const [v, sum] of sums.entries()) f.set(sum, f32x4.add(sum, f32x4.load(panel, 16 * v)));
    });
    for (const [v, sum] of sums.entries()) f.storeV128(to, sum, 16 * v);
  });
}

/**
 * Panels [begin, end) of eight columns; the last may have four. A panel is packed into the thread's scratch memory, at
 * most (depth + 1) × 32 bytes, and stays in the cache while all rows are multiplied by it.
 * Parameters after scratch, begin and end: x [rows, depth], whether it is packed (by `packColumns`), depth, weight, its
 * row in bytes, whether it is transposed (a row for each column; depth a multiple of four), bias or 0, residual or 0,
 * result, rows, columns, whether GELU, where the sums of the weight's columns go or 0.
 */
export function defineLinear(
  module: ModuleWriter,
  { rowsTimesPanel, packedTimesPanel }: Tiles,
  { panel, panelOfRows }: Packers,
  relaxed: boolean,
): void {
  const parts = ([1, 2] as const).map((vectors) => ({
    vectors,
    gelu: defineGelu(module, vectors, relaxed),
    add: defineAdd(module, vectors),
    sum: definePanelSums(module, vectors),
  }));
  module.define(
    'linear',
    [...three, ...three, ...three, ...three, ...three, 'i32'],
    (
      f,
      scratch,
      begin,
      end,
      x,
      isPacked,
      depth,
      weight,
      weightStride,
      isTransposed,
      bias,
      residual,
      result,
      rows,
      columns,
      hasGelu,
      sums,
    ) => {
      const stride = f.local('i32', i32.shiftLeft(columns, i32.const(2)));
      const offset = f.local('i32');
      const panelBias = f.local('i32');
      const run = ({ vectors, gelu: applyGelu, add, sum }: (typeof parts)[number]): void => {
        f.when(
          isTransposed,
          () => {
            const row = i32.add(weight, i32.mul(i32.shiftLeft(begin, i32.const(3)), weightStride));
            f.call(panelOfRows[vectors], row, weightStride, depth, panelBias, scratch);
          },
          () => f.call(panel[vectors], i32.add(weight, offset), weightStride, depth, panelBias, scratch),
        );
        f.when(sums, () => f.call(sum, scratch, depth, i32.add(sums, offset)));
        const to = i32.add(result, offset);
        const xStride = i32.shiftLeft(depth, i32.const(2));
        const times = (tiles: Tiles['rowsTimesPanel']): void =>
          f.call(tiles[vectors], x, xStride, scratch, depth, to, stride, rows);
        f.when(
          isPacked,
          () => times(packedTimesPanel),
          () => times(rowsTimesPanel),
        );
        f.when(hasGelu, () => f.call(applyGelu, to, stride, rows));
        f.when(residual, () => f.call(add, to, i32.add(residual, offset), stride, rows));
      };
      const [four, eight] = parts as [(typeof parts)[number], (typeof parts)[number]];
      f.count(begin, end, i32.const(1), () => {
        f.set(offset, i32.shiftLeft(begin, i32.const(5)));
        f.set(panelBias, i32.select(i32.add(bias, offset), i32.const(0), bias));
        const isWhole = i32.lessThan(i32.add(offset, i32.const(16)), stride);
        f.when(
          isWhole,
          () => run(eight),
          () => run(four),
        );
      });
    },
  );
}
