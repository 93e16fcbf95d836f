import type { Size } from '../core/geometry.ts';
import type { PixelGrid } from '../media/resample.ts';

/** @returns the upper left part */
export function cutTo(photo: PixelGrid, { height, width }: Size): PixelGrid {
  const { channels } = photo;
  const rows = Array.from({ length: height }, (_, row) => {
    const begin = row * photo.width * channels;
    return [...photo.values.subarray(begin, begin + width * channels)];
  });
  return { height, width, channels, values: Uint8ClampedArray.from(rows.flat()) };
}
