/** The mask that keeps a share of a map's mass, as lenses hand it on. */
import { largestPart } from '../core/connected-part.ts';
import { boxOfMask, type FoundMask } from '../core/found-mask.ts';
import type { Frame } from '../core/frame.ts';
import type { PatchValues } from '../render/layers.ts';
import { maskOf } from '../render/map-drawing.ts';

/**
 * Patch by patch, also where it is drawn interpolated. Its box holds the largest connected part alone, as in the
 * baseline "DINO-seg" of LOST (Siméoni et al., 2021): a few patches elsewhere would make it as large as the photograph.
 * @param massPercent of the map's sum that the mask keeps
 */
export function foundByMass(frame: Frame, title: string, map: PatchValues, massPercent: number): FoundMask {
  const values = maskOf(map, massPercent / 100);
  return { title, grid: frame, values, box: boxOfMask(largestPart(values, frame), frame) };
}
