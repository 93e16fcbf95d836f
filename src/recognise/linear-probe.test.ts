import { describe, expect, test } from 'vitest';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { randomStream } from '../core/random.ts';
import { probeCases } from '../testing/recognition-fixtures.ts';
import type { FeatureVectors } from './feature-vectors.ts';
import { applyProbe, classesOfShares, fitProbe } from './linear-probe.ts';
import { rowsOf, splitByClass, trainProbe } from './train-probe.ts';

describe.each(probeCases.map((each, at) => [at, each] as const))(
  'case %i',
  (_, { inputs, classes, classCount, fits }) => {
    test.each(fits)('arrives at PyTorch’s optimum with weight decay $weightDecay', async (expected) => {
      const losses: number[] = [];
      const { probe, loss } = await fitProbe(inputs, classes, classCount, {
        weightDecay: expected.weightDecay,
        afterStep: (_step, now) => void losses.push(now),
      });
      expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-3 * Math.max(1, expected.loss));
      expect(loss).toBeGreaterThan(expected.loss - 1e-6);
      expect(losses).toEqual(losses.toSorted((a, b) => b - a));
      const shares = await applyProbe(probe, inputs);
      expect(maxAbsDifference(shares, expected.shares)).toBeLessThan(0.02);
    });
  },
);

/** Three classes in four channels, some of them far apart. */
function madeUp(count: number): { vectors: FeatureVectors; classes: number[] } {
  const random = randomStream(7);
  const classes = Array.from({ length: count }, (_, item) => (item % 5 === 4 ? -1 : item % 3));
  const values = Float32Array.from({ length: count * 4 }, (_, at) => {
    const item = Math.floor(at / 4);
    return (at % 4 === item % 3 ? 2 : 0) + 0.5 * random.normal();
  });
  return { vectors: { count, channels: 4, values }, classes };
}

test('a probe is judged by items that it never saw, and says something of those without a class', async () => {
  const { vectors, classes } = madeUp(150);
  const trained = await trainProbe(vectors, classes, 3, { heldOutShare: 0.25, seed: 1 });
  const { heldOut, accuracy, shares, losses } = trained;
  const labelled = classes.flatMap((of, item) => (of < 0 ? [] : [item]));
  expect([...trained.trained, ...heldOut].toSorted((a, b) => a - b)).toEqual(labelled);
  expect(heldOut).toHaveLength(30);
  expect(accuracy).toBeGreaterThan(0.9);
  expect(shares).toHaveLength(150 * 3);
  const predictions = classesOfShares(shares, 3);
  const ofUnlabelled = classes.flatMap((of, item) => (of < 0 ? [predictions[item] === item % 3] : []));
  expect(ofUnlabelled.filter(Boolean).length / ofUnlabelled.length).toBeGreaterThan(0.9);
  expect(losses.at(-1)).toBeLessThan(losses[0] as number);
});

test('one seed gives one split, another seed another one, and both the same each time', async () => {
  const { vectors, classes } = madeUp(90);
  const train = (seed: number) => trainProbe(vectors, classes, 3, { heldOutShare: 0.3, seed });
  const [first, again, other] = [await train(1), await train(1), await train(2)];
  expect(again).toEqual(first);
  expect(other.heldOut).not.toEqual(first.heldOut);
});

test('classes with one or two items are learned from, and nothing is held out of one', async () => {
  const vectors = rowsOf(madeUp(90).vectors, [0, 1, 2, 3]);
  const { heldOut, trained, accuracy } = await trainProbe(vectors, [0, 1, 2, 0], 3, {
    heldOutShare: 0.4,
    seed: 0,
  });
  expect(heldOut).toHaveLength(1);
  expect(trained).toHaveLength(3);
  expect(accuracy).not.toBeNull();
  const split = splitByClass([0, 1, 2], [0, 1, 2], 0.9, randomStream(1));
  expect(split).toEqual({ kept: [0, 1, 2], heldOut: [] });
});
