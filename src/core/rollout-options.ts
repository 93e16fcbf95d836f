/** How attention rollout (Abnar and Zuidema, 2020) is computed. */

/** How a block's heads become one matrix. */
export const fusions = ['mean', 'max', 'min'] as const;
export type Fusion = (typeof fusions)[number];

export interface RolloutOptions {
  readonly fusion: Fusion;
  /**
   * Share of each fused matrix's entries, the lowest ones, that are set to 0; from 0 to below 1. CLS's attention to
   * itself is kept.
   */
  readonly discardRatio: number;
  /**
   * How a block's matrix A + I is divided: 'rows' by its row's sum, as the paper says; 'vit-explain' as the popular implementation does,
   * where a column is divided by the sum of the row with the same number. Both agree where heads are averaged and nothing is discarded.
   */
  readonly normalise: 'rows' | 'vit-explain';
}

/** How many of a matrix's entries are discarded. */
export const discardedCount = (entries: number, discardRatio: number): number =>
  Math.floor(entries * discardRatio);
