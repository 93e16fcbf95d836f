/** Scores of the masks that a lens shows. */
import type { FoundMask } from '../core/found-mask.ts';
import type { Box } from '../core/geometry.ts';
import { bestOverlap, jaccardOfObjects, meanOf, type CellCounts } from './fit.ts';

interface FoundScore {
  /** What the mask is of: "Head 3". */
  readonly title: string;
  /** Jaccard index, mean over the true objects. */
  readonly jaccard: number;
  /** Intersection over union of the box and the true box that it fits best; 0 where the mask has no box. */
  readonly overlap: number;
}

export interface FoundScores {
  readonly masks: number;
  /** The largest claim. */
  readonly first: FoundScore;
  /** The one with the highest Jaccard index. */
  readonly best: FoundScore;
}

/**
 * @param countsOf the true mask, counted on a found mask's grid; null where that is not known yet
 * @param boxes of the true objects
 * @returns null where the lens shows no mask, or where counts are missing
 */
export function scoreFound(
  found: readonly FoundMask[],
  countsOf: (mask: FoundMask) => CellCounts | null,
  boxes: readonly Box[],
): FoundScores | null {
  const scores: FoundScore[] = [];
  for (const mask of found) {
    const counts = countsOf(mask);
    if (counts === null) return null;
    scores.push({
      title: mask.title,
      jaccard: meanOf(jaccardOfObjects(mask.values, counts)),
      overlap: bestOverlap(mask.box, boxes),
    });
  }
  const [first] = scores;
  if (first === undefined) return null;
  const best = scores.reduce((most, score) => (score.jaccard > most.jaccard ? score : most));
  return { masks: scores.length, first, best };
}
