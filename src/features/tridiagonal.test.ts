import { describe, expect, it } from 'vitest';
import { solveTridiagonal } from './tridiagonal.ts';

describe('solveTridiagonal', () => {
  it('gives 2 − 2 cos(kπ / (n + 1)) for the second difference', () => {
    const n = 40;
    const { values } = solveTridiagonal(new Float64Array(n).fill(2), new Float64Array(n - 1).fill(-1));
    for (const [k, value] of values.entries())
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((k + 1) * Math.PI) / (n + 1)), 12);
  });

  it('gives vectors of length 1 that the matrix only scales', () => {
    const diagonal = [3, -1, 0.5, 7, 2];
    const beside = [1, 0, 2.5, -4];
    const { values, vectors } = solveTridiagonal(diagonal, beside);
    expect([...values]).toEqual([...values].toSorted((a, b) => a - b));
    for (const [at, vector] of vectors.entries()) {
      const product = vector.map(
        (value, i) =>
          (diagonal[i] as number) * value +
          (beside[i - 1] ?? 0) * (vector[i - 1] ?? 0) +
          (beside[i] ?? 0) * (vector[i + 1] ?? 0),
      );
      for (const [i, value] of vector.entries())
        expect(product[i]).toBeCloseTo((values[at] as number) * value, 12);
      expect(Math.hypot(...vector)).toBeCloseTo(1, 12);
    }
  });

  it('takes a matrix of one value', () => {
    expect(solveTridiagonal([4], [])).toEqual({
      values: Float64Array.of(4),
      vectors: [Float64Array.of(1)],
    });
  });
});
