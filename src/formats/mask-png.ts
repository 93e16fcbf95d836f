/** A mask of a photograph as PNG, and what it cuts out. */
import { pixelsOfMasks, type FoundMask } from '../core/found-mask.ts';
import type { Size } from '../core/geometry.ts';
import { encodePng } from './png-writer.ts';

/** @param masks at least one, of one photograph. @returns PNG of the photograph's size, grey: 255 in any of the masks, else 0 */
export function encodeMask(masks: readonly FoundMask[]): Promise<Blob> {
  const { height, width, inside } = pixelsOfMasks(masks);
  for (let at = 0; at < inside.length; at++) inside[at] = inside[at] === 1 ? 255 : 0;
  const row = (y: number): Uint8Array => inside.subarray(y * width, (y + 1) * width);
  return encodePng({ height, width, channels: 1, row });
}

interface Pixels extends Size {
  readonly channels: 3 | 4;
  /** shape [height, width, channels]; alpha, if any, is 255 */
  readonly values: Uint8Array | Uint8ClampedArray;
}

/**
 * @param photo upright, of the size that the masks name
 * @param masks at least one, of one photograph
 * @returns PNG: the photograph in any of the masks, elsewhere transparent black
 */
export function encodeCutOut(photo: Pixels, masks: readonly FoundMask[]): Promise<Blob> {
  const { height, width, inside } = pixelsOfMasks(masks);
  if (height !== photo.height || width !== photo.width)
    throw new Error(`masks of ${width} × ${height} px, photograph of ${photo.width} × ${photo.height} px`);
  const { channels, values } = photo;
  const rgba = new Uint8Array(4 * width);
  const row = (y: number): Uint8Array => {
    rgba.fill(0);
    for (let x = 0; x < width; x++) {
      const pixel = y * width + x;
      if (inside[pixel] !== 1) continue;
      for (let channel = 0; channel < 3; channel++)
        rgba[4 * x + channel] = values[channels * pixel + channel] as number;
      rgba[4 * x + 3] = 255;
    }
    return rgba;
  };
  return encodePng({ height, width, channels: 4, row });
}
