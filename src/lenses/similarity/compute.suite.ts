/** From photographs to similarities with the embedded model, on every back end against PyTorch and NumPy. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { BackendName } from '../../core/failure.ts';
import { maxAbsDifference } from '../../core/max-abs-difference.ts';
import type { Platform } from '../../engine/embedded.suite.ts';
import type { Engine } from '../../engine/engine.ts';
import { lookOn, startOn } from '../../testing/embedded-on-backend.ts';
import { embeddedSimilarity, type EmbeddedSimilarity } from '../../testing/similarity-fixtures.ts';
import type { LookResult } from '../lens-contract.ts';
import { similarityContract, type SimilarityParams, type SimilarityResult } from './contract.ts';

/** Of the largest value. */
const tolerance = 1e-4;

/** @param mostPx the largest side that is tested; above it a back end without our kernels takes a minute */
export function checkSimilarity(name: BackendName, platform: Platform, mostPx = Infinity): void {
  let engine: Engine;
  beforeAll(async () => {
    engine = await startOn(name, platform);
  });

  const look = (
    { samples, sidePx, features }: EmbeddedSimilarity,
    params: Partial<SimilarityParams>,
  ): Promise<readonly LookResult<SimilarityResult>[]> =>
    lookOn(
      engine,
      platform,
      'similarity',
      { ...similarityContract.params.defaults, ...features, ...params },
      samples,
      { shape: 'photograph', sidePx, overlap: 1 },
    );

  const expectMap = (map: Float32Array | undefined, expected: Float32Array | undefined): void => {
    const largest = Math.max(...(expected ?? []).map(Math.abs));
    expect(maxAbsDifference(map ?? [], expected ?? [NaN]) / largest).toBeLessThan(tolerance);
  };

  describe.each(embeddedSimilarity)('$name', (each) => {
    beforeEach(({ skip }) => skip(each.sidePx > mostPx, 'too slow here'));
    const [patch = NaN] = each.patches;

    test('to CLS, of the photograph itself', async () => {
      const [looked, ...others] = await look({ ...each, samples: each.samples.slice(0, 1) }, {});
      expect(others).toEqual([]);
      expectMap(looked?.result.map, each.cls[0]);
      expect(looked?.result).toMatchObject({ isAsked: true, asked: [], query: { token: 0, patch: null } });
    });

    test('to a patch, and to several together, of all photographs', async () => {
      const [first] = await look(each, { patch: { row: 0, column: 0 } });
      const columns = first?.result.columns ?? NaN;
      const place = (at: number) => ({ row: Math.floor(at / columns), column: at % columns });
      const toPatch = await look(each, { patch: place(patch) });
      expect(toPatch).toHaveLength(each.samples.length);
      for (const [at, { result }] of toPatch.entries()) {
        expectMap(result.map, each.patch[at]);
        expect(result).toMatchObject({ isAsked: at === 0, asked: [place(patch)] });
        const others = [...(each.patch[at] ?? [])].map((cosine, i) =>
          at === 0 && i === patch ? -Infinity : cosine,
        );
        expect(result.best?.cosine).toBeCloseTo(Math.max(...others), 4);
        const best = others.indexOf(Math.max(...others));
        expect(result.best?.patch).toEqual({
          row: Math.floor(best / result.columns),
          column: best % result.columns,
        });
        expect(result.askedRange).toEqual(toPatch[0]?.result.range);
      }
      const toSeveral = await look(each, { patches: each.patches.map(place) });
      for (const [at, { result }] of toSeveral.entries()) {
        expectMap(result.map, each.several[at]);
        expect(result.asked).toHaveLength(each.patches.length);
        expect(result.query.patch).toBeNull();
      }
    });
  });
}
