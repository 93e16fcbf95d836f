/**
 * Eigenvalues and eigenvectors of a small symmetric tridiagonal matrix, by the implicit QL algorithm (Golub and Van Loan,
 * 8.3).
 */

export interface Eigen {
  /** In ascending order. */
  readonly values: Float64Array;
  /** In the order of the values, shape [n] each, of length 1. */
  readonly vectors: readonly Float64Array[];
}

/** Limit for one eigenvalue; three steps are usual. */
const maxSteps = 60;

/**
 * One QL step with an implicit shift on rows first..last.
 * @param d the diagonal; e the off-diagonal; z rows of the eigenvectors; all changed in place
 */
function takeStep(d: Float64Array, e: Float64Array, z: Float64Array[], first: number, last: number): void {
  const half = ((d[first + 1] as number) - (d[first] as number)) / (2 * (e[first] as number));
  const root = Math.hypot(half, 1);
  let g =
    (d[last] as number) - (d[first] as number) + (e[first] as number) / (half + (half < 0 ? -root : root));
  let [sine, cosine, moved] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const f = sine * (e[i] as number);
    const b = cosine * (e[i] as number);
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1] = (d[i + 1] as number) - moved;
      e[last] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = (d[i + 1] as number) - moved;
    const t = ((d[i] as number) - g) * sine + 2 * cosine * b;
    moved = sine * t;
    d[i + 1] = g + moved;
    g = cosine * t - b;
    for (const row of z) {
      const upper = row[i + 1] as number;
      const lower = row[i] as number;
      row[i + 1] = sine * lower + cosine * upper;
      row[i] = cosine * lower - sine * upper;
    }
  }
  d[first] = (d[first] as number) - moved;
  e[first] = g;
  e[last] = 0;
}

/**
 * @param diagonal shape [n]
 * @param beside the entries directly above and below the diagonal, shape [n − 1]
 * @throws Error if an eigenvalue does not converge, which does not happen with finite numbers
 */
export function solveTridiagonal(diagonal: ArrayLike<number>, beside: ArrayLike<number>): Eigen {
  const n = diagonal.length;
  const d = Float64Array.from(diagonal);
  const e = new Float64Array(n);
  for (let i = 0; i < n - 1; i++) e[i] = beside[i] as number;
  const z = Array.from({ length: n }, (_, row) => {
    const values = new Float64Array(n);
    values[row] = 1;
    return values;
  });
  const isSmall = (i: number): boolean => {
    const scale = Math.abs(d[i] as number) + Math.abs(d[i + 1] as number);
    return Math.abs(e[i] as number) <= Number.EPSILON * scale;
  };
  for (let first = 0; first < n; first++) {
    for (let step = 0; ; step++) {
      let last = first;
      while (last < n - 1 && !isSmall(last)) last++;
      if (last === first) break;
      if (step === maxSteps) throw new Error('an eigenvalue of a tridiagonal matrix does not settle');
      takeStep(d, e, z, first, last);
    }
  }
  const order = Array.from({ length: n }, (_, i) => i).toSorted(
    (a, b) => (d[a] as number) - (d[b] as number),
  );
  return {
    values: Float64Array.from(order, (i) => d[i] as number),
    vectors: order.map((i) => Float64Array.from(z, (row) => row[i] as number)),
  };
}
