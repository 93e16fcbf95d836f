/** Which places of two photographs belong together: patches that are each other's nearest, thinned to a few pairs. */
import { defineCodec, onOrOff, wholeNumber } from '../../core/codec.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import type { FeatureChoice } from '../../core/model.ts';
import { featureFields, type FeatureParams } from '../feature-choice.ts';
import type { LensContract } from '../lens-contract.ts';

export interface CorrespondencesParams extends FeatureParams {
  /** At most so many pairs are shown. */
  readonly pairs: number;
  /**
   * Both ends must be more salient than this, in per cent. A patch's saliency is CLS's attention in the last block, mean over heads, from
   * 0 for the photograph's smallest to 100 for its largest.
   */
  readonly salience: number;
  /** Whether a patch is compared with its surroundings: log-binned, as in dino-vit-features. */
  readonly surroundings: boolean;
}

export interface CorrespondencesDrawing {
  readonly lines: boolean;
}

/** A patch, and its middle in px of its photograph. */
export interface PairEnd extends PatchPosition {
  readonly x: number;
  readonly y: number;
}

interface Correspondence {
  /** On the first photograph, and on the second. */
  readonly first: PairEnd;
  readonly second: PairEnd;
  readonly cosine: number;
  /** Mean of both, 0..1. */
  readonly saliency: number;
}

export interface CorrespondencesResult {
  readonly features: FeatureChoice;
  /** All mutual nearest neighbours, and how many of them are salient; null where there is no second photograph. */
  readonly found: { readonly mutual: number; readonly salient: number } | null;
  /** Those that are shown, the most salient first. */
  readonly pairs: readonly Correspondence[];
}

export const correspondencesContract: LensContract<
  CorrespondencesParams,
  CorrespondencesDrawing,
  CorrespondencesResult
> = {
  title: 'Correspondences',
  about: 'Which places of two photographs belong together: patches that are each other’s nearest.',
  asks: false,
  looksAt: () => 'pair',
  params: defineCodec({
    ...featureFields,
    pairs: wholeNumber({ defaultValue: 10, min: 1, max: 50, help: 'at most so many pairs' }),
    salience: wholeNumber({
      defaultValue: 5,
      min: 0,
      max: 95,
      help: 'both ends are more salient than so many per cent of the range of CLS’s attention',
    }),
    surroundings: onOrOff({
      defaultValue: false,
      help: 'patches are compared with their surroundings, in 17 bins as in dino-vit-features: 17 times the work',
    }),
  }),
  forgets: [],
  drawing: defineCodec({
    lines: onOrOff({ defaultValue: true, help: 'a line between the two ends of each pair' }),
  }),
};
