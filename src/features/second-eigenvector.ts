/**
 * The vector that cuts a graph in two: the second smallest eigenvector of (D − A) x = λ D x (Shi and Malik, 2000), where
 * A holds the weights and D the degrees. It equals D^−½ times the second largest eigenvector of D^−½ A D^−½. The largest
 * eigenvector of that matrix is known to be D^½ · 1. Lanczos' method, kept orthogonal to it, finds the second one without
 * storing a dense matrix of floats.
 */
import { dot, largestEigenvectors, scaled } from './lanczos.ts';
import type { PatchGraph } from './patch-graph.ts';

/**
 * @param graph of at least two patches
 * @param afterStep as in `largestEigenvectors`
 * @returns shape [size], with x · D x = 1 and arbitrary sign; null if all pairs of patches are joined equally, so that
 * every cut is equally good
 */
export async function secondEigenvector(
  { size, degrees, multiply }: PatchGraph,
  afterStep?: () => Promise<void>,
): Promise<Float64Array | null> {
  const roots = degrees.map(Math.sqrt);
  const first = scaled(roots, 1 / Math.sqrt(dot(roots, roots)));
  const divide = (x: Float64Array): Float64Array => x.map((value, i) => value / (roots[i] as number));
  const {
    vectors: [vector],
    isScaling,
  } = await largestEigenvectors((y) => divide(multiply(divide(y))), size, {
    count: 1,
    // Rows of D^−1 A sum to 1.
    scale: 1,
    without: [first],
    ...(afterStep === undefined ? {} : { afterStep }),
  });
  return vector === undefined || isScaling ? null : divide(vector);
}
