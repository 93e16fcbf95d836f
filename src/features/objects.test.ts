/** Compares LOST, TokenCut and MaskCut with NumPy and SciPy, on PyTorch's features of small networks. */
import { describe, expect, it, test } from 'vitest';
import stored from '../../tools/reference/fixtures/taps.json';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { familyObjects } from '../testing/object-fixtures.ts';
import { tapFixtures } from '../testing/tap-fixtures.ts';
import { boundsOf, connectedPart } from '../core/connected-part.ts';
import { findByLost } from './lost.ts';
import { createPatchGraph } from './patch-graph.ts';
import { secondEigenvector } from './second-eigenvector.ts';
import { findByMaskCut, findByTokenCut } from './token-cut.ts';

/** Below this gap a solver cannot tell the eigenvalues apart, so every cut is equally good. */
const leastGap = 1e-6;

function productsAbove(
  features: Float32Array,
  size: number,
  threshold: number,
  isCosine: boolean,
): Uint8Array {
  const channels = features.length / size;
  const rows = Array.from({ length: size }, (_, at) =>
    Float64Array.from(features.subarray(at * channels, (at + 1) * channels)),
  );
  const lengths = rows.map((row) => (isCosine ? Math.hypot(...row) : 1));
  const product = (a: number, b: number): number =>
    (rows[a] as Float64Array).reduce(
      (sum, value, i) => sum + value * ((rows[b] as Float64Array)[i] as number),
      0,
    ) /
    ((lengths[a] as number) * (lengths[b] as number));
  return Uint8Array.from({ length: size * size }, (_, i) =>
    product(Math.floor(i / size), i % size) > threshold ? 1 : 0,
  );
}

const cases = familyObjects.map((expected) => {
  const fixture = tapFixtures[stored.findIndex(({ network }) => network === expected.network)];
  const each = fixture?.cases[expected.at];
  if (each === undefined) throw new Error(`no features of ${expected.network}`);
  const size = each.rows * each.columns;
  const keys = each.blocks.at(-1)?.key ?? new Float32Array();
  const channels = fixture?.network.architecture.embedDim ?? 0;
  const features = keys.subarray(keys.length - size * channels);
  const name = `${expected.network} at ${each.rows} × ${each.columns}`;
  return { name, grid: each, size, features, expected };
});

describe.each(cases)('$name', ({ grid, size, features, expected }) => {
  test('LOST', () => {
    const { lost } = expected;
    const found = findByLost(features, productsAbove(features, size, 0, false), grid);
    expect(found.seed).toBe(lost.seed);
    expect([...found.degrees]).toEqual(lost.degrees);
    const largest = Math.max(...lost.likeness.map(Math.abs));
    expect(maxAbsDifference(found.likeness, lost.likeness) / largest).toBeLessThan(1e-6);
    expect([...found.mask]).toEqual(lost.mask);
  });

  test('TokenCut', async () => {
    const found = await findByTokenCut(productsAbove(features, size, 0.2, true), grid);
    if (expected.gap < leastGap) {
      expect(found).toBeNull();
      return;
    }
    const { seed, vector, mask } = expected.tokencut;
    expect(found?.seed).toBe(seed);
    expect(maxAbsDifference(found?.vector ?? [], vector)).toBeLessThan(1e-6);
    expect([...(found?.mask ?? [])]).toEqual(mask);
  });

  test('MaskCut', async () => {
    const found = await findByMaskCut(productsAbove(features, size, 0.2, true), grid, 3);
    if (expected.gap < leastGap) {
      expect(found).toEqual([]);
      return;
    }
    expect(expected.maskcutGap).toBeGreaterThan(leastGap);
    expect(found.map(({ seed, mask }) => ({ seed, mask: [...mask] }))).toEqual(
      expected.maskcut.map(({ seed, mask }) => ({ seed, mask })),
    );
    for (const [at, { vector }] of found.entries())
      expect(maxAbsDifference(vector, expected.maskcut[at]?.vector ?? [])).toBeLessThan(1e-6);
  });
});

/** Two groups of patches, all similar within each group, with some edges between the groups. */
function twoGroups(size: number, edges: readonly (readonly [number, number])[]): Uint8Array {
  const alike = new Uint8Array(size * size);
  const half = Math.floor(size / 2);
  for (let a = 0; a < size; a++)
    for (let b = 0; b < size; b++) if (a < half === b < half) alike[a * size + b] = 1;
  for (const [a, b] of edges) {
    alike[a * size + b] = 1;
    alike[b * size + a] = 1;
  }
  return alike;
}

describe('the second eigenvector', () => {
  it('solves (D − A) x = λ D x and is orthogonal to the first, of a graph that nearly falls apart', async () => {
    const graph = createPatchGraph(twoGroups(60, [[3, 41]]), 60);
    const x = (await secondEigenvector(graph)) as Float64Array;
    const ax = graph.multiply(x);
    const dx = x.map((value, i) => value * (graph.degrees[i] as number));
    const dot = (a: Float64Array, b: Float64Array): number =>
      a.reduce((sum, v, i) => sum + v * (b[i] as number), 0);
    expect(dot(x, dx)).toBeCloseTo(1, 12);
    expect(dx.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 9);
    const lambda = 1 - dot(x, ax);
    for (const [i, value] of dx.entries()) expect(value - (ax[i] as number)).toBeCloseTo(lambda * value, 9);
    expect(lambda).toBeLessThan(0.01);
    const signs = [...x].map(Math.sign);
    expect(new Set(signs.slice(0, 30)).size).toBe(1);
    expect(new Set(signs.slice(30)).size).toBe(1);
  });

  it.each([0, 1])('is none where all patches are joined alike (%i)', async (value) => {
    expect(await secondEigenvector(createPatchGraph(new Uint8Array(49).fill(value), 7))).toBeNull();
  });

  it('tells after each step, so that somebody can end it', async () => {
    let steps = 0;
    const ended = secondEigenvector(createPatchGraph(twoGroups(40, [[1, 30]]), 40), () => {
      steps += 1;
      return Promise.reject(new Error('ended'));
    });
    await expect(ended).rejects.toThrow('ended');
    expect(steps).toBe(1);
  });
});

describe('a graph', () => {
  it('joins patches that are left out to nobody but by the least weight', () => {
    const graph = createPatchGraph(new Uint8Array(9).fill(1), 3).without(Uint8Array.of(0, 1, 0));
    const least = 1e-5;
    expect([...graph.degrees].map((degree) => degree.toFixed(9))).toEqual(
      [2 + least, 3 * least, 2 + least].map((degree) => degree.toFixed(9)),
    );
  });

  it('multiplies as its matrix does, of rows with few similar patches and of rows with many', () => {
    const size = 23;
    const alike = Uint8Array.from({ length: size * size }, (_, at) => {
      const [row, column] = [Math.floor(at / size), at % size];
      return row === column || (row + column) % 5 === 0 || Math.min(row, column) < 9 ? 1 : 0;
    });
    const leftOut = Uint8Array.from({ length: size }, (_, patch) => (patch % 7 === 3 ? 1 : 0));
    const x = Float64Array.from({ length: size }, (_, at) => Math.sin(3 * at));
    const graph = createPatchGraph(alike, size);
    const expectProduct = (made: Float64Array, isSimilar: (row: number, column: number) => boolean): void => {
      for (const [row, value] of made.entries()) {
        const sum = x.reduce((all, each, column) => all + each * (isSimilar(row, column) ? 1 : 1e-5), 0);
        expect(value).toBeCloseTo(sum, 12);
      }
    };
    const isAlike = (row: number, column: number): boolean => alike[row * size + column] === 1;
    expectProduct(graph.multiply(x), isAlike);
    expectProduct(
      graph.without(leftOut).multiply(x),
      (row, column) => isAlike(row, column) && leftOut[row] === 0 && leftOut[column] === 0,
    );
    // The graph itself stays as it is.
    expectProduct(graph.multiply(x), isAlike);
  });

  it('says what it expected of other sizes', () => {
    expect(() => createPatchGraph(new Uint8Array(8), 3)).toThrow('expected [3, 3] = 9 values, got 8');
  });
});

describe('the connected part', () => {
  const grid = { rows: 3, columns: 4 };
  // prettier-ignore
  const mask = Uint8Array.of(
    1, 1, 0, 1,
    0, 0, 1, 1,
    1, 0, 0, 1,
  );

  it.each([
    [0, [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    [6, [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1]],
    [8, [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]],
    [2, [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
  ])('of patch %i', (seed, expected) => {
    expect([...connectedPart(mask, seed, grid)]).toEqual(expected);
  });

  it('has bounds', () => {
    expect(boundsOf(connectedPart(mask, 6, grid), 4)).toEqual({ top: 0, left: 2, bottom: 3, right: 4 });
    expect(boundsOf(new Uint8Array(12), 4)).toBeNull();
  });
});
