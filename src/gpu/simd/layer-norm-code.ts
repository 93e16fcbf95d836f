/** LayerNorm over the last axis. */
import type { ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32, f32x4, i32, type F32, type Local, type V128 } from '../../wasm/wasm-values.ts';

export const sumOfLanes = (v: V128): F32 =>
  f32.add(f32.add(f32x4.lane(v, 0), f32x4.lane(v, 1)), f32.add(f32x4.lane(v, 2), f32x4.lane(v, 3)));

/**
 * Rows [begin, end), in two passes, the mean first: computing the variance as the sum of squares minus the square of the
 * sum would lose half the digits.
 * Parameters after scratch, begin and end: x, gain, bias, result, width (a multiple of 4), the bits of eps.
 */
export function defineLayerNorm(module: ModuleWriter, relaxed: boolean): void {
  module.define(
    'layerNorm',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, x, gain, bias, result, width, epsBits) => {
      const bytes = f.local('i32', i32.shiftLeft(width, i32.const(2)));
      const row = f.local('i32', i32.add(x, i32.mul(begin, bytes)));
      const to = f.local('i32', i32.add(result, i32.mul(begin, bytes)));
      const at = f.local('i32');
      const sum = f.local('v128');
      const off = f.local('v128');
      const mean = f.local('v128');
      const scale = f.local('v128');
      const overRow = (body: (at: Local<'i32'>) => void): void => {
        f.set(at, i32.const(0));
        f.count(at, bytes, i32.const(16), () => body(at));
      };
      const meanOf = (v: V128): F32 => f32.divide(sumOfLanes(v), f32.fromI32(width));
      f.count(begin, end, i32.const(1), () => {
        f.set(sum, f32x4.const(0));
        overRow((i) => f.set(sum, f32x4.add(sum, f32x4.load(i32.add(row, i)))));
        f.set(mean, f32x4.splat(meanOf(sum)));
        f.set(sum, f32x4.const(0));
        overRow((i) => {
          f.set(off, f32x4.sub(f32x4.load(i32.add(row, i)), mean));
          f.set(sum, f32x4.multiplyAdd(off, off, sum, relaxed));
        });
        f.set(
          scale,
          f32x4.splat(f32.divide(f32.const(1), f32.sqrt(f32.add(meanOf(sum), f32.ofBits(epsBits))))),
        );
        overRow((i) => {
          f.set(off, f32x4.mul(f32x4.sub(f32x4.load(i32.add(row, i)), mean), scale));
          f.storeV128(
            i32.add(to, i),
            f32x4.multiplyAdd(off, f32x4.load(i32.add(gain, i)), f32x4.load(i32.add(bias, i)), relaxed),
          );
        });
        f.set(row, i32.add(row, bytes));
        f.set(to, i32.add(to, bytes));
      });
    },
  );
}
