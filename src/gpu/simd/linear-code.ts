/** A linear layer with its bias, and with the GELU or the residual sum that follows it. */
import type { Tiles, PanelVectors } from './tiles.ts';
import { gelu } from './vector-math.ts';
import type { FunctionReference, ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32 } from '../../wasm/wasm-values.ts';

/** Columns of the weight → panel. Parameters: first column's address, stride in bytes, depth, bias or 0, panel. */
function definePack(module: ModuleWriter, vectors: PanelVectors): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32', 'i32', 'i32'], (f, from, stride, depth, bias, panel) => {
    const columns = Array.from({ length: vectors }, (_, v) => 16 * v);
    f.when(
      bias,
      () => columns.forEach((at) => f.storeV128(panel, f32x4.load(bias, at), at)),
      () => columns.forEach((at) => f.storeV128(panel, f32x4.const(0), at)),
    );
    const row = f.local('i32', i32.const(0));
    f.count(row, depth, i32.const(1), () => {
      f.set(panel, i32.add(panel, i32.const(16 * vectors)));
      for (const at of columns) f.storeV128(panel, f32x4.load(from, at), at);
      f.set(from, i32.add(from, stride));
    });
  });
}

/** GELU of some columns in place. Parameters: address, stride in bytes, rows. */
function defineGelu(module: ModuleWriter, vectors: PanelVectors, relaxed: boolean): FunctionReference {
  return module.define(null, ['i32', 'i32', 'i32'], (f, at, stride, rows) => {
    const row = f.local('i32', i32.const(0));
    f.count(row, rows, i32.const(1), () => {
      for (let v = 0; v < vectors; v++) f.storeV128(at, gelu(f, f32x4.load(at, 16 * v), relaxed), 16 * v);
      f.set(at, i32.add(at, stride));
    });
  });
}

/** Adds the same columns of another matrix. Parameters: address, the other's address, stride of both in bytes, rows. */
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
 * Panels [begin, end) of eight columns; the last may have four. A panel is packed into the thread's scratch memory, at most
 * (depth + 1) × 32 bytes, and stays in the cache while all rows pass it.
 * After scratch, begin and end: x [rows, depth], depth, weight, its row in bytes, bias or 0, residual or 0, result, rows, columns, whether GELU.
 */
export function defineLinear(module: ModuleWriter, { rowsTimesPanel }: Tiles, relaxed: boolean): void {
  const parts = ([1, 2] as const).map((vectors) => ({
    vectors,
    pack: definePack(module, vectors),
    gelu: defineGelu(module, vectors, relaxed),
    add: defineAdd(module, vectors),
  }));
  module.define(
    'linear',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (
      f,
      scratch,
      begin,
      end,
      x,
      depth,
      weight,
      weightStride,
      bias,
      residual,
      result,
      rows,
      columns,
      hasGelu,
    ) => {
      const stride = f.local('i32', i32.shiftLeft(columns, i32.const(2)));
      const offset = f.local('i32');
      const panelBias = f.local('i32');
      const run = ({ vectors, pack, gelu: applyGelu, add }: (typeof parts)[number]): void => {
        f.call(pack, i32.add(weight, offset), weightStride, depth, panelBias, scratch);
        const to = i32.add(result, offset);
        const xStride = i32.shiftLeft(depth, i32.const(2));
        f.call(rowsTimesPanel[vectors], x, xStride, scratch, depth, to, stride, rows);
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
