/**
 * A graph of patches for the normalised cut of TokenCut (Wang et al., 2022): alike patches are joined by an edge of weight 1, all
 * others by one of a very small weight, so that the graph is connected.
 */

/** Weight of an edge between patches that are not alike: `eps` in the official script. */
const leastWeight = 1e-5;

export interface PatchGraph {
  /** Patches. */
  readonly size: number;
  /** Each patch's sum of weights, shape [size]. */
  readonly degrees: Float64Array;
  /** The weights times a vector. @param x shape [size] @returns shape [size] */
  multiply(x: Float64Array): Float64Array;
}

/**
 * @param alike 1 where two patches are alike, else 0; shape [size, size], symmetric
 * @param isLeftOut 1 for patches that are alike to none, not even themselves; shape [size]
 */
export function createPatchGraph(alike: Uint8Array, size: number, isLeftOut?: Uint8Array): PatchGraph {
  if (alike.length !== size * size)
    throw new Error(
      `alike patches: expected [${size}, ${size}] = ${size * size} values, got ${alike.length}`,
    );
  const isIn = (patch: number): boolean => isLeftOut === undefined || isLeftOut[patch] === 0;

  /** @param x 0 at the patches that are left out */
  const sumAlike = (x: Float64Array): Float64Array => {
    const sums = new Float64Array(size);
    for (let row = 0; row < size; row++) {
      if (!isIn(row)) continue;
      const first = row * size;
      // Four sums at a time: each waits for itself alone.
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
