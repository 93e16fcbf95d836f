/** Attention rollout on matrices that are held whole: for small ones, and to compare with what `vit/roll-out` does without them. */
import { discardedCount, type Fusion, type RolloutOptions } from '../core/rollout-options.ts';

const fuse: Readonly<Record<Fusion, (values: readonly number[]) => number>> = {
  mean: (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  max: (values) => Math.max(...values),
  min: (values) => Math.min(...values),
};

/** @param attention shape [H, T, T] @returns shape [T, T] */
function fuseHeads(attention: ArrayLike<number>, tokens: number, fusion: Fusion): Float64Array {
  const entries = tokens * tokens;
  const numHeads = attention.length / entries;
  return Float64Array.from({ length: entries }, (_, entry) =>
    fuse[fusion](Array.from({ length: numHeads }, (__, head) => attention[head * entries + entry] as number)),
  );
}

/** Sets the lowest entries to 0, except CLS's look at itself; of equal ones the first. */
function discardLowest(matrix: Float64Array, discardRatio: number): void {
  const ascending = [...matrix.keys()].toSorted((a, b) => (matrix[a] as number) - (matrix[b] as number));
  for (const entry of ascending.slice(0, discardedCount(matrix.length, discardRatio)))
    if (entry !== 0) matrix[entry] = 0;
}

/** A + I, divided by sums of rows as the options say. */
function withResidual(
  matrix: Float64Array,
  tokens: number,
  normalise: RolloutOptions['normalise'],
): Float64Array {
  const sums = Array.from({ length: tokens }, (_, row) =>
    matrix.subarray(row * tokens, (row + 1) * tokens).reduce((sum, entry) => sum + entry, 1),
  );
  return matrix.map((entry, i) => {
    const [row, column] = [Math.floor(i / tokens), i % tokens];
    return (entry + (row === column ? 1 : 0)) / (sums[normalise === 'rows' ? row : column] as number);
  });
}

/**
 * @param attentions of each block from the first on, shape [H, T, T] each
 * @returns the whole product, shape [T, T]: row q is what token q has looked at through all blocks
 */
export function rollOutMatrices(
  attentions: readonly ArrayLike<number>[],
  tokens: number,
  { fusion, discardRatio, normalise }: RolloutOptions,
): Float64Array {
  let product: Float64Array | null = null;
  for (const attention of attentions) {
    const fused = fuseHeads(attention, tokens, fusion);
    discardLowest(fused, discardRatio);
    const matrix = withResidual(fused, tokens, normalise);
    product = product === null ? matrix : multiply(matrix, product, tokens);
  }
  if (product === null) throw new Error('rollout through no block');
  return product;
}

/** @param a shape [T, T] @param b shape [T, T] */
function multiply(a: Float64Array, b: Float64Array, tokens: number): Float64Array {
  const product = new Float64Array(tokens * tokens);
  for (let row = 0; row < tokens; row++)
    for (let inner = 0; inner < tokens; inner++) {
      const factor = a[row * tokens + inner] as number;
      for (let column = 0; column < tokens; column++)
        product[row * tokens + column] =
          (product[row * tokens + column] as number) + factor * (b[inner * tokens + column] as number);
    }
  return product;
}
