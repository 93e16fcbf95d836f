/**
 * Both passes of `resample` as WebAssembly. A 23-bit weight is split into two 16-bit numbers, weight = high × 2^11 + low with
 * 0 ≤ low < 2^11, so that one instruction multiplies and adds two taps of four values. Integer sums are exact, so the result equals
 * that of the plain loop.
 */
import type { FunctionReference, FunctionWriter, ModuleWriter } from '../wasm/wasm-module.ts';
import { f32x4, i16x8, i32, i32x4, u8x16, type I32, type Local, type V128 } from '../wasm/wasm-values.ts';
import { precisionBits } from './resample-plan.ts';

export const lowBits = 11;

/** Weights are stored in pairs of taps: both high parts, then both low parts, 16 bits each. */
export const pairBytes = 8;

/** Number of taps that the pass over the columns processes together. */
export const tapsTogether = 4;

/** Combines the sums of the high and the low parts. @returns the rounded value, 32 bits, not yet clipped */
const joined = (high: V128, low: V128): V128 =>
  i32x4.shiftRight(
    i32x4.add(i32x4.add(i32x4.shiftLeft(high, lowBits), low), i32x4.const(1 << (precisionBits - 1))),
    precisionBits,
  );

const addDot = (f: FunctionWriter, sum: Local<'v128'>, values: V128, weights: V128): void =>
  f.set(sum, i32x4.add(sum, i32x4.dot(values, weights)));

/** The values of two neighbouring pixels, interleaved by channel, 16 bits each. */
function pixelPair(channels: 3 | 4, first: number): (number | null)[] {
  return [0, 1, 2].flatMap((channel) => [
    first * channels + channel,
    null,
    (first + 1) * channels + channel,
    null,
  ]);
}

/**
 * Resamples lines [begin, end). Parameters after scratch, begin and end: the image, its line length in bytes, the result, its line
 * length in bytes (with one spare byte), the number of outputs, bytes of an output's weights, for each output its start byte in a line
 * and the bytes of its weights (taps in multiples of four), the weights.
 */
function defineAcross(module: ModuleWriter, channels: 3 | 4): FunctionReference {
  const padding = [null, null, null, null];
  const firstPair = [...pixelPair(channels, 0), ...padding];
  const secondPair = [...pixelPair(channels, 2), ...padding];
  return module.define(
    `acrossOf${channels}`,
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, image, line, result, resultLine, outputs, weightStride, ranges, weights) => {
      const from = f.local('i32');
      const to = f.local('i32');
      const output = f.local('i32');
      const range = f.local('i32');
      const at = f.local('i32');
      const weight = f.local('i32');
      const weightEnd = f.local('i32');
      const four = f.local('v128');
      const pair = f.local('v128');
      const sums = Array.from({ length: 4 }, () => f.local('v128')) as [
        Local<'v128'>,
        Local<'v128'>,
        Local<'v128'>,
        Local<'v128'>,
      ];
      const [high0, low0, high1, low1] = sums;
      f.count(begin, end, i32.const(1), () => {
        f.set(from, i32.add(image, i32.mul(begin, line)));
        f.set(to, i32.add(result, i32.mul(begin, resultLine)));
        f.set(range, ranges);
        f.set(output, i32.const(0));
        f.count(output, outputs, i32.const(1), () => {
          f.set(at, i32.add(from, i32.load(range)));
          f.set(weight, i32.add(weights, i32.mul(output, weightStride)));
          f.set(weightEnd, i32.add(weight, i32.load(range, 4)));
          for (const sum of sums) f.set(sum, i32x4.const(0));
          f.while(i32.lessThan(weight, weightEnd), () => {
            f.set(four, u8x16.load(at));
            f.set(pair, u8x16.pick(four, firstPair));
            addDot(f, high0, pair, f32x4.loadSplat(weight));
            addDot(f, low0, pair, f32x4.loadSplat(weight, 4));
            f.set(pair, u8x16.pick(four, secondPair));
            addDot(f, high1, pair, f32x4.loadSplat(weight, 8));
            addDot(f, low1, pair, f32x4.loadSplat(weight, 12));
            f.set(at, i32.add(at, i32.const(tapsTogether * channels)));
            f.set(weight, i32.add(weight, i32.const((tapsTogether / 2) * pairBytes)));
          });
          f.set(pair, joined(i32x4.add(high0, high1), i32x4.add(low0, low1)));
          f.set(pair, i16x8.narrow(pair, pair));
          // The fourth byte is the first byte of the next pixel, which is written later, or the spare byte.
          f.storeLane32(to, u8x16.narrow(pair, pair), 0);
          f.set(to, i32.add(to, i32.const(3)));
          f.set(range, i32.add(range, i32.const(8)));
        });
      });
    },
  );
}

const firstHalves = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
const secondHalves = firstHalves.map((index) => index + 8);

/**
 * Computes output lines [begin, end), each of whole vectors. Parameters after scratch, begin and end: the intermediate lines, their
 * length in bytes, the result (with lines of the same length), bytes of an output's weights, for each output its start byte and the
 * bytes of its weights (whole pairs), the weights.
 */
function defineDown(module: ModuleWriter): FunctionReference {
  return module.define(
    'down',
    ['i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
    (f, _scratch, begin, end, between, line, result, weightStride, ranges, weights) => {
      const column = f.local('i32');
      const from = f.local('i32');
      const to = f.local('i32');
      const at = f.local('i32');
      const firstWeight = f.local('i32');
      const weight = f.local('i32');
      const weightEnd = f.local('i32');
      const first = f.local('v128');
      const second = f.local('v128');
      const both = f.local('v128');
      const highWeights = f.local('v128');
      const lowWeights = f.local('v128');
      const highs = Array.from({ length: 4 }, () => f.local('v128'));
      const lows = highs.map(() => f.local('v128'));
      const value = (index: number): V128 =>
        joined(highs[index] as Local<'v128'>, lows[index] as Local<'v128'>);
      const lineOf = (start: I32, index: I32): I32 => i32.add(start, i32.mul(index, line));
      const addQuarter = (quarter: number, values: V128): void => {
        f.set(first, values);
        addDot(f, highs[quarter] as Local<'v128'>, first, highWeights);
        addDot(f, lows[quarter] as Local<'v128'>, first, lowWeights);
      };
      const addHalf = (half: number): void => {
        addQuarter(2 * half, i16x8.extendLowUnsigned(both));
        addQuarter(2 * half + 1, i16x8.extendHighUnsigned(both));
      };
      f.count(begin, end, i32.const(1), () => {
        const range = i32.add(ranges, i32.shiftLeft(begin, i32.const(3)));
        f.set(from, i32.add(between, i32.load(range)));
        f.set(firstWeight, i32.add(weights, i32.mul(begin, weightStride)));
        f.set(weightEnd, i32.add(firstWeight, i32.load(range, 4)));
        f.set(to, lineOf(result, begin));
        f.set(column, i32.const(0));
        f.count(column, line, i32.const(16), () => {
          f.set(at, i32.add(from, column));
          f.set(weight, firstWeight);
          for (const sum of [...highs, ...lows]) f.set(sum, i32x4.const(0));
          f.while(i32.lessThan(weight, weightEnd), () => {
            f.set(highWeights, f32x4.loadSplat(weight));
            f.set(lowWeights, f32x4.loadSplat(weight, 4));
            f.set(first, u8x16.load(at));
            f.set(second, u8x16.load(i32.add(at, line)));
            f.set(both, u8x16.shuffle(first, second, firstHalves));
            f.set(second, u8x16.shuffle(first, second, secondHalves));
            addHalf(0);
            f.set(both, second);
            addHalf(1);
            f.set(at, i32.add(at, i32.shiftLeft(line, i32.const(1))));
            f.set(weight, i32.add(weight, i32.const(pairBytes)));
          });
          const halves = [i16x8.narrow(value(0), value(1)), i16x8.narrow(value(2), value(3))] as const;
          f.storeV128(i32.add(to, column), u8x16.narrow(...halves));
        });
      });
    },
  );
}

export function defineResample(module: ModuleWriter): void {
  defineAcross(module, 3);
  defineAcross(module, 4);
  defineDown(module);
}
