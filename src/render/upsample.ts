/** A sampled surface over the patches: shape [height, width], row-major; sample (y, x) sits at its cell's centre. */
export interface Grid {
  readonly height: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** Weights of the four neighbours (Catmull-Rom: goes through the samples, third order) at distance t past the second. */
function cubicWeights(t: number): readonly [number, number, number, number] {
  const t2 = t * t;
  const t3 = t2 * t;
  return [(-t3 + 2 * t2 - t) / 2, (3 * t3 - 5 * t2 + 2) / 2, (-3 * t3 + 4 * t2 + t) / 2, (t3 - t2) / 2];
}

/**
 * Enlarges lines of `length` samples by a whole factor. A line starts every `lineStep` samples and its neighbours are
 * `step` apart, so that one function serves rows and columns. Samples past an end repeat the last one.
 */
function upsampleLines(
  source: Float32Array,
  target: Float32Array,
  lines: number,
  length: number,
  factor: number,
  strides: { step: number; lineStep: number; targetStep: number; targetLineStep: number },
): void {
  const { step, lineStep, targetStep, targetLineStep } = strides;
  for (let phase = 0; phase < factor; phase += 1) {
    // A target sample's centre lies at (i + 0.5) / factor - 0.5 of the source.
    const offset = (phase + 0.5) / factor - 0.5;
    const first = Math.floor(offset);
    const [w0, w1, w2, w3] = cubicWeights(offset - first);
    for (let i = 0; i < length; i += 1) {
      const clampIndex = (index: number): number => Math.min(length - 1, Math.max(0, index)) * step;
      const i0 = clampIndex(i + first - 1);
      const i1 = clampIndex(i + first);
      const i2 = clampIndex(i + first + 1);
      const i3 = clampIndex(i + first + 2);
      let at = (i * factor + phase) * targetStep;
      for (let line = 0; line < lines; line += 1) {
        const base = line * lineStep;
        target[at] =
          w0 * (source[base + i0] ?? 0) +
          w1 * (source[base + i1] ?? 0) +
          w2 * (source[base + i2] ?? 0) +
          w3 * (source[base + i3] ?? 0);
        at += targetLineStep;
      }
    }
  }
}

/**
 * Interpolates the values of a map (colouring comes after, or colours would appear that stand for no value).
 * Cubic overshoot is cut to the map's own range, so that no place gets more attention than the strongest patch.
 * @param factor samples a patch and direction; the cost depends on it and never on the screen
 * @returns shape [rows · factor, columns · factor]
 */
export function upsampleSmooth(source: Grid, factor: number): Grid {
  const { height, width, values } = source;
  const wide = width * factor;
  const tall = height * factor;
  const rowsDone = new Float32Array(height * wide);
  upsampleLines(values, rowsDone, height, width, factor, {
    step: 1,
    lineStep: width,
    targetStep: 1,
    targetLineStep: wide,
  });
  const result = new Float32Array(tall * wide);
  upsampleLines(rowsDone, result, wide, height, factor, {
    step: wide,
    lineStep: 1,
    targetStep: wide,
    targetLineStep: 1,
  });
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  for (let i = 0; i < result.length; i += 1) {
    const value = result[i] ?? 0;
    result[i] = value < min ? min : value > max ? max : value;
  }
  return { height: tall, width: wide, values: result };
}
