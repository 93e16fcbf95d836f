/** Photographs of one class that were voted into another. */
export interface Mistake {
  readonly className: string;
  readonly voted: string;
  readonly count: number;
  /** Of the photographs of the class. */
  readonly share: number;
}

/**
 * @param confusion shape [K, K]; row: the class, column: what was voted
 * @returns at most `limit`, the most frequent first
 */
export function frequentMistakes(
  classNames: readonly string[],
  confusion: Uint32Array,
  limit: number,
): readonly Mistake[] {
  const size = classNames.length;
  const mistakes = classNames.flatMap((className, row) => {
    const counts = confusion.subarray(row * size, (row + 1) * size);
    const total = counts.reduce((sum, count) => sum + count, 0);
    return classNames.flatMap((voted, column) => {
      const count = counts[column] ?? 0;
      return column === row || count === 0 ? [] : [{ className, voted, count, share: count / total }];
    });
  });
  return mistakes.sort((a, b) => b.count - a.count || b.share - a.share).slice(0, limit);
}
