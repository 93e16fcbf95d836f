/** Similarities and nearest patches, on every back end against NumPy, on networks of every family. */
import * as tf from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import stored from '../../tools/reference/fixtures/taps.json';
import { specialTokenCount } from '../core/architecture.ts';
import type { BackendName } from '../core/failure.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { mutualMatches } from '../features/mutual-matches.ts';
import { openBackend, type OpenBackend } from '../gpu/open-backend.ts';
import { familySimilarity } from '../testing/similarity-fixtures.ts';
import { tapFixtures } from '../testing/tap-fixtures.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { layersFor } from './block-layers.ts';
import { runForward } from './forward.ts';
import { readNearestPatches, readPairCosines } from './match-patches.ts';
import { uploadParameters, type VitParameters } from './parameters.ts';
import { directionOf, readSimilarities } from './patch-similarity.ts';
import { Tapped } from './tapped.ts';

/** Of the largest value. */
const tolerance = 1e-4;

const { signal } = new AbortController();

export function checkPatchSimilarity(name: BackendName): void {
  let backend: OpenBackend;
  beforeAll(async () => {
    const opened = await openBackend(name, null);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    backend = opened.value;
  });
  let before: number;
  beforeEach(() => (before = tf.memory().numTensors));
  afterEach(() => expect(tf.memory().numTensors).toBe(before));

  describe.each(familySimilarity)('$network', ({ network, ...expected }) => {
    const fixture = tapFixtures[stored.findIndex((each) => each.network === network)];
    if (fixture === undefined) throw new Error(`no features of ${network}`);
    const { architecture, parameters: values } = fixture.network;
    const block = architecture.depth - 1;
    let parameters: VitParameters;
    let passes: Tapped[];
    beforeEach(async () => {
      parameters = uploadParameters(architecture, values);
      passes = [];
      for (const { input, size } of fixture.cases)
        passes.push(
          await runForward(parameters, input, size, [{ of: 'tokens', block, facet: 'key' }], {
            faults: backend.faults,
          }),
        );
    });
    afterEach(() => {
      for (const pass of passes) pass.dispose();
      parameters.dispose();
    });

    test.each(['cls', 'patch', 'several'] as const)('similar to %s', async (asked) => {
      const first = specialTokenCount(architecture);
      const patches = expected.patches.map((patch) => first + patch);
      const tokens = { cls: [0], patch: patches.slice(0, 1), several: patches }[asked];
      const direction = directionOf(passes[0] as Tapped, block, 'key', tokens);
      const maps = await readSimilarities(passes, block, 'key', direction);
      direction.dispose();
      expect(maps).toHaveLength(expected[asked].length);
      for (const [at, map] of expected[asked].entries()) {
        const largest = map.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(maxAbsDifference(maps[at] ?? [], map) / largest).toBeLessThan(tolerance);
      }
    });

    test.each([
      ['patches', false, expected.matches],
      ['patches with their surroundings', true, expected.around],
    ] as const)('nearest %s, and how alike pairs are', async (_, surroundings, { mutual, alike }) => {
      const [first, second] = passes;
      if (first === undefined || second === undefined) throw new Error('there are two inputs');
      const pair = { first, second, block, facet: 'key', surroundings } as const;
      const pairs = mutualMatches(...(await readNearestPatches(pair, { signal })));
      expect(pairs.map((each) => [each.first, each.second])).toEqual(
        mutual.map((each) => [each.first, each.second]),
      );
      expect(
        maxAbsDifference(
          pairs.map(({ cosine }) => cosine),
          mutual.map(({ cosine }) => cosine),
        ),
      ).toBeLessThan(tolerance);
      // Of two pairs: the descriptors one after the other.
      expect(maxAbsDifference(await readPairCosines(pair, pairs), alike)).toBeLessThan(tolerance);
    });
  });

  /** A pass made by hand, with features that no photograph gives. @param features of CLS and of patches, shape [T, C] each */
  const passOf = (features: readonly (readonly number[])[]): Tapped =>
    new Tapped({
      parameters: { architecture: vitSmall16, blocks: [] } as unknown as VitParameters,
      rows: 1,
      columns: features.length - 1,
      tokens: features.length,
      startedAt: 0,
      blocks: [
        { parts: { key: tf.tensor2d(features.map((each) => [...each])) }, queries: [], attention: null },
      ],
      layers: layersFor(vitSmall16, features.length, 2 ** 20),
      faults: backend.faults,
      maxScoresBytes: 2 ** 20,
    });

  test('features of 0, and features that cancel out, are like nothing', async () => {
    const pass = passOf([
      [1, 0, 0, 0],
      [0, 0, 0, 0],
      [3, 0, 0, 0],
      [-2, 0, 0, 0],
      [0, 5, 0, 0],
    ]);
    const askedOf = async (tokens: readonly number[]): Promise<number[]> => {
      const direction = directionOf(pass, 0, 'key', tokens);
      const [map] = await readSimilarities([pass], 0, 'key', direction);
      direction.dispose();
      return [...(map ?? [])].map((value) => value + 0);
    };
    expect(await askedOf([0])).toEqual([0, 1, -1, 0]);
    expect(await askedOf([1])).toEqual([0, 0, 0, 0]);
    expect(await askedOf([2, 3])).toEqual([0, 0, 0, 0]);
    // The longer feature counts no more than the shorter one.
    const [, half] = await askedOf([2, 4]);
    expect(half).toBeCloseTo(Math.SQRT1_2, 5);
    pass.dispose();
  });

  test('the nearest patches of many, of which not all cosines are held at once', async () => {
    const [rows, patches] = [70, 300];
    // Patch i lies at an angle of its own; the first photograph has each fourth of them, from the last to the first.
    const at = (patch: number): number[] => {
      const angle = (2 * Math.PI * patch) / patches;
      return [Math.cos(angle), Math.sin(angle), 0, 0];
    };
    const own = Array.from({ length: rows }, (_, row) => 4 * (rows - row));
    const cls = [0, 0, 1, 0];
    const first = passOf([cls, ...own.map(at)]);
    const second = passOf([cls, ...Array.from({ length: patches }, (_, patch) => at(patch))]);
    const pair = { first, second, block: 0, facet: 'key', surroundings: false } as const;
    const shares: number[] = [];
    const onProgress = (share: number): void => void shares.push(share);
    const [ofFirst, ofSecond] = await readNearestPatches(pair, {
      signal,
      maxBytes: 4 * rows * 128,
      onProgress,
    });
    // 128 patches at once.
    const parts = Math.ceil(patches / 128);
    expect(shares).toEqual(
      Array.from({ length: parts }, (_, part) => Math.min(1, ((part + 1) * 128) / patches)),
    );
    first.dispose();
    second.dispose();
    expect([...ofFirst.patches]).toEqual(own);
    expect(own.map((patch) => ofSecond.patches[patch])).toEqual(own.map((_, row) => row));
    for (const cosine of ofFirst.cosines) expect(cosine).toBeCloseTo(1, 5);
    expect(ofSecond.cosines[2]).toBeCloseTo(Math.cos((2 * Math.PI * 2) / patches), 5);
  });
}
