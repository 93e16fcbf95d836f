/** From two photographs to pairs with the embedded model, on every back end against PyTorch and NumPy. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BackendName } from '../../core/failure.ts';
import { maxAbsDifference } from '../../core/max-abs-difference.ts';
import type { PatchMatch } from '../../core/patch-match.ts';
import type { Platform } from '../../engine/embedded.suite.ts';
import type { Engine } from '../../engine/engine.ts';
import { lookOn, startOn } from '../../testing/embedded-on-backend.ts';
import { embeddedSimilarity, type EmbeddedSimilarity } from '../../testing/similarity-fixtures.ts';
import type { LookResult } from '../lens-contract.ts';
import {
  correspondencesContract,
  type CorrespondencesParams,
  type CorrespondencesResult,
  type PairEnd,
} from './contract.ts';

/** Of cosines, which are at most 1. */
const tolerance = 1e-4;

/** @param mostPx the largest side that is tested; above it a back end without our kernels takes a minute */
export function checkCorrespondences(name: BackendName, platform: Platform, mostPx = Infinity): void {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startOn(name, platform);
  });

  async function look(
    { samples, sidePx, features }: EmbeddedSimilarity,
    params: Partial<CorrespondencesParams>,
  ): Promise<LookResult<CorrespondencesResult>> {
    const [looked] = await lookOn(
      engine,
      platform,
      'correspondences',
      { ...correspondencesContract.params.defaults, ...features, ...params },
      samples.slice(0, 2),
      { shape: 'photograph', sidePx, overlap: 1 },
    );
    return looked ?? expect.unreachable('it answers');
  }

  const indexOf = ({ row, column }: PairEnd, columns: number): number => row * columns + column;

  function expectPairs(
    { result: { pairs }, passes }: LookResult<CorrespondencesResult>,
    expected: readonly PatchMatch[],
  ): void {
    const [first = NaN, second = NaN] = passes.map(({ frame }) => frame.columns);
    expect(pairs.map((each) => [indexOf(each.first, first), indexOf(each.second, second)])).toEqual(
      expected.map((each) => [each.first, each.second]),
    );
    const cosinesOf = (some: readonly { readonly cosine: number }[]): number[] =>
      some.map(({ cosine }) => cosine);
    expect(maxAbsDifference(cosinesOf(pairs), cosinesOf(expected))).toBeLessThan(tolerance);
  }

  describe.each(embeddedSimilarity)('$name', (each) => {
    beforeEach(({ skip }) => skip(each.sidePx > mostPx, 'too slow here'));
    const { mutual, salient, chosen } = each.matches;

    test('ten pairs', async () => {
      const looked = await look(each, {});
      expect(looked.result.found).toEqual({ mutual: mutual.length, salient: salient.length });
      expectPairs(looked, chosen);
      // Their places are the middles of their patches.
      const [pair] = looked.result.pairs;
      const { box, rows, columns } = looked.passes[1]?.frame ?? expect.unreachable('two passes');
      expect(pair?.second.x).toBeCloseTo(
        box.left + ((pair?.second.column ?? 0) + 0.5) * (box.width / columns),
        6,
      );
      expect(pair?.second.y).toBeCloseTo(box.top + ((pair?.second.row ?? 0) + 0.5) * (box.height / rows), 6);
    });

    test('ten pairs of patches with their surroundings', async () => {
      const { around } = each;
      const looked = await look(each, { surroundings: true });
      expect(looked.result.found).toEqual({ mutual: around.mutual.length, salient: around.salient.length });
      expectPairs(looked, around.chosen);
    });

    test.each([
      [0, mutual],
      [5, salient],
    ])('above %d %, all of them where as many are asked for', async (salience, all) => {
      const looked = await look(each, { pairs: 50, salience });
      const pairs = looked.result.pairs.toSorted(
        (a, b) => a.first.row - b.first.row || a.first.column - b.first.column,
      );
      const sorted = { ...looked, result: { ...looked.result, pairs } };
      const shown = new Set(pairs.map(({ first }) => indexOf(first, looked.passes[0]?.frame.columns ?? NaN)));
      expect(shown.size).toBe(pairs.length);
      // Of more than fifty a cluster may be left empty.
      if (all.length > 50) expect(pairs.length).toBeGreaterThan(40);
      else expect(pairs).toHaveLength(all.length);
      expectPairs(
        sorted,
        all.filter(({ first }) => shown.has(first)),
      );
    });
  });

  test('without a second photograph there are none', async () => {
    const each = embeddedSimilarity.find(({ sidePx }) => sidePx <= mostPx);
    if (each === undefined) throw new Error('no case');
    const { result } = await look({ ...each, samples: each.samples.slice(0, 1) }, {});
    expect(result).toMatchObject({ found: null, pairs: [] });
  });
}
