/** The directions in which features differ most. */
import { largestEigenvectors } from './lanczos.ts';

export interface PrincipalAxes {
  /** By how much of the variance they hold, of length 1 each, shape [K, C]; fewer than were wanted where the features have no more. */
  readonly axes: readonly Float32Array[];
  /** Shares of the variance, descending; shape [K]. */
  readonly shares: readonly number[];
}

/** Less of the variance than this is rounding. */
const leastShare = 1e-9;

/**
 * An axis has two directions. The one whose largest entry is above 0 is taken, of equal ones the first, so that colours stay when a photograph is added.
 */
function turned(axis: Float64Array): Float32Array {
  const furthest = axis.reduce(
    (best, value, at) => (Math.abs(value) > Math.abs(axis[best] as number) * (1 + 1e-6) ? at : best),
    0,
  );
  const sign = Math.sign(axis[furthest] as number);
  return Float32Array.from(axis, (value) => sign * value);
}

/** @param scatter the sum of (x − mean)(x − mean)ᵀ, shape [C, C] @param count how many axes */
export async function principalAxes(
  scatter: Float32Array,
  channels: number,
  count: number,
  afterStep?: () => Promise<void>,
): Promise<PrincipalAxes> {
  let trace = 0;
  for (let channel = 0; channel < channels; channel++) trace += scatter[channel * (channels + 1)] as number;
  if (!(trace > 0)) return { axes: [], shares: [] };
  const apply = (x: Float64Array): Float64Array => {
    const y = new Float64Array(channels);
    for (let row = 0; row < channels; row++) {
      let sum = 0;
      for (let column = 0; column < channels; column++)
        sum += (scatter[row * channels + column] as number) * (x[column] as number);
      y[row] = sum;
    }
    return y;
  };
  const { values, vectors } = await largestEigenvectors(apply, channels, {
    count: Math.min(count, channels),
    scale: trace,
    ...(afterStep === undefined ? {} : { afterStep }),
  });
  const shares = [...values].map((value) => value / trace).filter((share) => share > leastShare);
  return { axes: vectors.slice(0, shares.length).map(turned), shares };
}
