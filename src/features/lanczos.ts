/**
 * The largest eigenvalues of a symmetric matrix, which is given only as a function that multiplies it by a vector. Uses
 * Lanczos' method with full reorthogonalisation (Golub and Van Loan, 10.3).
 */
import { randomStream } from '../core/random.ts';
import { solveTridiagonal } from './tridiagonal.ts';

export interface LanczosOptions {
  /** Number of requested eigenvalues. */
  readonly count: number;
  /** Upper bound for the magnitude of the eigenvalues. Much smaller values are treated as rounding errors. */
  readonly scale: number;
  /** Known eigenvectors of length 1 to exclude. */
  readonly without?: readonly Float64Array[];
  /** Called after each step, which may take tens of milliseconds, so that the caller can yield or cancel. */
  readonly afterStep?: () => Promise<void>;
}

export interface LargestEigen {
  /**
   * In descending order. Fewer than requested if the matrix has no more eigenvalues that differ from the excluded ones.
   */
  readonly values: Float64Array;
  /** In the order of the values, of length 1; their signs are arbitrary. */
  readonly vectors: readonly Float64Array[];
  /** Whether the matrix only scales every vector it is given, so that any vector is an eigenvector. */
  readonly isScaling: boolean;
}

/** Limit for the distance of M y from λ y, for a y of length 1, as a share of `scale`. */
const tolerance = 1e-9;

/**
 * About twenty steps are usual; nearly equal eigenvalues need more. After so many the vectors are returned as they are, which may be mixtures of
 * those of nearly equal eigenvalues.
 */
const maxSteps = 300;

/** The small eigenproblem is solved only once in this many steps. */
const stepsBetweenChecks = 4;

export const dot = (a: Float64Array, b: Float64Array): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
};

/**
 * Removes from x its component along each of these unit vectors. Runs twice, because rounding leaves some of it after one
 * pass.
 */
function makeOrthogonal(x: Float64Array, to: readonly Float64Array[]): void {
  for (let time = 0; time < 2; time++)
    for (const vector of to) {
      const along = dot(x, vector);
      for (let i = 0; i < x.length; i++) x[i] = (x[i] as number) - along * (vector[i] as number);
    }
}

export const scaled = (x: Float64Array, factor: number): Float64Array => x.map((value) => value * factor);

/**
 * @param basis unit vectors, shape [n] each
 * @param shares shape [basis.length]
 */
function combine(basis: readonly Float64Array[], shares: Float64Array): Float64Array {
  const sum = new Float64Array(basis[0]?.length ?? 0);
  for (const [at, vector] of basis.entries()) {
    const share = shares[at] as number;
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + share * (vector[i] as number);
  }
  return sum;
}

/**
 * @param apply multiplies the matrix by a vector, shape [size] → [size]
 * @throws what `afterStep` throws
 */
export async function largestEigenvectors(
  apply: (x: Float64Array) => Float64Array,
  size: number,
  { count, scale, without = [], afterStep = () => Promise.resolve() }: LanczosOptions,
): Promise<LargestEigen> {
  const random = randomStream(1);
  let next: Float64Array = Float64Array.from({ length: size }, () => random.next() - 0.5);
  makeOrthogonal(next, without);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const beside: number[] = [];
  let length = Math.sqrt(dot(next, next));
  for (;;) {
    const vector = scaled(next, 1 / length);
    next = apply(vector);
    diagonal.push(dot(vector, next));
    basis.push(vector);
    makeOrthogonal(next, [...without, ...basis]);
    length = Math.sqrt(dot(next, next));
    const isClosed = length < tolerance * scale;
    const isFull = isClosed || basis.length >= Math.min(maxSteps, size - without.length);
    if (isFull || basis.length % stepsBetweenChecks === 0) {
      const { values, vectors } = solveTridiagonal(diagonal, beside);
      const top = vectors.slice(-count).toReversed();
      const isSettled = (shares: Float64Array): boolean =>
        length * Math.abs(shares.at(-1) as number) < tolerance * scale;
      if (isFull || (top.length === count && top.every(isSettled)))
        return {
          values: values.slice(-count).toReversed(),
          vectors: top.map((shares) => combine(basis, shares)),
          isScaling: isClosed && basis.length === 1,
        };
    }
    beside.push(length);
    await afterStep();
  }
}
