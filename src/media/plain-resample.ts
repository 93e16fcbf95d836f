/** The two passes of `resample` as plain loops: the reference for the SIMD code. */
import { precisionBits, type ResamplePlan, type ResampleSource, type Taps } from './resample-plan.ts';

/**
 * One pass: for each of `lines` lines, `taps.starts.length` output pixels, each a weighted sum along the axis.
 * Steps are the distances between neighbours, so that the same loop works for rows and columns.
 */
function resampleAxis(
  source: {
    readonly values: ResampleSource['values'];
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
      // A clamped array clips to 0…255, like Pillow's clip8.
      target.values[to] = red >> precisionBits;
      target.values[to + 1] = green >> precisionBits;
      target.values[to + 2] = blue >> precisionBits;
    }
  }
}

/** @returns RGB, shape [plan.down's outputs, plan.across's outputs, 3] */
export function plainResample(
  { values, channels, first, rowLength }: ResampleSource,
  { across, down, firstRow, rows }: ResamplePlan,
): Uint8ClampedArray<ArrayBuffer> {
  const lineLength = across.starts.length * 3;
  const between = new Uint8ClampedArray(rows * lineLength);
  resampleAxis(
    { values, offset: first + firstRow * rowLength, alongStep: channels, lineStep: rowLength },
    { values: between, alongStep: 3, lineStep: lineLength },
    rows,
    across,
  );
  const result = new Uint8ClampedArray(down.starts.length * lineLength);
  resampleAxis(
    { values: between, offset: -firstRow * lineLength, alongStep: lineLength, lineStep: 3 },
    { values: result, alongStep: lineLength, lineStep: 3 },
    across.starts.length,
    down,
  );
  return result;
}
