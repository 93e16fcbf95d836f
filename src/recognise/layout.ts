/** Places for photographs on a plane, so that alike ones lie near each other: their first two principal components. */
import { largestEigenvectors } from '../features/lanczos.ts';
import type { FeatureVectors } from './feature-vectors.ts';

/** @returns the vectors less their mean, in float64 */
function centred({ count, channels, values }: FeatureVectors): Float64Array {
  const mean = new Float64Array(channels);
  for (let at = 0; at < values.length; at++)
    mean[at % channels] = (mean[at % channels] as number) + (values[at] as number) / count;
  return Float64Array.from(values, (value, at) => value - (mean[at % channels] as number));
}

/** @returns rows · x, shape [N] */
function along(rows: Float64Array, channels: number, x: Float64Array): Float64Array {
  return Float64Array.from({ length: rows.length / channels }, (_, row) => {
    let sum = 0;
    for (let i = 0; i < channels; i++) sum += (rows[row * channels + i] as number) * (x[i] as number);
    return sum;
  });
}

/** @returns rowsᵀ · y, shape [D] */
function across(rows: Float64Array, channels: number, y: Float64Array): Float64Array {
  const sums = new Float64Array(channels);
  for (const [row, value] of y.entries())
    for (let i = 0; i < channels; i++)
      sums[i] = (sums[i] as number) + value * (rows[row * channels + i] as number);
  return sums;
}

/**
 * The first two principal components. Of the two directions of an axis the one is taken in which the furthest place is positive.
 * @param afterStep awaited between steps; throw to stop
 * @returns shape [N, 2]; 0 along an axis that there is not
 */
export async function layOutByAxes(
  vectors: FeatureVectors,
  afterStep?: () => Promise<void>,
): Promise<Float32Array<ArrayBuffer>> {
  const { count, channels } = vectors;
  const places = new Float32Array(count * 2);
  const rows = centred(vectors);
  const variance = rows.reduce((sum, value) => sum + value * value, 0);
  // Below this it is rounding of float32.
  if (!(variance > count * 1e-12)) return places;
  const { vectors: axes } = await largestEigenvectors(
    (x) => across(rows, channels, along(rows, channels, x)),
    channels,
    { count: Math.min(2, channels), scale: variance, ...(afterStep === undefined ? {} : { afterStep }) },
  );
  for (const [axis, direction] of axes.entries()) {
    const component = along(rows, channels, direction);
    const furthest = component.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0);
    for (const [item, value] of component.entries()) places[item * 2 + axis] = Math.sign(furthest) * value;
  }
  return places;
}
