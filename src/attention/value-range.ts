export interface ValueRange {
  readonly min: number;
  readonly max: number;
}

/** @param map shape [rows, columns], at least one patch @returns its smallest and largest value */
export function valueRange({ values }: { readonly values: Float32Array }): ValueRange {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}
