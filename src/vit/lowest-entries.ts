/**
 * Finds a matrix's n lowest entries from its rows, without holding the whole matrix. Attention is never negative, and
 * the bits of floats that are not negative have the order of their values.
 */
const halfBits = 16;
const binCount = 1 << halfBits;

const bitsOf = (values: Float32Array): Uint32Array =>
  new Uint32Array(values.buffer, values.byteOffset, values.length);

/** Where the n-th lowest lies among bins, and how many entries are in the bins below it. */
function binOf(counts: Uint32Array, nth: number): { bin: number; below: number } {
  let below = 0;
  for (const [bin, count] of counts.entries()) {
    if (below + count >= nth) return { bin, below };
    below += count;
  }
  throw new Error(`entry ${nth} of ${below}`);
}

interface LowestEntries {
  /** Entries below it are among the lowest. */
  readonly threshold: number;
  /** How many of the entries that equal the threshold are, too: the first ones. */
  readonly ties: number;
}

/**
 * @param n how many; above 0
 * @param forEachRows visits all rows of the matrix; called twice
 */
export async function findLowestEntries(
  n: number,
  forEachRows: (visit: (values: Float32Array) => void) => Promise<void>,
): Promise<LowestEntries> {
  const upper = new Uint32Array(binCount);
  await forEachRows((values) => {
    for (const bits of bitsOf(values)) upper[bits >>> halfBits] = (upper[bits >>> halfBits] as number) + 1;
  });
  const coarse = binOf(upper, n);
  const lower = new Uint32Array(binCount);
  await forEachRows((values) => {
    for (const bits of bitsOf(values))
      if (bits >>> halfBits === coarse.bin)
        lower[bits & (binCount - 1)] = (lower[bits & (binCount - 1)] as number) + 1;
  });
  const fine = binOf(lower, n - coarse.below);
  const bits = Uint32Array.of(((coarse.bin << halfBits) | fine.bin) >>> 0);
  const threshold = new Float32Array(bits.buffer)[0] as number;
  return { threshold, ties: n - coarse.below - fine.below };
}
