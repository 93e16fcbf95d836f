/** The gradients of LayerNorm and GELU. */
import type { ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32, f32x4, i32, type F32, type I32, type Local, type V128 } from '../../wasm/wasm-values.ts';
import { overUnits } from './over-units.ts';
import { sumOfLanes } from './layer-norm-code.ts';
import { gelu, geluSlope } from './vector-math.ts';

/** How many numbers a unit of `gelu` and `geluGradient` has. */
export const geluUnit = 1024;

/** Parameters after scratch, begin and end: x, result, bytes (whole vectors). */
function defineGelu(module: ModuleWriter, relaxed: boolean): void {
  module.define(
    'gelu',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, x, result, bytes) => {
      overUnits(f, geluUnit, begin, end, bytes, (at) =>
        f.storeV128(i32.add(result, at), gelu(f, f32x4.load(i32.add(x, at)), relaxed)),
      );
    },
  );
}

/** Parameters after scratch, begin and end: x, gradient of the result, result, bytes (whole vectors). */
function defineGeluGradient(module: ModuleWriter, relaxed: boolean): void {
  module.define(
    'geluGradient',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, x, above, result, bytes) => {
      overUnits(f, geluUnit, begin, end, bytes, (at) => {
        const slope = geluSlope(f, f32x4.load(i32.add(x, at)), relaxed);
        f.storeV128(i32.add(result, at), f32x4.mul(f32x4.load(i32.add(above, at)), slope));
      });
    },
  );
}

/**
 * Rows [begin, end): scale × (w − mean(w) − x̂ mean(w x̂)) with w = above × gain, plus the residual if there is one.
 * Parameters after scratch, begin and end: x, gain, above, residual or 0, result, statistics (mean and scale of each
 * row), width, the bits of eps.
 */
function defineLayerNormGradient(module: ModuleWriter, relaxed: boolean): void {
  module.define(
    'layerNormGradient',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, x, gain, above, residual, result, statistics, width, epsBits) => {
      const bytes = f.local('i32', i32.shiftLeft(width, i32.const(2)));
      const row = f.local('i32');
      const at = f.local('i32');
      const sum = f.local('v128');
      const product = f.local('v128');
      const off = f.local('v128');
      const weighted = f.local('v128');
      const mean = f.local('v128');
      const scale = f.local('v128');
      const overRow = (body: (at: Local<'i32'>) => void): void => {
        f.set(at, i32.const(0));
        f.count(at, bytes, i32.const(16), () => body(at));
      };
      const inRow = (matrix: I32, column: I32): I32 => i32.add(i32.add(matrix, row), column);
      const meanOf = (v: V128): F32 => f32.divide(sumOfLanes(v), f32.fromI32(width));
      const setWeighted = (column: I32): void => {
        f.set(off, f32x4.mul(f32x4.sub(f32x4.load(inRow(x, column)), mean), scale));
        f.set(weighted, f32x4.mul(f32x4.load(inRow(above, column)), f32x4.load(i32.add(gain, column))));
      };
      f.count(begin, end, i32.const(1), () => {
        f.set(row, i32.mul(begin, bytes));
        f.set(sum, f32x4.const(0));
        overRow((column) => f.set(sum, f32x4.add(sum, f32x4.load(inRow(x, column)))));
        f.set(mean, f32x4.splat(meanOf(sum)));
        f.set(sum, f32x4.const(0));
        overRow((column) => {
          f.set(off, f32x4.sub(f32x4.load(inRow(x, column)), mean));
          f.set(sum, f32x4.multiplyAdd(off, off, sum, relaxed));
        });
        const deviation = f32.sqrt(f32.add(meanOf(sum), f32.ofBits(epsBits)));
        f.set(scale, f32x4.splat(f32.divide(f32.const(1), deviation)));
        const own = i32.add(statistics, i32.shiftLeft(begin, i32.const(3)));
        f.storeF32(own, f32x4.lane(mean, 0));
        f.storeF32(own, f32x4.lane(scale, 0), 4);

        f.set(sum, f32x4.const(0));
        f.set(product, f32x4.const(0));
        overRow((column) => {
          setWeighted(column);
          f.set(sum, f32x4.add(sum, weighted));
          f.set(product, f32x4.multiplyAdd(weighted, off, product, relaxed));
        });
        f.set(sum, f32x4.splat(meanOf(sum)));
        f.set(product, f32x4.splat(meanOf(product)));
        overRow((column) => {
          setWeighted(column);
          const across = f32x4.sub(f32x4.sub(weighted, sum), f32x4.mul(off, product));
          f.storeV128(inRow(result, column), f32x4.mul(across, scale));
        });
        f.when(residual, () =>
          overRow((column) => {
            const to = inRow(result, column);
            f.storeV128(to, f32x4.add(f32x4.load(to), f32x4.load(inRow(residual, column))));
          }),
        );
      });
    },
  );
}

/**
 * Column sums of a matrix, and of that matrix times the standardised values of another: LayerNorm's gradients of bias and
 * gain. A unit is a vector.
 * Parameters after scratch, begin and end: above, x or 0, statistics of x, rows, columns, the sums, the sums times x.
 */
function defineColumnSums(module: ModuleWriter, relaxed: boolean): void {
  module.define(
    'columnSums',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, above, x, statistics, rows, columns, sums, products) => {
      const stride = f.local('i32', i32.shiftLeft(columns, i32.const(2)));
      const column = f.local('i32');
      const row = f.local('i32');
      const at = f.local('i32');
      const sum = f.local('v128');
      const product = f.local('v128');
      const value = f.local('v128');
      f.count(begin, end, i32.const(1), () => {
        f.set(column, i32.shiftLeft(begin, i32.const(4)));
        f.set(at, column);
        f.set(row, i32.const(0));
        f.set(sum, f32x4.const(0));
        f.set(product, f32x4.const(0));
        f.when(
          x,
          () =>
            f.count(row, rows, i32.const(1), () => {
              const own = i32.add(statistics, i32.shiftLeft(row, i32.const(3)));
              const off = f32x4.sub(f32x4.load(i32.add(x, at)), f32x4.loadSplat(own));
              f.set(value, f32x4.load(i32.add(above, at)));
              f.set(sum, f32x4.add(sum, value));
              const standardised = f32x4.mul(off, f32x4.loadSplat(own, 4));
              f.set(product, f32x4.multiplyAdd(value, standardised, product, relaxed));
              f.set(at, i32.add(at, stride));
            }),
          () =>
            f.count(row, rows, i32.const(1), () => {
              f.set(sum, f32x4.add(sum, f32x4.load(i32.add(above, at))));
              f.set(at, i32.add(at, stride));
            }),
        );
        f.storeV128(i32.add(sums, column), sum);
        f.when(x, () => f.storeV128(i32.add(products, column), product));
      });
    },
  );
}

export function defineGradients(module: ModuleWriter, relaxed: boolean): void {
  defineGelu(module, relaxed);
  defineGeluGradient(module, relaxed);
  defineLayerNormGradient(module, relaxed);
  defineColumnSums(module, relaxed);
}
