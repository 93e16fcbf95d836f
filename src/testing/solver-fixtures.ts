/** Masks refined by SciPy (tools/reference/make_solver.py). */
import stored from '../../tools/reference/fixtures/solver.json' with { type: 'json' };
import { bytesOfBase64, floatsOfBase64 } from '../core/base64.ts';
import type { Box, Size } from '../core/geometry.ts';
import { facets, type FeatureChoice } from '../core/model.ts';
import type { FramingOptions } from '../core/photo.ts';

const readMask = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(text, Number);

/** Tiny images, and what is made of a mask of blocks. */
export const smallRefinements = stored.small.map(
  ({ name, height, width, rgb, target, soft, mask, isAsGiven }) => ({
    name,
    pixels: { height, width, values: bytesOfBase64(rgb) },
    target: readMask(target),
    soft: floatsOfBase64(soft),
    mask: readMask(mask),
    isAsGiven,
  }),
);

interface SampleRefinement {
  readonly name: string;
  readonly sample: string;
  readonly framing: FramingOptions;
  readonly features: FeatureChoice;
  readonly sizePx: Size;
  /** shape [height, width] */
  readonly mask: Uint8Array<ArrayBuffer>;
  readonly box: Box;
}

/** @param runs how many pixels are outside, then inside, then outside, … */
function maskOfRuns(runs: readonly number[], { height, width }: Size): Uint8Array<ArrayBuffer> {
  const mask = new Uint8Array(height * width);
  let at = 0;
  for (const [index, run] of runs.entries()) {
    if (index % 2 === 1) mask.fill(1, at, at + run);
    at += run;
  }
  return mask;
}

/** TokenCut's masks of sample photographs by the embedded model. */
export const sampleRefinements: readonly SampleRefinement[] = stored.samples.map((each) => {
  const { sample, shape, side, block, height, width, runs, box } = each;
  const facet = facets.find((known) => known === each.facet);
  if (facet === undefined || (shape !== 'photograph' && shape !== 'square'))
    throw new Error(`unknown facet ${each.facet} or framing ${shape}`);
  return {
    name: `${sample}, ${shape}`,
    sample,
    framing: { shape, sidePx: side },
    features: { block, facet },
    sizePx: { height, width },
    mask: maskOfRuns(runs, { height, width }),
    box,
  };
});
