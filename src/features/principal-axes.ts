/** The principal axes of features: the directions of largest variance. */
import { largestEigenvectors } from './lanczos.ts';

export interface PrincipalAxes {
  /**
   * In descending order of their variance (nearly equal ones in any order), of length 1 each, shape [K, C]; fewer than requested if the features have no
   * more.
   */
  readonly axes: readonly Float32Array[];
  /** Shares of the variance, in descending order; shape [K]. */
  readonly shares: readonly number[];
}

/** Axes with no more than this share of the variance are rounding errors of float32. */
const leastShare = 1e-9;

/**
 * Chooses one of the two directions of an axis: its entry of largest magnitude is positive, or the first of several equal
 * ones. So the colours stay the same when a photograph is added.
 */
function turned(axis: Float64Array): Float32Array {
  const furthest = axis.reduce(
    (best, value, at) => (Math.abs(value) > Math.abs(axis[best] as number) * (1 + 1e-6) ? at : best),
    0,
  );
  const sign = Math.sign(axis[furthest] as number);
  return Float32Array.from(axis, (value) => sign * value);
}

/** Shares of the variance that differ by less, relative to the larger one, count as equal. */
const equalShares = 0.02;

const product = (a: Float32Array, b: Float32Array): number =>
  a.reduce((sum, value, at) => sum + value * (b[at] as number), 0);

/**
 * Turns axes so that each points along the one of `anchors` to which it is closest, and orders axes of nearly equal variance as these. So
 * colours stay where they were when further photographs move the axes a little.
 * @param anchors axes that stay the same meanwhile: those of the first photograph alone
 */
export function alignAxes({ axes, shares }: PrincipalAxes, anchors: readonly Float32Array[]): PrincipalAxes {
  const aligned = axes.map((axis, at) => {
    const along = anchors.map((anchor) => product(axis, anchor));
    const closest = along.reduce(
      (best, value, index) => (Math.abs(value) > Math.abs(along[best] ?? 0) ? index : best),
      0,
    );
    const isReversed = (along[closest] ?? 0) < 0;
    return { axis: isReversed ? axis.map((value) => -value) : axis, share: shares[at] as number, closest };
  });
  // Runs of nearly equal ones: each begins with the axis of the largest variance that is in none before.
  for (let begin = 0; begin < aligned.length;) {
    const largest = aligned[begin]?.share ?? 0;
    let end = begin + 1;
    while (end < aligned.length && largest - (aligned[end]?.share ?? 0) < equalShares * largest) end += 1;
    const run = aligned.slice(begin, end).toSorted((a, b) => a.closest - b.closest);
    aligned.splice(begin, run.length, ...run);
    begin = end;
  }
  return { axes: aligned.map(({ axis }) => axis), shares: aligned.map(({ share }) => share) };
}

/**
 * @param scatter the sum of (x − mean)(x − mean)ᵀ, shape [C, C]
 * @param count number of axes
 */
export async function principalAxes(
  scatter: Float32Array | Float64Array,
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
