import { expect, it } from 'vitest';
import { agreementOf, differenceOf, usualShare } from './agreement.ts';

const compare = (one: Float32Array, other: Float32Array, share = usualShare) =>
  agreementOf({ map: one, share }, { map: other, share });

const a = Float32Array.of(0.1, 0.4, 0.4, 0.05, 0.9, 0.2, 0.4, 0.3);
const b = Float32Array.of(0.3, 0.1, 0.4, 0.05, 0.8, 0.8, 0.2, 0.3);

it('ranks as scipy.stats.spearmanr does, equal values included', () => {
  expect(compare(a, b).rankCorrelation).toBeCloseTo(0.35805197878547623, 12);
  expect(
    compare(
      a,
      a.map((value) => -value),
    ).rankCorrelation,
  ).toBeCloseTo(-1, 12);
  expect(compare(a, new Float32Array(8)).rankCorrelation).toBeNull();
});

it('has the Jaccard index of the masks of 60 % of the mass', () => {
  // By hand: of 2.75 the largest values that hold 60 % are in patches 4, 6, 2; of 2.95 in patches 4, 5, 2.
  expect(compare(a, b).jaccard).toBeCloseTo(2 / 4, 12);
  expect(compare(a, a).jaccard).toBe(1);
  expect(
    compare(
      a,
      b.map((value) => -value),
    ).jaccard,
  ).toBeNull();
});

it('compares masks as they are', () => {
  const [one, other] = [Float32Array.of(1, 1, 1, 1, 1, 0), Float32Array.of(0, 1, 1, 1, 1, 1)];
  expect(compare(one, other, 1).jaccard).toBeCloseTo(4 / 6, 12);
});

it('throws where the maps have different sizes', () => {
  expect(() => compare(a, b.subarray(1))).toThrow('maps of 8 and 7 patches');
});

it('the difference is that of what heat maps show, each by its own range', () => {
  const difference = differenceOf(Float32Array.of(0, 5, 10), Float32Array.of(2, 1, 1));
  expect([...difference]).toEqual([-1, 0.5, 1]);
  expect([...differenceOf(Float32Array.of(3, 3), Float32Array.of(1, 2))]).toEqual([0, -1]);
});
