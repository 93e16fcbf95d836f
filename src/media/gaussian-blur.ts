/**
 * Bit-exact with Pillow's `GaussianBlur`: three box blurs of fractional width along each axis, with 8-bit values between them.
 * Source: the algorithm of Pillow's libImaging/BoxBlur.c, after Gwosdek et al., 2011.
 */
import type { Size } from '../core/geometry.ts';

const passes = 3;

/** The radius of a box whose triple blur has the standard deviation `radius`. In float32, as in Pillow. */
function boxRadius(radius: number): number {
  const f = Math.fround;
  const variance = f(f(f(radius) * f(radius)) / passes);
  const length = f(Math.sqrt(12 * variance + 1));
  const whole = Math.floor((length - 1) / 2);
  const above = f((2 * whole + 1) * f(whole * (whole + 1) - f(3 * variance)));
  const below = f(6 * f(variance - (whole + 1) * (whole + 1)));
  return f(whole + f(above / below));
}

interface BoxWeights {
  readonly radius: number;
  /** Weight of a pixel within the radius, and of the two just outside it, in fixed point with 24 bits. */
  readonly inner: number;
  readonly edge: number;
}

function boxWeights(radius: number): BoxWeights {
  const exact = boxRadius(radius);
  const inside = Math.trunc(exact);
  const inner = Math.trunc(Math.fround(2 ** 24 / Math.fround(exact * 2 + 1)));
  return { radius: inside, inner, edge: Math.trunc((2 ** 24 - (inside * 2 + 1) * inner) / 2) };
}

/**
 * One pass over one line of one channel. The values at the ends are repeated beyond the ends. Sums are below 2^32, so unsigned 32-bit
 * integers are enough.
 * @param line with `radius` + 1 values before its first and after its last, which are filled here
 */
function blurLine(
  line: Uint8ClampedArray,
  result: Uint8ClampedArray,
  { radius, inner, edge }: BoxWeights,
): void {
  const margin = radius + 1;
  const end = line.length - margin;
  line.fill(line[margin] as number, 0, margin);
  line.fill(line[end - 1] as number, end);
  let sum = 0;
  for (let i = 1; i < 2 * margin; i++) sum += line[i] as number;
  for (let i = margin; i < end; i++) {
    const next = line[i + margin] as number;
    const ends = (line[i - margin] as number) + next;
    result[i] = (Math.imul(sum, inner) + Math.imul(ends, edge) + 0x80_0000) >>> 24;
    sum += next - (line[i - radius] as number);
  }
}

/** @param pixels RGB, shape [size.height, size.width, 3]; changed in place @param radius standard deviation in px, above 0 */
export function gaussianBlur(pixels: Uint8ClampedArray, { height, width }: Size, radius: number): void {
  const weights = boxWeights(radius);
  const axes = [
    { lines: height, lineStep: width * 3, length: width, step: 3 },
    { lines: width, lineStep: 3, length: height, step: width * 3 },
  ];
  for (const { lines, lineStep, length, step } of axes) {
    const margin = weights.radius + 1;
    let line = new Uint8ClampedArray(length + 2 * margin);
    let result = new Uint8ClampedArray(length + 2 * margin);
    for (let index = 0; index < lines; index++) {
      for (let channel = 0; channel < 3; channel++) {
        const start = index * lineStep + channel;
        for (let i = 0; i < length; i++) line[margin + i] = pixels[start + i * step] as number;
        for (let pass = 0; pass < passes; pass++) {
          blurLine(line, result, weights);
          [line, result] = [result, line];
        }
        for (let i = 0; i < length; i++) pixels[start + i * step] = line[margin + i] as number;
      }
    }
  }
}
