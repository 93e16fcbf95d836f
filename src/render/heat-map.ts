import type { Grid } from './upsample.ts';

/** Colours for a canvas: RGBA in memory order, four bytes a pixel, shape [height, width]. */
export interface Pixels {
  readonly height: number;
  readonly width: number;
  readonly rgba: Uint8ClampedArray<ArrayBuffer>;
}

/**
 * Stretches [min, max] over the colour map, as matplotlib does for the official script's images: every head by its
 * own range. Values outside of it have the colours of its ends.
 * @param table 256 packed pixels, see `colourTable`
 * @returns opaque pixels of the grid's shape
 */
export function paintHeatMap(
  { height, width, values }: Grid,
  min: number,
  max: number,
  table: Uint32Array,
): Pixels {
  const rgba = new Uint8ClampedArray(width * height * 4);
  const packed = new Uint32Array(rgba.buffer);
  const scale = max > min ? (table.length - 1) / (max - min) : 0;
  for (let i = 0; i < packed.length; i += 1) {
    const level = Math.round(((values[i] ?? 0) - min) * scale);
    packed[i] = table[Math.min(table.length - 1, Math.max(0, level))] ?? 0;
  }
  return { height, width, rgba };
}
