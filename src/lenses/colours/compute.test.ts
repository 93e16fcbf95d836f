/** From photographs to components with the embedded model, against PyTorch and NumPy. */
import { beforeAll, describe, expect, test } from 'vitest';
import { maxAbsDifference } from '../../core/max-abs-difference.ts';
import { fail } from '../../core/result.ts';
import type { Engine } from '../../engine/engine.ts';
import {
  coloursTogether,
  embeddedColours,
  type EmbeddedColours,
  type ExpectedComponents,
} from '../../testing/colour-fixtures.ts';
import { lookAtSample, lookTogether, startEmbedded } from '../../testing/embedded-look.ts';
import { coloursCompute } from './compute.ts';
import { coloursContract, type ColoursParams, type ColoursResult } from './contract.ts';

/** Relative to the largest value. */
const tolerance = 1e-4;

let engine: Engine;
beforeAll(async () => {
  engine = await startEmbedded();
});

const look = (each: EmbeddedColours, params: Partial<ColoursParams>): Promise<ColoursResult> =>
  lookAtSample(
    engine,
    'colours',
    { ...coloursContract.params.defaults, ...each.features, ...params },
    each.sample,
    { shape: 'photograph', sidePx: each.sidePx },
  );

function expectComponents({ components }: ColoursResult, { shares, maps }: ExpectedComponents): void {
  expect(components).toHaveLength(4);
  for (const [at, { map, share }] of components.entries()) {
    const expected = maps[at] as Float32Array;
    expect(share).toBeCloseTo(shares[at] as number, 5);
    const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    expect(maxAbsDifference(map, expected) / largest).toBeLessThan(tolerance);
  }
}

describe.each(embeddedColours)('$sample, $features.facet of block $features.block', (each) => {
  test('of all patches', async () => {
    const found = await look(each, {});
    expectComponents(found, each.all);
    expect(found.kept).toBeNull();
  });

  test('of those where CLS looks', async () => {
    const found = await look(each, { of: 'attention' });
    expect(found.keptPatches).toBe(each.attention.kept);
    expectComponents(found, each.attention);
  });

  test('of one side of the first component', async () => {
    const found = await look(each, { of: 'component' });
    expect(found.keptPatches).toBe(each.component.kept);
    expectComponents(found, each.component);
    const other = await look(each, { of: 'component', keep: 'below' });
    expect(other.keptPatches).toBe(found.rows * found.columns - each.component.kept);
  });
});

test('smallest, largest and deviation are of the patches that count', async () => {
  const [each] = embeddedColours;
  if (each === undefined) throw new Error('no case');
  const { components, kept } = await look(each, { of: 'attention' });
  const [first] = components;
  const values = [...(first?.map ?? [])].filter((_, patch) => kept?.[patch] === 1);
  expect(first).toMatchObject({ min: Math.min(...values), max: Math.max(...values) });
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean / (first?.deviation ?? 0)).toBeCloseTo(0, 4);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(first?.deviation).toBeCloseTo(Math.sqrt(variance), 4);
});

test('the main array holds three components a patch', async () => {
  const [each] = embeddedColours;
  if (each === undefined) throw new Error('no case');
  const found = await look(each, {});
  const [{ shape, values } = expect.unreachable('no array')] = coloursCompute.arrays(found);
  expect(shape).toEqual([found.rows, found.columns, 3]);
  expect(values[3 * 7 + 2]).toBe(found.components[2]?.map[7]);
  expect(coloursCompute.numbers(found)).toMatchObject({
    block: 4,
    explainedVariance: found.components.map(({ share }) => share),
  });
});

describe('of several photographs together', () => {
  const { samples, sidePx, features } = coloursTogether;
  const params = { ...coloursContract.params.defaults, ...features, together: true };
  const framing = { shape: 'photograph', sidePx, overlap: 1 } as const;

  async function lookAtAll(change: Partial<ColoursParams> = {}): Promise<readonly ColoursResult[]> {
    const answer = await lookTogether(engine, 'colours', { ...params, ...change }, samples, framing);
    if (!answer.ok) throw new Error(JSON.stringify(answer.error));
    return answer.value.map((each) =>
      each.ok ? each.value.result : expect.unreachable(JSON.stringify(each.error)),
    );
  }

  test.each(['all', 'attention'] as const)(
    'components are NumPy’s of all patches in one matrix: %s',
    async (of) => {
      const found = await lookAtAll({ of });
      const { maps, shares } = coloursTogether[of];
      expect(found).toHaveLength(samples.length);
      for (const [axis, expected] of maps.entries()) {
        const largest = Math.max(...expected.flatMap((map) => [...map].map(Math.abs)));
        const mapOf = (photo: number): Float32Array =>
          found[photo]?.components[axis]?.map ?? expect.unreachable('no map');
        // An axis has two directions, but the same one on all photographs.
        const sign = Math.sign(
          mapOf(0).reduce((sum, value, at) => sum + value * (expected[0]?.[at] ?? 0), 0),
        );
        for (const [photo, map] of expected.entries()) {
          const difference = maxAbsDifference(
            mapOf(photo),
            map.map((value) => sign * value),
          );
          expect(difference / largest).toBeLessThan(tolerance);
          expect(found[photo]?.components[axis]?.share).toBeCloseTo(shares[axis] as number, 5);
        }
      }
      const kept =
        of === 'attention' ? coloursTogether.attention.kept : found.map((each) => each.rows * each.columns);
      const keptPatches = kept.reduce((sum, count) => sum + count, 0);
      for (const each of found) expect(each).toMatchObject({ photographs: samples.length, keptPatches });
    },
  );

  test('one scale of colours for all of them', async () => {
    const found = await lookAtAll();
    const values = found.flatMap(({ components }) => [...(components[0]?.map ?? [])]);
    for (const { components } of found)
      expect(components[0]).toMatchObject({ min: Math.min(...values), max: Math.max(...values) });
  });

  test('one that cannot be read has its failure, and the others their colours', async () => {
    const broken = { id: 'broken', read: () => Promise.resolve(fail({ code: 'not-an-image' } as const)) };
    for (const at of [0, 1]) {
      const some = samples.slice(0, 2);
      const answer = await lookTogether(engine, 'colours', params, some, framing);
      const withBroken = await lookTogether(
        engine,
        'colours',
        params,
        [...some.slice(0, at), broken, ...some.slice(at)],
        framing,
      );
      if (!answer.ok || !withBroken.ok) throw new Error('it failed');
      expect(withBroken.value[at]).toEqual(fail({ code: 'not-an-image' }));
      const resultOf = (each: (typeof answer.value)[number]) => (each.ok ? each.value.result : null);
      expect(withBroken.value.toSpliced(at, 1).map(resultOf)).toEqual(answer.value.map(resultOf));
    }
  });

  test('further photographs do not turn the colours over', async () => {
    const maps: Float32Array[][] = [];
    for (const some of [['cat'], ['cat', 'pagoda'], ['cat', 'pagoda', 'raccoon', 'dahlia']]) {
      const answer = await lookTogether(engine, 'colours', params, some, framing);
      const [first] = answer.ok ? answer.value : [];
      if (first?.ok !== true) throw new Error('it failed');
      maps.push(first.value.result.components.map(({ map }) => map));
    }
    const [alone = [], ...later] = maps;
    for (const each of later) {
      const likeness = (map: Float32Array, other: Float32Array): number =>
        map.reduce((sum, value, at) => sum + value * (other[at] as number), 0);
      // Each component of more photographs points along the one of the first photograph that it is most like.
      for (const map of each) {
        const along = alone.map((one) => likeness(map, one) / Math.hypot(...one));
        expect(
          along.reduce((best, value) => (Math.abs(value) > Math.abs(best) ? value : best), 0),
        ).toBeGreaterThan(0);
      }
    }
  });
});
