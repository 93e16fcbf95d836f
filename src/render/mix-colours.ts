import { assertNever } from '../core/result.ts';
import type { Size } from '../core/geometry.ts';
import type { Pixels } from './heat-map.ts';
import type { ChannelScale } from './layers.ts';
import type { Grid } from './upsample.ts';

interface ScaledGrid {
  readonly grid: Grid;
  readonly scale: ChannelScale;
}

/** @returns 0..1; half where a map has one value */
function brightness(value: number, scale: ChannelScale): number {
  switch (scale.kind) {
    case 'range':
      return scale.max > scale.min ? (value - scale.min) / (scale.max - scale.min) : 0.5;
    case 'sigmoid':
      return scale.deviation > 0 ? 1 / (1 + Math.exp((-2 * value) / scale.deviation)) : 0.5;
    default:
      return assertNever(scale);
  }
}

/** Half brightness. */
const missing = 128;

/**
 * Three maps as red, green and blue.
 * @param channels grids of this size, at most three
 * @param kept above a half where there is colour; null is everywhere
 */
export function mixColours(
  channels: readonly ScaledGrid[],
  kept: Grid | null,
  { height, width }: Size,
): Pixels {
  const samples = height * width;
  const rgba = new Uint8ClampedArray(4 * samples).fill(missing);
  for (const [channel, { grid, scale }] of channels.entries()) {
    if (grid.values.length !== samples)
      throw new Error(`a map of [${grid.height}, ${grid.width}] beside others of [${height}, ${width}]`);
    for (let i = 0; i < samples; i++)
      rgba[4 * i + channel] = 255 * brightness(grid.values[i] as number, scale);
  }
  for (let i = 0; i < samples; i++)
    rgba[4 * i + 3] = kept === null || (kept.values[i] as number) > 0.5 ? 255 : 0;
  return { width, height, rgba };
}
