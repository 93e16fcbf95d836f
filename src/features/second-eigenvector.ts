/**
 * The vector that cuts a graph in two: the second smallest eigenvector of (D − A) x = λ D x (Shi and Malik, 2000), where A holds the
 * weights and D the degrees. It is D^−½ times the second largest eigenvector of D^−½ A D^−½, whose largest one is known to be
 * D^½ · 1: Lanczos' method, kept orthogonal to that one, finds it without ever holding a dense matrix of floats.
 */
import { randomStream } from '../core/random.ts';
import type { PatchGraph } from './patch-graph.ts';
import { solveTridiagonal } from './tridiagonal.ts';

/** How far M y may be from λ y, for a y of length 1. */
const tolerance = 1e-9;

/** Fourteen are usual; graphs that nearly fall apart take more. */
const maxSteps = 300;

/** The small eigenproblem is solved only after so many more steps. */
const stepsBetweenChecks = 4;

const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/** Takes what lies along each of these unit vectors out of x. Twice, since once leaves some of it by rounding. */
function makeOrthogonal(x: Float64Array, to: readonly Float64Array[]): void {
  for (let time = 0; time < 2; time++)
    for (const vector of to) {
      const along = dot(x, vector);
      for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) - along * (vector[i] as number);
    }
}

const scaled = (x: Float64Array, factor: number): Float64Array => x.map((value) => value * factor);

/** @param basis unit vectors, shape [n] each @param shares shape [basis.length] */
function combine(basis: readonly Float64Array[], shares: Float64Array): Float64Array {
  const sum = new Float64Array(basis[0]?.length ?? 0);
  for (const [at, vector] of basis.entries()) {
    const share = shares[at] as number;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + share * (vector[i] as number);
  }
  return sum;
}

/**
 * @param graph of at least two patches
 * @param afterStep told after each step, which may take tens of milliseconds: to yield, and to hear of a cancel
 * @returns shape [size], with x · D x = 1, its sign undetermined; null where all patches are joined alike, so that every cut is as good
 */
export async function secondEigenvector(
  { size, degrees, multiply }: PatchGraph,
  afterStep: () => Promise<void> = () => Promise.resolve(),
): Promise<Float64Array | null> {
  const roots = degrees.map(Math.sqrt);
  const first = scaled(roots, 1 / Math.sqrt(dot(roots, roots)));
  const apply = (y: Float64Array): Float64Array =>
    multiply(y.map((value, i) => value / (roots[i] as number))).map(
      (value, i) => value / (roots[i] as number),
    );

  const random = randomStream(1);
  let next: Float64Array = Float64Array.from({ length: size }, () => random.next() - 0.5);
  makeOrthogonal(next, [first]);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const beside: number[] = [];
  let length = Math.sqrt(dot(next, next));
  for (;;) {
    const vector = scaled(next, 1 / length);
    next = apply(vector);
    diagonal.push(dot(vector, next));
    basis.push(vector);
    makeOrthogonal(next, [first, ...basis]);
    length = Math.sqrt(dot(next, next));
    // The matrix only scales whatever it is given.
    if (basis.length === 1 && length < tolerance) return null;
    const isFull = basis.length >= Math.min(maxSteps, size - 1) || length < tolerance;
    if (isFull || basis.length % stepsBetweenChecks === 0) {
      const top = solveTridiagonal(diagonal, beside).vectors.at(-1) as Float64Array;
      const residual = length * Math.abs(top.at(-1) as number);
      if (isFull || residual < tolerance)
        return combine(basis, top).map((value, i) => value / (roots[i] as number));
    }
    beside.push(length);
    await afterStep();
  }
}
