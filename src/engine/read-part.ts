/** A part of a photograph at a working size, for lenses that need pixels beside tokens. */
import type { Box, Size } from '../core/geometry.ts';
import { resample } from '../media/resample.ts';
import type { ReadPhoto } from './engine.ts';

export interface PhotoPart extends Size {
  /** shape [height, width, 3] */
  readonly values: Uint8ClampedArray<ArrayBuffer>;
}

/**
 * Shrinks as Pillow's bicubic `resize` does.
 * @param box within the photograph, in px of it; edges may lie between pixels
 * @returns its long side at most `maxSidePx`, never enlarged
 */
export function readPart({ pixels }: ReadPhoto, box: Box, maxSidePx: number): PhotoPart {
  const scale = Math.min(1, maxSidePx / Math.max(box.height, box.width));
  const size = {
    height: Math.max(1, Math.round(box.height * scale)),
    width: Math.max(1, Math.round(box.width * scale)),
  };
  return { ...size, values: resample(pixels, box, size, 'bicubic') };
}
