/** Against SciPy, on tiny images (tools/reference/make_solver.py). */
import { describe, expect, it, test } from 'vitest';
import { fillHoles } from '../core/connected-part.ts';
import { maxAbsDifference } from '../core/max-abs-difference.ts';
import { smallRefinements } from '../testing/solver-fixtures.ts';
import { createBilateralSolver } from './bilateral-solver.ts';
import { refineMask } from './refine-mask.ts';

describe.each(smallRefinements)('$name', ({ pixels, target, soft, mask, isAsGiven }) => {
  test('has SciPy’s values', async () => {
    const solver = await createBilateralSolver(pixels);
    expect(maxAbsDifference(await solver.solve(target), soft)).toBeLessThan(1e-4);
  });

  test('has SciPy’s mask', async () => {
    const solver = await createBilateralSolver(pixels);
    expect(await refineMask(solver, target, pixels)).toEqual({ mask, isAsGiven });
  });
});

test('two masks of one photograph do not change each other', async () => {
  const [first] = smallRefinements;
  if (first === undefined) throw new Error('no case');
  const solver = await createBilateralSolver(first.pixels);
  const before = await solver.solve(first.target);
  await solver.solve(first.target.map((kept) => 1 - kept));
  expect(await solver.solve(first.target)).toEqual(before);
});

describe('ends with what is thrown after a step', () => {
  const stopAfter = (steps: number): (() => Promise<void>) => {
    let taken = 0;
    return () => (++taken > steps ? Promise.reject(new Error('cancelled')) : Promise.resolve());
  };
  const { pixels, target } = smallRefinements[0] ?? expect.unreachable('no case');

  it('while it is made', async () => {
    await expect(createBilateralSolver(pixels, stopAfter(2))).rejects.toThrow('cancelled');
  });

  it('while it solves', async () => {
    const solver = await createBilateralSolver(pixels, stopAfter(13));
    await expect(solver.solve(target)).rejects.toThrow('cancelled');
  });
});

test('holes are filled, bays are not', () => {
  const rows = ['.####.', '.#..#.', '.##.#.', '.####.', '.#..#.'];
  const mask = Uint8Array.from(rows.join(''), (cell) => (cell === '#' ? 1 : 0));
  const filled = ['.####.', '.####.', '.####.', '.####.', '.#..#.'];
  expect(fillHoles(mask, { rows: 5, columns: 6 })).toEqual(
    Uint8Array.from(filled.join(''), (cell) => (cell === '#' ? 1 : 0)),
  );
});
