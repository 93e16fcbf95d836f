import type { Rgb } from './colour-maps.ts';
import type { Pixels } from './heat-map.ts';
import type { Grid } from './upsample.ts';

/** One head's part in the picture that shows them all. */
export interface HeadLayer {
  readonly grid: Grid;
  /** The head's range, for its normalised attention 0..1. */
  readonly min: number;
  readonly max: number;
  readonly colour: Rgb;
  /** Whether sample i of the grid belongs to the head's mask: a patch mask, or a level to exceed. */
  readonly mask: Uint8Array | { readonly level: number };
}

/** Alpha of the weakest part of a mask; the strongest has 1. Keeps a mask's rim visible and lets its core
 * glow; the root is there for maps with a few strong patches, where all else would be faint. */
const faintestAlpha = 0.55;

/**
 * Heads in distinct colours on one picture, as in the paper's figure 3. Where masks overlap, the colours mix in
 * proportion to the heads' normalised attention; where no head looks, the pixel is transparent.
 * @param layers grids of one shape, at least one
 */
export function composeHeads(layers: readonly HeadLayer[]): Pixels {
  const { height, width } = layers[0]?.grid ?? { height: 0, width: 0 };
  const samples = height * width;
  const red = new Float32Array(samples);
  const green = new Float32Array(samples);
  const blue = new Float32Array(samples);
  const weights = new Float32Array(samples);
  const strongest = new Float32Array(samples);
  for (const { grid, min, max, colour, mask } of layers) {
    if (grid.values.length !== samples) {
      throw new Error(`heads differ in shape: [${grid.height}, ${grid.width}] against [${height}, ${width}]`);
    }
    const scale = max > min ? 1 / (max - min) : 0;
    const [r, g, b] = colour;
    const level = 'level' in mask ? mask.level : null;
    const patches = 'level' in mask ? null : mask;
    for (let i = 0; i < samples; i += 1) {
      const value = grid.values[i] ?? 0;
      if (level === null ? patches?.[i] === 0 : value <= level) continue;
      const attention = (value - min) * scale;
      // Not zero, or the weakest patch of a mask that is alone in its place would have no colour.
      const weight = attention + 1e-3;
      red[i] = (red[i] ?? 0) + weight * r;
      green[i] = (green[i] ?? 0) + weight * g;
      blue[i] = (blue[i] ?? 0) + weight * b;
      weights[i] = (weights[i] ?? 0) + weight;
      if (attention > (strongest[i] ?? 0)) strongest[i] = attention;
    }
  }
  const rgba = new Uint8ClampedArray(samples * 4);
  for (let i = 0; i < samples; i += 1) {
    const weight = weights[i] ?? 0;
    if (weight === 0) continue;
    rgba[4 * i] = (red[i] ?? 0) / weight;
    rgba[4 * i + 1] = (green[i] ?? 0) / weight;
    rgba[4 * i + 2] = (blue[i] ?? 0) / weight;
    rgba[4 * i + 3] = 255 * (faintestAlpha + (1 - faintestAlpha) * Math.sqrt(strongest[i] ?? 0));
  }
  return { height, width, rgba };
}
