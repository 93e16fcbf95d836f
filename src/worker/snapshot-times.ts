/**
 * Which of the pinned photograph's maps are kept as a run goes on: the first, the last, and between them ever fewer, evenly, so
 * that a long run takes no more memory than a short one.
 * @param steps at which maps were taken, in order
 * @returns those to keep, at most `limit`
 */
export function thinSteps(steps: readonly number[], limit: number): readonly number[] {
  let kept = steps;
  while (kept.length > Math.max(2, limit)) {
    // The one whose removal leaves the smallest gap.
    let least = 1;
    const holeAt = (i: number): number => (kept[i + 1] ?? Infinity) - (kept[i - 1] ?? -Infinity);
    for (let i = 2; i < kept.length - 1; i++) if (holeAt(i) < holeAt(least)) least = i;
    kept = kept.filter((_, i) => i !== least);
  }
  return kept;
}
