/** A score that does not depend on the photograph, for comparison: photographers put things in the middle. */
import { maskOf, type PatchMask } from './head-masks.ts';

/** Of half a side. */
const sigma = 0.4;

/** A Gaussian around the centre, as wide as the photograph is, masked like a head. @returns a mask of single pixels */
export function centrePrior(height: number, width: number): PatchMask {
  const fall = (position: number, side: number): number =>
    Math.exp(-(((((position + 0.5) / side) * 2 - 1) / sigma) ** 2) / 2);
  const down = Array.from({ length: height }, (_, y) => fall(y, height));
  const across = Array.from({ length: width }, (_, x) => fall(x, width));
  const values = new Float32Array(height * width);
  for (const [y, a] of down.entries()) for (const [x, b] of across.entries()) values[y * width + x] = a * b;
  return maskOf(height, width, values);
}
