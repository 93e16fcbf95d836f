import type { PatchMap } from './head-maps.ts';

export interface MapStatistics {
  readonly min: number;
  readonly max: number;
  /** Where the largest value is, 0-based. */
  readonly peakRow: number;
  readonly peakColumn: number;
  /** The sum over the patches: 1 less what CLS gives to itself. */
  readonly mass: number;
  /**
   * exp of the entropy of the map taken as a distribution: how many patches a map would look at that spread the same
   * attention evenly. 1 for a single patch, rows × columns for an even map.
   */
  readonly effectivePatches: number;
}

/** @param map shape [rows, columns], at least one patch */
export function describeMap({ values, columns }: PatchMap): MapStatistics {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let peak = 0;
  let mass = 0;
  for (let patch = 0; patch < values.length; patch += 1) {
    const value = values[patch] ?? 0;
    mass += value;
    if (value < min) min = value;
    if (value > max) {
      max = value;
      peak = patch;
    }
  }
  let entropy = 0;
  for (const value of values) {
    const share = value / mass;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return {
    min,
    max,
    peakRow: Math.floor(peak / columns),
    peakColumn: peak % columns,
    mass,
    effectivePatches: Math.exp(entropy),
  };
}
