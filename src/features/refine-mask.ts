/** What TokenCut makes of a mask of patches with the bilateral solver: a mask of pixels that follows edges. */
import { fillHoles, largestPart } from '../core/connected-part.ts';
import type { Size } from '../core/geometry.ts';
import type { BilateralSolver } from './bilateral-solver.ts';

/** Values above it are inside. A cell without neighbours may be half in the mask: that is outside, however it is rounded. */
const middle = 0.5 + 1e-6;

/** A refined mask whose intersection with the mask of patches is less than this share of their union is not used. */
const leastShared = 0.5;

export interface RefinedMask {
  /** shape [height × width]: 1 inside, else 0 */
  readonly mask: Uint8Array<ArrayBuffer>;
  /** Whether it is the mask that was given: the refined one had too little to do with it. */
  readonly isAsGiven: boolean;
}

/** @returns intersection over union; 0 if both are empty */
function overlapOf(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  for (let at = 0; at < a.length; at++) {
    both += (a[at] as number) & (b[at] as number);
    either += (a[at] as number) | (b[at] as number);
  }
  return either === 0 ? 0 : both / either;
}

/**
 * The largest part of what the solver finds, without holes. The script takes the part with the second most pixels and
 * counts the background as one, so of an object that covers more than the background it would keep the background.
 * @param given the mask on the solver's pixels, shape [height × width]: 1 inside, else 0
 */
export async function refineMask(
  solver: BilateralSolver,
  given: Uint8Array<ArrayBuffer>,
  { height, width }: Size,
): Promise<RefinedMask> {
  const grid = { rows: height, columns: width };
  const soft = await solver.solve(given);
  const inside = Uint8Array.from(soft, (value) => (value > middle ? 1 : 0));
  const mask = largestPart(fillHoles(inside, grid), grid);
  return overlapOf(mask, given) < leastShared ? { mask: given, isAsGiven: true } : { mask, isAsGiven: false };
}
