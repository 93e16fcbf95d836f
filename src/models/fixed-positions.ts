/** Positions that were never trained: sines and cosines of rows and columns, as MoCo v3 and MAE have them. */

/** Float16 and bfloat16 round them. */
const tolerance = 0.02;

/**
 * Programs order rows and columns in two ways; in both, sines and cosines of one angle are a quarter of the channels apart.
 * @param values shape [1 + patches, channels], the first of CLS
 */
export function areFixedPositions(values: Float32Array, channels: number): boolean {
  const quarter = channels / 4;
  if (!Number.isInteger(quarter) || values.length <= channels) return false;
  if (values.subarray(0, channels).some((value) => value !== 0)) return false;
  for (let row = channels; row < values.length; row += channels)
    for (const half of [row, row + 2 * quarter])
      for (let i = half; i < half + quarter; i++) {
        const [sine = 0, cosine = 0] = [values[i], values[i + quarter]];
        if (!(Math.abs(sine * sine + cosine * cosine - 1) <= tolerance)) return false;
      }
  return true;
}
