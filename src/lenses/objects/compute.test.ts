/** From photographs to objects with the embedded model, against PyTorch and SciPy. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Box } from '../../core/geometry.ts';
import type { Engine } from '../../engine/engine.ts';
import { lookAtSample, startEmbedded } from '../../testing/embedded-look.ts';
import { embeddedObjects, type EmbeddedObjects } from '../../testing/object-fixtures.ts';
import { sampleRefinements } from '../../testing/solver-fixtures.ts';
import { objectsCompute } from './compute.ts';
import { objectsContract, type ObjectsParams, type ObjectsResult } from './contract.ts';

/** Eigenvalues with a smaller difference are equal for a solver, and then no cut is better than another. */
const leastGap = 1e-6;

let engine: Engine;
beforeAll(async () => {
  engine = await startEmbedded();
});

const look = (each: EmbeddedObjects, params: Partial<ObjectsParams>): Promise<ObjectsResult> =>
  lookAtSample(
    engine,
    'objects',
    { ...objectsContract.params.defaults, ...each.features, ...params },
    each.sample,
    each.framing,
  );

const plain = ({ objects }: ObjectsResult): { seed: number; mask: number[] }[] =>
  objects.map(({ seed, mask }) => ({ seed, mask: [...mask] }));

/** Compares boxes. An edge between two pixels may be rounded to either. */
function expectBox(actual: Box | undefined, expected: Box): void {
  for (const side of ['left', 'top', 'width', 'height'] as const)
    expect(Math.abs((actual?.[side] ?? NaN) - expected[side])).toBeLessThanOrEqual(1);
}

describe.each(embeddedObjects)('$name', (each) => {
  test('LOST', async () => {
    const found = await look(each, { method: 'lost' });
    expect(plain(found)).toEqual([{ seed: each.lost.seed, mask: each.lost.mask }]);
    expectBox(found.objects[0]?.box, each.boxes.lost);
  });

  test('TokenCut', async () => {
    const found = await look(each, { method: 'tokencut' });
    if (each.gap < leastGap) return expect(found.objects).toEqual([]);
    const { seed, mask } = each.tokencut;
    expect(plain(found)).toEqual([{ seed, mask }]);
    expectBox(found.objects[0]?.box, each.boxes.tokencut);
  });

  test('MaskCut', async () => {
    const found = await look(each, { method: 'maskcut' });
    if (each.gap < leastGap) return expect(found.objects).toEqual([]);
    expect(plain(found)).toEqual(each.maskcut.map(({ seed, mask }) => ({ seed, mask })));
  });
});

test.each(sampleRefinements)('$name: the refined mask is SciPy’s', async (each) => {
  const params = { ...objectsContract.params.defaults, ...each.features, refine: true };
  const found = await lookAtSample(engine, 'objects', params, each.sample, each.framing);
  const { height, width } = each.sizePx;
  expect(found.fineGrid).toEqual({ rows: height, columns: width });
  const [object, ...others] = found.objects;
  expect(others).toEqual([]);
  const mask = object?.refined?.mask ?? new Float32Array();
  expect(mask.length).toBe(each.mask.length);
  expect(mask.findIndex((inside, pixel) => inside !== each.mask[pixel])).toBe(-1);
  expect(object?.refined?.isAsGiven).toBe(false);
  expectBox(object?.box, each.box);
  const refined = objectsCompute.arrays(found).find(({ suffix }) => suffix === '-refined');
  expect(refined?.shape).toEqual([1, height, width]);
  expect(objectsCompute.numbers(found)).toMatchObject({ refinementKept: [true] });
});

test('where patches overlap, all that the network saw is refined, from the nearest cells', async () => {
  const each = sampleRefinements.find(({ name }) => name === 'dahlia, square');
  if (each === undefined) throw new Error('no case');
  const params = { ...objectsContract.params.defaults, ...each.features, refine: true };
  const found = await lookAtSample(engine, 'objects', params, each.sample, { ...each.framing, overlap: 2 });
  expect([found.rows, found.columns]).toEqual([27, 27]);
  const { height, width } = each.sizePx;
  expect(found.fineGrid).toEqual({ rows: height, columns: width });
  // The same flower as without overlap.
  const mask = found.objects[0]?.refined?.mask ?? new Float32Array();
  const [both, either] = mask.reduce(
    ([and, or], inside, pixel) => {
      const other = each.mask[pixel] as number;
      return [and + Math.min(inside, other), or + Math.max(inside, other)] as const;
    },
    [0, 0] as readonly [number, number],
  );
  expect(both / either).toBeGreaterThan(0.85);
});

test('several masks are refined, each by itself', async () => {
  const each = embeddedObjects.find(({ maskcut, maskcutGap }) => maskcut.length > 1 && maskcutGap > leastGap);
  if (each === undefined) throw new Error('no case');
  const plainly = await look(each, { method: 'maskcut' });
  const refined = await look(each, { method: 'maskcut', refine: true });
  expect(plainly.objects.length).toBeGreaterThan(1);
  expect(plain(refined)).toEqual(plain(plainly));
  expect(plainly.fineGrid).toBeNull();
  for (const object of refined.objects) {
    const { rows = 0, columns = 0 } = refined.fineGrid ?? {};
    expect(object.refined?.mask.length).toBe(rows * columns);
    expect(object.refined?.mask).toContain(1);
  }
});

test('without a word the model’s own features are compared', async () => {
  const each = embeddedObjects.find(({ name }) => name.endsWith('keys of block 8'));
  if (each === undefined) throw new Error('no case');
  const found = await look(each, { block: 'best', facet: 'best' });
  expect(found.features).toEqual({ block: 8, facet: 'key' });
  expect(plain(found)).toEqual([{ seed: each.tokencut.seed, mask: each.tokencut.mask }]);
  const { values, shape } = objectsCompute.arrays(found)[0] ?? expect.unreachable('no array');
  expect(shape).toEqual([1, found.rows, found.columns]);
  expect([...values]).toEqual(each.tokencut.mask);
  expect(objectsCompute.numbers(found)).toMatchObject({ block: 8, facet: 'key', steps: ['Eigenvector'] });
});

test('a network without a recommendation is asked for the keys of its last block', () => {
  const model = { depth: 12 } as Parameters<typeof objectsCompute.taps>[0];
  const { defaults } = objectsContract.params;
  expect(objectsCompute.taps(model, defaults).needs).toEqual([{ of: 'tokens', block: 11, facet: 'key' }]);
  expect(objectsCompute.taps(model, { ...defaults, block: 40, facet: 'token' }).needs).toEqual([
    { of: 'tokens', block: 11, facet: 'out' },
  ]);
});
