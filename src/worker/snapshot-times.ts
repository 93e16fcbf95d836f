/**
 * Which of the pinned photograph's maps are kept as a run goes on: the first, the last, and between them ever fewer, evenly, so
 * that a long run takes no more memory than a short one.
 * @param steps at which maps were taken, in order
 * @returns those to keep, at most `limit`
 */
export function thinSteps(steps: readonly number[], limit: number): readonly number[] {
  let kept = steps;
  while (kept.length > limit) {
    const last = kept.length - 1;
    kept = kept.filter((_, i) => i % 2 === 0 || i === last);
  }
  return kept;
}
