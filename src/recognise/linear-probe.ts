/**
 * A linear layer that tells classes by features that stay as they are. Loss: mean cross-entropy + weightDecay / 2 · ‖weight‖², on inputs of
 * which each channel has the mean 0 and the variance 1 among the training items. The probe that is returned takes the inputs as they were.
 */
import { minimise } from './lbfgs.ts';
import type { FeatureVectors } from './feature-vectors.ts';

export interface LinearProbe {
  /** K */
  readonly classCount: number;
  /** D */
  readonly channels: number;
  /** shape [K, D], as in `torch.nn.Linear` */
  readonly weight: Float32Array<ArrayBuffer>;
  /** shape [K] */
  readonly bias: Float32Array<ArrayBuffer>;
}

/** The two large products of a step. The worker computes them on the device; here they are plain loops. */
export interface ProbeProducts {
  /** @param weight shape [K, D] @returns inputs · weightᵀ, shape [N, K] */
  scores(weight: Float32Array, classCount: number): Promise<Float32Array> | Float32Array;
  /** @param residuals shape [N, K] @returns residualsᵀ · inputs, shape [K, D] */
  gradient(residuals: Float32Array, classCount: number): Promise<Float32Array> | Float32Array;
}

export function plainProducts({ count, channels, values }: FeatureVectors): ProbeProducts {
  return {
    scores(weight, classCount) {
      const scores = new Float32Array(count * classCount);
      for (let item = 0; item < count; item++)
        for (let each = 0; each < classCount; each++) {
          const [row, column] = [item * channels, each * channels];
          let sum = 0;
          for (let i = 0; i < channels; i++)
            sum += (values[row + i] as number) * (weight[column + i] as number);
          scores[item * classCount + each] = sum;
        }
      return scores;
    },
    gradient(residuals, classCount) {
      const gradient = new Float64Array(classCount * channels);
      for (let item = 0; item < count; item++)
        for (let each = 0; each < classCount; each++) {
          const residual = residuals[item * classCount + each] as number;
          const [row, column] = [item * channels, each * channels];
          for (let i = 0; i < channels; i++)
            gradient[column + i] = (gradient[column + i] as number) + residual * (values[row + i] as number);
        }
      return Float32Array.from(gradient);
    },
  };
}

/** Replaces a row of scores by softmax of it. @returns log Σ exp(score) */
function softmaxInPlace(row: Float32Array): number {
  let most = -Infinity;
  for (const value of row) most = Math.max(most, value);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += Math.exp((row[i] as number) - most);
  for (let i = 0; i < row.length; i++) row[i] = Math.exp((row[i] as number) - most) / sum;
  return most + Math.log(sum);
}

/** Each channel's mean and standard deviation; a channel that never changes has the deviation 1. */
interface Spread {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

function spreadOf({ count, channels, values }: FeatureVectors): Spread {
  const mean = new Float64Array(channels);
  const squares = new Float64Array(channels);
  for (let at = 0; at < values.length; at++)
    mean[at % channels] = (mean[at % channels] as number) + (values[at] as number) / count;
  for (let at = 0; at < values.length; at++) {
    const i = at % channels;
    squares[i] = (squares[i] as number) + ((values[at] as number) - (mean[i] as number)) ** 2 / count;
  }
  return { mean, deviation: squares.map((square) => (square > 1e-14 ? Math.sqrt(square) : 1)) };
}

const standardised = (
  { count, channels, values }: FeatureVectors,
  { mean, deviation }: Spread,
): FeatureVectors => ({
  count,
  channels,
  values: values.map(
    (value, at) => (value - (mean[at % channels] as number)) / (deviation[at % channels] as number),
  ),
});

/** The same function of inputs that are not standardised. */
function unfold(point: Float64Array, classCount: number, { mean, deviation }: Spread): LinearProbe {
  const channels = mean.length;
  const weight = Float32Array.from(
    { length: classCount * channels },
    (_, at) => (point[at] as number) / (deviation[at % channels] as number),
  );
  const bias = Float32Array.from({ length: classCount }, (_, each) => {
    let sum = point[classCount * channels + each] as number;
    for (let i = 0; i < channels; i++)
      sum -= ((point[each * channels + i] as number) * (mean[i] as number)) / (deviation[i] as number);
    return sum;
  });
  return { classCount, channels, weight, bias };
}

export interface FitOptions {
  readonly weightDecay: number;
  readonly maxSteps?: number;
  /** Where a fit with another weight decay ended; zeros where it is left out. Shape [K · D + K]. */
  readonly start?: Float64Array;
  /** @param inputs the standardised ones; shape [N, D] */
  readonly productsOf?: (inputs: FeatureVectors) => ProbeProducts;
  /** Called after each step; throw to stop. */
  readonly afterStep?: (step: number, loss: number) => Promise<void> | void;
}

export interface Fit {
  readonly probe: LinearProbe;
  /** With the weight decay's part. */
  readonly loss: number;
  /** A start for the next fit of the same items. */
  readonly end: Float64Array;
}

const usualMaxSteps = 200;
/** The loss is at its optimum to about the square of this. */
const gradientTolerance = 1e-5;

/**
 * @param classes of each input, 0 … classCount − 1
 * @throws what the products and `afterStep` throw
 */
export async function fitProbe(
  inputs: FeatureVectors,
  classes: ArrayLike<number>,
  classCount: number,
  { weightDecay, maxSteps = usualMaxSteps, start, productsOf = plainProducts, afterStep }: FitOptions,
): Promise<Fit> {
  const { count, channels } = inputs;
  const spread = spreadOf(inputs);
  const products = productsOf(standardised(inputs, spread));
  const weights = classCount * channels;
  const evaluate = async (point: Float64Array): Promise<{ value: number; gradient: Float64Array }> => {
    const scores = await products.scores(Float32Array.from(point.subarray(0, weights)), classCount);
    const gradient = new Float64Array(point.length);
    let value = 0;
    for (let item = 0; item < count; item++) {
      const row = scores.subarray(item * classCount, (item + 1) * classCount);
      for (let each = 0; each < classCount; each++)
        row[each] = (row[each] as number) + (point[weights + each] as number);
      const wanted = classes[item] as number;
      const score = row[wanted] as number;
      value += (softmaxInPlace(row) - score) / count;
      row[wanted] = (row[wanted] as number) - 1;
      for (let each = 0; each < classCount; each++)
        gradient[weights + each] = (gradient[weights + each] as number) + (row[each] as number) / count;
    }
    const ofWeights = await products.gradient(scores, classCount);
    for (let at = 0; at < weights; at++) {
      const weight = point[at] as number;
      gradient[at] = (ofWeights[at] as number) / count + weightDecay * weight;
      value += (weightDecay / 2) * weight * weight;
    }
    return { value, gradient };
  };
  const begin = start ?? new Float64Array(weights + classCount);
  const { point, value } = await minimise(evaluate, begin, {
    maxSteps,
    tolerance: gradientTolerance,
    ...(afterStep === undefined ? {} : { afterStep }),
  });
  return { probe: unfold(point, classCount, spread), loss: value, end: point };
}

/** @returns the probability of each class for each input, shape [N, K] */
export async function applyProbe(
  { classCount, channels, weight, bias }: LinearProbe,
  inputs: FeatureVectors,
  productsOf: (inputs: FeatureVectors) => ProbeProducts = plainProducts,
): Promise<Float32Array<ArrayBuffer>> {
  if (inputs.channels !== channels)
    throw new Error(`inputs of ${inputs.channels} channels for a probe of ${channels}`);
  const scores = await productsOf(inputs).scores(weight, classCount);
  const shares = Float32Array.from(scores, (score, at) => score + (bias[at % classCount] as number));
  for (let item = 0; item < inputs.count; item++)
    softmaxInPlace(shares.subarray(item * classCount, (item + 1) * classCount));
  return shares;
}

/** @param shares shape [N, K] @returns the class of the largest share, of equal ones the first; shape [N] */
export function classesOfShares(shares: Float32Array, classCount: number): Int32Array<ArrayBuffer> {
  return Int32Array.from({ length: classCount === 0 ? 0 : shares.length / classCount }, (_, item) => {
    let best = 0;
    for (let each = 1; each < classCount; each++)
      if ((shares[item * classCount + each] as number) > (shares[item * classCount + best] as number))
        best = each;
    return best;
  });
}
