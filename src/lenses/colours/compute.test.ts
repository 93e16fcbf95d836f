/** From photographs to components with the embedded model, against PyTorch and NumPy. */
import { beforeAll, describe, expect, test } from 'vitest';
import { maxAbsDifference } from '../../core/max-abs-difference.ts';
import type { Engine } from '../../engine/engine.ts';
import {
  embeddedColours,
  type EmbeddedColours,
  type ExpectedComponents,
} from '../../testing/colour-fixtures.ts';
import { lookAtSample, startEmbedded } from '../../testing/embedded-look.ts';
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
