/**
 * A graph of patches for the normalised cut of TokenCut (Wang et al., 2022). Similar patches are joined by an edge of
 * weight 1. All other pairs are joined by an edge of a very small weight, so that the graph is connected.
 */

/** Weight of an edge between patches that are not similar: `eps` in the official script. */
const leastWeight = 1e-5;

export interface PatchGraph {
  /** Number of patches. */
  readonly size: number;
  /** Sum of the weights of each patch, shape [size]. */
  readonly degrees: Float64Array;
  /**
   * Multiplies the weights by a vector.
   * @param x shape [size]
   * @returns shape [size]
   */
  multiply(x: Float64Array): Float64Array;
}

/**
 * @param alike 1 if two patches are similar, else 0; shape [size, size], symmetric
 * @param isLeftOut 1 for patches that are treated as similar to none, not even to themselves; shape [size]
 */
export function createPatchGraph(alike: Uint8Array, size: number, isLeftOut?: Uint8Array): PatchGraph {
  if (alike.length !== size * size)
    throw new Error(
      `alike patches: expected [${size}, ${size}] = ${size * size} values, got ${alike.length}`,
    );
  const isIn = (patch: number): boolean => isLeftOut === undefined || isLeftOut[patch] === 0;

  /** @param x must be 0 at the patches that are left out */
  const sumAlike = (x: Float64Array): Float64Array => {
    const sums = new Float64Array(size);
    for (let row = 0; row < size; row++) {
      if (!isIn(row)) continue;
      const first = row * size;
      // Four independent sums, because each addition has to wait for the previous one of the same sum.
      let [a, b, c, d] = [0, 0, 0, 0];
      let column = 0;
      for (; column + 3 < size; column += 4) {
        const at = first + column;
        a += (alike[at] as number) * (x[column] as number);
        b += (alike[at + 1] as number) * (x[column + 1] as number);
        c += (alike[at + 2] as number) * (x[column + 2] as number);
        d += (alike[at + 3] as number) * (x[column + 3] as number);
      }
      for (; column < size; column++) a += (alike[first + column] as number) * (x[column] as number);
      sums[row] = a + b + c + d;
    }
    return sums;
  };

  const multiply = (x: Float64Array): Float64Array => {
    const all = x.reduce((sum, value) => sum + value, 0);
    const near = isLeftOut === undefined ? x : x.map((value, patch) => (isIn(patch) ? value : 0));
    return sumAlike(near).map((sum) => leastWeight * all + (1 - leastWeight) * sum);
  };

  return { size, degrees: multiply(new Float64Array(size).fill(1)), multiply };
}
