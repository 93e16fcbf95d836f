/**
 * Pillow's `Image.resize`, to the bit: the official scripts and every torchvision preprocess go through it, so a map made
 * here can be laid over one made in Python. Antialiased (the filter widens with the reduction), two passes, 8-bit between
 * them, weights in fixed point. Bicubic is Catmull–Rom like (a = −0.5), bilinear is the triangle.
 * Source: the algorithm of Pillow's libImaging/Resample.c.
 */
import type { Box, Size } from '../core/geometry.ts';

export type ResampleFilter = 'bicubic' | 'bilinear';

/** Interleaved 8-bit pixels, `channels` values each (the filter works on the first three). */
export interface PixelGrid extends Size {
  readonly channels: 3 | 4;
  readonly values: Uint8Array | Uint8ClampedArray;
}

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

/** 8 bits for the value and 2 for overshoot leave 22 for the weight's fraction. */
const precisionBits = 32 - 8 - 2;

interface Taps {
  /** Row length of `weights`: the most taps that an output pixel has. */
  readonly count: number;
  /** First input index of each output pixel, and how many inputs it sees (fewer at the edges). */
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
  /** shape [outputs, count], fixed point. */
  readonly weights: Int32Array;
}

/** Weights of one axis: output pixel i looks at the input around begin + (i + ½) × scale. */
function computeTaps(
  inputLength: number,
  begin: number,
  length: number,
  outputLength: number,
  filter: ResampleFilter,
): Taps {
  const { support: kernelSupport, weight } = kernels[filter];
  // Pillow takes the box as float32, and its length as their float32 difference.
  const from = Math.fround(begin);
  const scale = Math.fround(Math.fround(begin + length) - from) / outputLength;
  const filterScale = Math.max(1, scale);
  const support = kernelSupport * filterScale;
  const count = Math.ceil(support) * 2 + 1;
  const starts = new Int32Array(outputLength);
  const lengths = new Int32Array(outputLength);
  const weights = new Int32Array(outputLength * count);
  const exact = new Float64Array(count);
  for (let output = 0; output < outputLength; output++) {
    const centre = from + (output + 0.5) * scale;
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
      const w = ((exact[tap] ?? 0) / (sum === 0 ? 1 : sum)) * 2 ** precisionBits;
      weights[output * count + tap] = Math.trunc(w < 0 ? w - 0.5 : w + 0.5);
    }
  }
  return { count, starts, lengths, weights };
}

/**
 * One pass: for each of `lines` lines, `taps.starts.length` output pixels, each a weighted sum along the axis.
 * Steps say how far apart neighbours lie, so that one loop serves rows and columns.
 */
function resampleAxis(
  source: {
    readonly values: PixelGrid['values'];
    readonly offset: number;
    readonly alongStep: number;
    readonly lineStep: number;
  },
  target: { readonly values: Uint8ClampedArray; readonly alongStep: number; readonly lineStep: number },
  lines: number,
  taps: Taps,
): void {
  const { count, starts, lengths, weights } = taps;
  const { values: input, alongStep } = source;
  const half = 1 << (precisionBits - 1);
  for (let line = 0; line < lines; line++) {
    const sourceLine = source.offset + line * source.lineStep;
    for (let output = 0; output < starts.length; output++) {
      let at = sourceLine + (starts[output] as number) * alongStep;
      let red = half;
      let green = half;
      let blue = half;
      const end = output * count + (lengths[output] as number);
      for (let tap = output * count; tap < end; tap++) {
        const weight = weights[tap] as number;
        red += weight * (input[at] as number);
        green += weight * (input[at + 1] as number);
        blue += weight * (input[at + 2] as number);
        at += alongStep;
      }
      const to = line * target.lineStep + output * target.alongStep;
      // A clamped array clips to 0…255 as Pillow's clip8 does.
      target.values[to] = red >> precisionBits;
      target.values[to + 1] = green >> precisionBits;
      target.values[to + 2] = blue >> precisionBits;
    }
  }
}

/**
 * @param box the part to resize, in px of `image`; edges may lie between pixels
 * @returns RGB, shape [output.height, output.width, 3]
 */
export function resample(
  image: PixelGrid,
  box: Box,
  output: Size,
  filter: ResampleFilter,
): Uint8ClampedArray<ArrayBuffer> {
  const across = computeTaps(image.width, box.left, box.width, output.width, filter);
  const down = computeTaps(image.height, box.top, box.height, output.height, filter);
  // Only the rows that the second pass will read.
  const firstRow = down.starts[0] ?? 0;
  const lastRow = (down.starts.at(-1) ?? 0) + (down.lengths.at(-1) ?? 0);
  const rows = lastRow - firstRow;
  const between = new Uint8ClampedArray(rows * output.width * 3);
  resampleAxis(
    {
      values: image.values,
      offset: firstRow * image.width * image.channels,
      alongStep: image.channels,
      lineStep: image.width * image.channels,
    },
    { values: between, alongStep: 3, lineStep: output.width * 3 },
    rows,
    across,
  );
  const result = new Uint8ClampedArray(output.height * output.width * 3);
  resampleAxis(
    { values: between, offset: -firstRow * output.width * 3, alongStep: output.width * 3, lineStep: 3 },
    { values: result, alongStep: output.width * 3, lineStep: 3 },
    output.width,
    down,
  );
  return result;
}
