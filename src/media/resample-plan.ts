/** The inputs and weights of a resize, along both axes. Source: the algorithm of Pillow's libImaging/Resample.c. */
import type { Box, Size } from '../core/geometry.ts';

export type ResampleFilter = 'bicubic' | 'bilinear';

const kernels: Readonly<Record<ResampleFilter, { readonly support: number; weight(x: number): number }>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    weight: (signed) => {
      const a = -0.5;
      const x = Math.abs(signed);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    },
  },
};

/** 8 bits are for the value and 2 for overshoot, so 22 are left for the weight's fraction. */
export const precisionBits = 32 - 8 - 2;
const one = 2 ** precisionBits;

export interface Taps {
  /** Row length of `weights`: the most taps that an output pixel has. */
  readonly count: number;
  /** For each output pixel, its first input index and its number of inputs (fewer at the edges). */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** shape [outputs, count], fixed point. */
  readonly weights: Int32Array;
}

/** Which of an axis's output pixels are wanted. */
interface Outputs {
  /** Of the whole axis. */
  readonly length: number;
  readonly first: number;
  readonly count: number;
}

/** Weights of one axis: output pixel i is centred on the input at begin + (i + ½) × scale. */
function computeTaps(
  inputLength: number,
  begin: number,
  length: number,
  { length: outputLength, first, count: outputs }: Outputs,
  filter: ResampleFilter,
): Taps {
  const { support: kernelSupport, weight } = kernels[filter];
  // Pillow takes the box as float32, and its length as their float32 difference.
  const from = Math.fround(begin);
  const scale = Math.fround(Math.fround(begin + length) - from) / outputLength;
  const filterScale = Math.max(1, scale);
  const support = kernelSupport * filterScale;
  const count = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputs);
  const lengths = new Int32Array(outputs);
  const weights = new Int32Array(outputs * count);
  const exact = new Float64Array(count);
  for (let output = 0; output < outputs; output++) {
    const centre = from + (first + output + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(inputLength, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let tap = 0; tap < end - start; tap++) {
      const w = weight((tap + start - centre + 0.5) * (1 / filterScale));
      exact[tap] = w;
      sum += w;
    }
    starts[output] = start;
    lengths[output] = end - start;
    for (let tap = 0; tap < end - start; tap++) {
      const w = ((exact[tap] ?? 0) / (sum === 0 ? 1 : sum)) * one;
      weights[output * count + tap] = Math.trunc(w < 0 ? w - 0.5 : w + 0.5);
    }
  }
  return { count, starts, lengths, weights };
}

/** Columns first, then rows. */
export interface ResamplePlan {
  readonly across: Taps;
  readonly down: Taps;
  /** Only these rows of the image are read. */
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * @param box the part to resize, in px of the image; edges may lie between pixels
 * @param wanted the part of the output that is computed, in whole px of it; all of it where it is left out
 */
export function planResample(
  image: Size,
  box: Box,
  output: Size,
  filter: ResampleFilter,
  wanted: Box = { top: 0, left: 0, ...output },
): ResamplePlan {
  const columns = { length: output.width, first: wanted.left, count: wanted.width };
  const rows = { length: output.height, first: wanted.top, count: wanted.height };
  const across = computeTaps(image.width, box.left, box.width, columns, filter);
  const down = computeTaps(image.height, box.top, box.height, rows, filter);
  const firstRow = down.starts[0] ?? 0;
  const end = (down.starts.at(-1) ?? 0) + (down.lengths.at(-1) ?? 0);
  return { across, down, firstRow, rows: end - firstRow };
}

/** The input of both resamplers: interleaved 8-bit values. They use the first three channels. */
export interface ResampleSource {
  readonly channels: 3 | 4;
  readonly values: Uint8Array | Uint8ClampedArray;
  /** Index of the first row's first value, and number of values from one row to the next. */
  readonly first: number;
  readonly rowLength: number;
}
