/** A probe whose weight decay is chosen by photographs that it did not learn from, and judged by others. */
import { randomStream, shuffled, type Random } from '../core/random.ts';
import { accuracyOf } from './knn.ts';
import type { FeatureVectors } from './feature-vectors.ts';
import {
  applyProbe,
  classesOfShares,
  fitProbe,
  type LinearProbe,
  type ProbeProducts,
} from './linear-probe.ts';

/** The strongest first: each next fit starts where the one before it ended. */
const weightDecays = [1, 0.1, 0.01, 0.001, 0.0001] as const;

/** Where there are too few items to choose by. */
const usualWeightDecay = 0.01;

/** Of the items that are not held out, the share that chooses the weight decay. */
const choosingShare = 0.2;

/** While the weight decay is chosen; the last fit has the usual number. */
const trialSteps = 60;

export interface ProbeOptions {
  /** Of each class, 0 … 0.9; at least one item of each class is learned from. */
  readonly heldOutShare: number;
  readonly seed: number;
  readonly productsOf?: (inputs: FeatureVectors) => ProbeProducts;
  /** Called after each step with the share that is done, as far as one can tell, and the step's loss; throw to stop. */
  readonly afterStep?: (share: number, loss: number) => Promise<void> | void;
}

export interface TrainedProbe {
  readonly probe: LinearProbe;
  readonly weightDecay: number;
  /** Of the last fit, step by step. */
  readonly losses: readonly number[];
  /** Items, ascending. */
  readonly trained: readonly number[];
  /** Items, ascending. */
  readonly heldOut: readonly number[];
  /** On the items that were held out; null where there is none. */
  readonly accuracy: number | null;
  /** The probability of each class for all items, those without a class too; shape [N, K] */
  readonly shares: Float32Array<ArrayBuffer>;
}

/** @returns `share` of each class's items at random, rounded, but never all of them; and the others; both ascending */
export function splitByClass(
  items: readonly number[],
  classes: ArrayLike<number>,
  share: number,
  random: Random,
): { readonly kept: readonly number[]; readonly heldOut: readonly number[] } {
  const ofClass = new Map<number, number[]>();
  for (const item of items) {
    const known = ofClass.get(classes[item] as number);
    if (known === undefined) ofClass.set(classes[item] as number, [item]);
    else known.push(item);
  }
  const heldOut = new Set<number>();
  for (const [, members] of [...ofClass].toSorted(([a], [b]) => a - b)) {
    const count = Math.min(members.length - 1, Math.round(members.length * share));
    for (const at of shuffled(members.length, random).slice(0, count)) heldOut.add(members[at] as number);
  }
  return {
    kept: items.filter((item) => !heldOut.has(item)),
    heldOut: items.filter((item) => heldOut.has(item)),
  };
}

/** @returns these rows alone */
export function rowsOf({ channels, values }: FeatureVectors, items: readonly number[]): FeatureVectors {
  const chosen = new Float32Array(items.length * channels);
  for (const [to, item] of items.entries())
    chosen.set(values.subarray(item * channels, (item + 1) * channels), to * channels);
  return { count: items.length, channels, values: chosen };
}

/** Mean of −log of the true class's probability. */
function crossEntropy(shares: Float32Array, classes: readonly number[], classCount: number): number {
  const losses = classes.map((wanted, item) => -Math.log(shares[item * classCount + wanted] as number));
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

async function chooseWeightDecay(
  vectors: FeatureVectors,
  classes: ArrayLike<number>,
  classCount: number,
  items: readonly number[],
  options: ProbeOptions,
): Promise<number> {
  const { seed, productsOf, afterStep } = options;
  const { kept, heldOut } = splitByClass(items, classes, choosingShare, randomStream(seed, 1));
  if (heldOut.length === 0) return usualWeightDecay;
  const classesOf = (some: readonly number[]): number[] => some.map((item) => classes[item] as number);
  const [inputs, others] = [rowsOf(vectors, kept), rowsOf(vectors, heldOut)];
  const common = productsOf === undefined ? {} : { productsOf };
  let best = { weightDecay: usualWeightDecay as number, accuracy: -1, loss: Infinity };
  let start: Float64Array | undefined;
  for (const [at, weightDecay] of weightDecays.entries()) {
    const fit = await fitProbe(inputs, classesOf(kept), classCount, {
      ...common,
      ...(start === undefined ? {} : { start }),
      weightDecay,
      maxSteps: trialSteps,
      afterStep: (step, loss) => afterStep?.((at + step / trialSteps) / (weightDecays.length + 1), loss),
    });
    start = fit.end;
    const shares = await applyProbe(fit.probe, others, productsOf);
    const accuracy = accuracyOf(classesOfShares(shares, classCount), classesOf(heldOut)) ?? 0;
    const loss = crossEntropy(shares, classesOf(heldOut), classCount);
    if (accuracy > best.accuracy || (accuracy === best.accuracy && loss < best.loss))
      best = { weightDecay, accuracy, loss };
  }
  return best.weightDecay;
}

/**
 * Holds out a share of each class, chooses the weight decay by a part of the others (by accuracy, of equal ones by the loss), and learns from
 * all of these others. The same seed gives the same split.
 * @param classes of each item, −1 where it has none
 * @throws what `afterStep` throws
 */
export async function trainProbe(
  vectors: FeatureVectors,
  classes: ArrayLike<number>,
  classCount: number,
  options: ProbeOptions,
): Promise<TrainedProbe> {
  const { heldOutShare, seed, productsOf, afterStep } = options;
  const labelled = Array.from({ length: vectors.count }, (_, item) => item).filter(
    (item) => (classes[item] ?? -1) >= 0,
  );
  const { kept, heldOut } = splitByClass(labelled, classes, heldOutShare, randomStream(seed, 0));
  const weightDecay = await chooseWeightDecay(vectors, classes, classCount, kept, options);
  const losses: number[] = [];
  const trials = weightDecays.length;
  const { probe } = await fitProbe(
    rowsOf(vectors, kept),
    kept.map((item) => classes[item] as number),
    classCount,
    {
      ...(productsOf === undefined ? {} : { productsOf }),
      weightDecay,
      async afterStep(step, loss) {
        losses.push(loss);
        await afterStep?.((trials + Math.min(1, step / 200)) / (trials + 1), loss);
      },
    },
  );
  const shares = await applyProbe(probe, vectors, productsOf);
  const predictions = classesOfShares(shares, classCount);
  const accuracy = accuracyOf(
    heldOut.map((item) => predictions[item] as number),
    heldOut.map((item) => classes[item] as number),
  );
  return { probe, weightDecay, losses, trained: kept, heldOut, accuracy, shares };
}
