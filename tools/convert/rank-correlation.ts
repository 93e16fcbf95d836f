/** @returns each value's rank from 0; equal values share the mean of theirs */
function ranksOf(values: Float32Array): Float64Array {
  const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
  const ranks = new Float64Array(values.length);
  for (let begin = 0; begin < order.length;) {
    let end = begin + 1;
    while (end < order.length && values[order[end] ?? 0] === values[order[begin] ?? 0]) end++;
    for (const index of order.subarray(begin, end)) ranks[index] = (begin + end - 1) / 2;
    begin = end;
  }
  return ranks;
}

/**
 * Spearman's: whether two maps put their patches in the same order, which is what masks are made of.
 * @returns from −1 to 1; NaN where all values of one are equal
 */
export function rankCorrelation(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) throw new Error(`rank correlation of ${a.length} and ${b.length} values`);
  const [left, right] = [ranksOf(a), ranksOf(b)];
  const mean = (a.length - 1) / 2;
  let product = 0;
  let leftSquares = 0;
  let rightSquares = 0;
  for (const [i, rank] of left.entries()) {
    const other = (right[i] ?? NaN) - mean;
    product += (rank - mean) * other;
    leftSquares += (rank - mean) ** 2;
    rightSquares += other ** 2;
  }
  return product / Math.sqrt(leftSquares * rightSquares);
}
