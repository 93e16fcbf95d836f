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
  /**
   * The same graph where some patches are similar to none, not even to themselves.
   * @param isLeftOut 1 for these; shape [size]
   */
  without(isLeftOut: Uint8Array): PatchGraph;
}

/**
 * For each patch the patches that it is similar to, or those that it is not, whichever are fewer: a list is read much
 * faster than a row of bytes, and is never longer than half of it.
 */
interface SimilarLists {
  /** The list of patch i is columns[first[i]], … up to columns[first[i + 1]]. */
  readonly first: Int32Array;
  readonly columns: Uint16Array | Uint32Array;
  /** 1 where the list has the patches that are not similar. */
  readonly isReversed: Uint8Array;
}

function listSimilar(alike: Uint8Array, size: number): SimilarLists {
  const first = new Int32Array(size + 1);
  const isReversed = new Uint8Array(size);
  for (let row = 0; row < size; row++) {
    let count = 0;
    for (let at = row * size; at < (row + 1) * size; at++) count += alike[at] as number;
    isReversed[row] = count > size / 2 ? 1 : 0;
    first[row + 1] = (first[row] as number) + Math.min(count, size - count);
  }
  // Every column is written and only kept where it belongs to the list: so the loop has no branch. Hence the one more.
  const length = (first[size] as number) + 1;
  const columns = size <= 2 ** 16 ? new Uint16Array(length) : new Uint32Array(length);
  for (let row = 0; row < size; row++) {
    const reversed = isReversed[row] as number;
    let end = first[row] as number;
    for (let column = 0; column < size; column++) {
      columns[end] = column;
      end += (alike[row * size + column] as number) ^ reversed;
    }
  }
  return { first, columns, isReversed };
}

/** @returns the sum of x over columns[begin], … up to columns[end] */
function sumListed(x: Float64Array, columns: SimilarLists['columns'], begin: number, end: number): number {
  // Four independent sums, because each addition has to wait for the previous one of the same sum.
  let [a, b, c, d] = [0, 0, 0, 0];
  let at = begin;
  for (; at + 3 < end; at += 4) {
    a += x[columns[at] as number] as number;
    b += x[columns[at + 1] as number] as number;
    c += x[columns[at + 2] as number] as number;
    d += x[columns[at + 3] as number] as number;
  }
  for (; at < end; at++) a += x[columns[at] as number] as number;
  return a + b + c + d;
}

const sumOf = (x: Float64Array): number => x.reduce((sum, value) => sum + value, 0);

/** @param isLeftOut 1 for patches that are treated as similar to none, not even to themselves; null if there are none */
function graphOf(
  size: number,
  { first, columns, isReversed }: SimilarLists,
  isLeftOut: Uint8Array | null,
): Omit<PatchGraph, 'without'> {
  const isIn = (patch: number): boolean => isLeftOut === null || isLeftOut[patch] === 0;

  /** @param x must be 0 at the patches that are left out */
  const sumAlike = (x: Float64Array): Float64Array => {
    const sums = new Float64Array(size);
    const all = sumOf(x);
    for (let row = 0; row < size; row++) {
      if (!isIn(row)) continue;
      const listed = sumListed(x, columns, first[row] as number, first[row + 1] as number);
      sums[row] = isReversed[row] === 1 ? all - listed : listed;
    }
    return sums;
  };

  const multiply = (x: Float64Array): Float64Array => {
    const all = sumOf(x);
    const near = isLeftOut === null ? x : x.map((value, patch) => (isIn(patch) ? value : 0));
    return sumAlike(near).map((sum) => leastWeight * all + (1 - leastWeight) * sum);
  };

  return { size, degrees: multiply(new Float64Array(size).fill(1)), multiply };
}

/** @param alike 1 if two patches are similar, else 0; shape [size, size], symmetric */
export function createPatchGraph(alike: Uint8Array, size: number): PatchGraph {
  if (alike.length !== size * size)
    throw new Error(
      `alike patches: expected [${size}, ${size}] = ${size * size} values, got ${alike.length}`,
    );
  const lists = listSimilar(alike, size);
  const without = (isLeftOut: Uint8Array): PatchGraph => ({ ...graphOf(size, lists, isLeftOut), without });
  return { ...graphOf(size, lists, null), without };
}
