/** What one row of attention tells of the head that looks. `vit/head-statistics` has the means over all rows. */
import type { PatchPosition } from '../core/geometry.ts';

/** −Σ a ln a in nats: 0 where it looks at one token, ln T where it looks at all alike. @param row sums to 1 */
export function rowEntropy(row: ArrayLike<number>): number {
  let entropy = 0;
  for (let token = 0; token < row.length; token++) {
    const share = row[token] as number;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return entropy;
}

/**
 * How far a patch looks, in patches: the sum of attention × distance over the patches (Raghu et al., 2021). What goes to special
 * tokens, which lie nowhere, adds nothing.
 * @param row shape [rows, columns], what it gives to the patches
 */
export function rowDistance(row: ArrayLike<number>, columns: number, from: PatchPosition): number {
  let distance = 0;
  for (let patch = 0; patch < row.length; patch++) {
    const away = Math.hypot(Math.floor(patch / columns) - from.row, (patch % columns) - from.column);
    distance += (row[patch] as number) * away;
  }
  return distance;
}
