/** What the protocol keeps of a map: the mask by mass. */
import { massMask, massThreshold, rankByMass } from '../../src/attention/mass-mask.ts';

export interface PatchMask {
  readonly rows: number;
  readonly columns: number;
  /** 1 for a patch that is kept, 0 for one that is not; row by row. */
  readonly kept: Uint8Array;
}

/** What the official script keeps of a head's mass, and the paper's figure 4. */
export const keptShare = 0.6;

/** @param values shape [rows, columns] @returns the smallest set of patches with 60 % of the mass */
export function maskOf(rows: number, columns: number, values: Float32Array): PatchMask {
  const ranking = rankByMass(values);
  return { rows, columns, kept: massMask(ranking, massThreshold(ranking, keptShare)) };
}
