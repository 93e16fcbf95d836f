/** AdamW and the teacher's moving average, in place. Each number is read and written once. */
import type { ModuleWriter } from '../../wasm/wasm-module.ts';
import { f32x4, i32, type I32, type V128 } from '../../wasm/wasm-values.ts';
import { overUnits } from './over-units.ts';
import { sumOfLanes } from './layer-norm-code.ts';

/** How many numbers a unit has. */
export const optimizerUnit = 4096;

/**
 * Parameters after scratch, begin and end: the numbers, their bytes (whole vectors), where each unit's sum of squares
 * goes.
 */
function defineSquareSums(module: ModuleWriter): void {
  module.define(
    'squareSums',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, x, bytes, sums) => {
      const sum = f.local('v128');
      const value = f.local('v128');
      f.count(begin, end, i32.const(1), () => {
        f.set(sum, f32x4.const(0));
        overUnits(f, optimizerUnit, begin, i32.add(begin, i32.const(1)), bytes, (at) => {
          f.set(value, f32x4.load(i32.add(x, at)));
          f.set(sum, f32x4.add(sum, f32x4.mul(value, value)));
        });
        f.storeF32(i32.add(sums, i32.shiftLeft(begin, i32.const(2))), sumOfLanes(sum));
      });
    },
  );
}

/** The rates of an update: floats, in this order. */
export const updateRates = [
  'gradientScale',
  'firstDecay',
  'firstRest',
  'secondDecay',
  'secondRest',
  /** The learning rate times Adam's first bias correction. */
  'rate',
  'secondCorrection',
  'eps',
  /** The factor by which weight decay multiplies a parameter. */
  'kept',
  'teacherMomentum',
  'teacherRest',
] as const;
export type UpdateRates = Readonly<Record<(typeof updateRates)[number], number>>;

/** a × share + b × rest */
const mix = (a: V128, share: V128, b: V128, rest: V128): V128 =>
  f32x4.add(f32x4.mul(a, share), f32x4.mul(b, rest));

/**
 * Parameters after scratch, begin and end: the gradient, or 0 if the student is frozen and only the teacher is updated;
 * student, first moment, second moment, teacher, their bytes (whole vectors), the rates' address.
 */
function defineUpdate(module: ModuleWriter): void {
  module.define(
    'update',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, gradient, student, first, second, teacher, bytes, rates) => {
      const rate = (name: keyof UpdateRates): V128 => f32x4.loadSplat(rates, 4 * updateRates.indexOf(name));
      const g = f.local('v128');
      const m = f.local('v128');
      const v = f.local('v128');
      const value = f.local('v128');
      overUnits(f, optimizerUnit, begin, end, bytes, (at) => {
        const here = (matrix: I32): I32 => i32.add(matrix, at);
        f.set(value, f32x4.load(here(student)));
        f.when(gradient, () => {
          f.set(g, f32x4.mul(f32x4.load(here(gradient)), rate('gradientScale')));
          f.set(m, mix(f32x4.load(here(first)), rate('firstDecay'), g, rate('firstRest')));
          const square = f32x4.mul(g, g);
          f.set(v, mix(f32x4.load(here(second)), rate('secondDecay'), square, rate('secondRest')));
          f.storeV128(here(first), m);
          f.storeV128(here(second), v);
          const deviation = f32x4.add(f32x4.sqrt(f32x4.mul(v, rate('secondCorrection'))), rate('eps'));
          const step = f32x4.divide(f32x4.mul(m, rate('rate')), deviation);
          f.set(value, f32x4.sub(f32x4.mul(value, rate('kept')), step));
          f.storeV128(here(student), value);
        });
        const followed = mix(f32x4.load(here(teacher)), rate('teacherMomentum'), value, rate('teacherRest'));
        f.storeV128(here(teacher), followed);
      });
    },
  );
}

export function defineOptimizer(module: ModuleWriter): void {
  defineSquareSums(module);
  defineUpdate(module);
}
