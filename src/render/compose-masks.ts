import type { Rgb } from './colour-maps.ts';
import type { Pixels } from './heat-map.ts';
import type { Grid } from './upsample.ts';

/** One mask of a picture that shows several. */
export interface MaskPart {
  readonly grid: Grid;
  /** Samples above this value belong to the mask. */
  readonly level: number;
  /** The map's largest value. */
  readonly max: number;
  readonly colour: Rgb;
  /** 1 for samples that belong to it, where the level alone does not tell: patches of equal value at a mask's edge. */
  readonly kept?: Uint8Array;
}

/** The smallest amount by which a kept patch exceeds the level. */
const leastAbove = 1e-6;

/**
 * How far each sample is above each mask's level, as a share of the way to that map's largest value, less the same of whichever other
 * mask comes next: above 0 where the sample is the mask's own. So every place that a mask keeps belongs to just one mask, the
 * one that looks at it most, and the masks' edges meet.
 * @param parts grids of one shape, at least one
 * @returns for each mask, shape [height, width]
 */
export function divideMasks(parts: readonly MaskPart[]): Float32Array[] {
  const { height, width } = parts[0]?.grid ?? { height: 0, width: 0 };
  const samples = height * width;
  const best = new Float32Array(samples);
  const second = new Float32Array(samples);
  /** Which mask is the best; -1 where none keeps the sample. */
  const owners = new Int16Array(samples).fill(-1);
  const heights = parts.map(({ grid, level, max, kept }, at) => {
    if (grid.values.length !== samples)
      throw new Error(`masks differ in shape: [${grid.height}, ${grid.width}] against [${height}, ${width}]`);
    // A map of one value has no way to its largest: all of it is kept, or nothing.
    const scale = max > level && Number.isFinite(level) ? 1 / (max - level) : 1;
    const from = Number.isFinite(level) ? level : level < 0 ? max - 1 : max;
    const above = new Float32Array(samples);
    for (let i = 0; i < samples; i++) {
      let value = ((grid.values[i] as number) - from) * scale;
      if (kept !== undefined) value = kept[i] === 1 ? Math.max(leastAbove, value) : Math.min(0, value);
      above[i] = value;
      if (value > (best[i] as number)) {
        second[i] = best[i] as number;
        best[i] = value;
        owners[i] = at;
      } else if (value > (second[i] as number)) second[i] = value;
    }
    return above;
  });
  for (const [at, above] of heights.entries())
    for (let i = 0; i < samples; i++) {
      const value = above[i] as number;
      // Two heads that both look most at the same place are as high there: it is the first one's, and no hole.
      above[i] =
        owners[i] === at ? Math.max(leastAbove, value - (second[i] as number)) : value - (best[i] as number);
    }
  return heights;
}

/** Alpha at a mask's edge; the strongest place has 1. The edge stays visible, the middle is brightest. */
const faintestAlpha = 0.45;

/**
 * Masks in distinct colours on one picture, as in the paper's figure 3.
 * @param parts as for `divideMasks`
 * @param own what `divideMasks` returns
 * @returns transparent where no mask is
 */
export function composeMasks(parts: readonly MaskPart[], own: readonly Float32Array[]): Pixels {
  const { height, width } = parts[0]?.grid ?? { height: 0, width: 0 };
  const rgba = new Uint8ClampedArray(height * width * 4);
  for (const [at, { grid, level, max, colour }] of parts.entries()) {
    const mine = own[at] as Float32Array;
    const [red, green, blue] = colour;
    const scale = max > level && Number.isFinite(level) ? 1 / (max - level) : 0;
    for (let i = 0; i < mine.length; i++) {
      if (!((mine[i] as number) > 0)) continue;
      // The root is there for maps with a few strong patches, where all else would be faint.
      const strength = Math.sqrt(Math.max(0, ((grid.values[i] as number) - level) * scale));
      rgba[4 * i] = red;
      rgba[4 * i + 1] = green;
      rgba[4 * i + 2] = blue;
      rgba[4 * i + 3] = 255 * (faintestAlpha + (1 - faintestAlpha) * strength);
    }
  }
  return { height, width, rgba };
}
