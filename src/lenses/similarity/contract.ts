/** How alike each patch is to the asked ones: the cosine of their features, of all photographs in the strip. */
import { defineCodec, oneOf, onOrOff, wholeNumber } from '../../core/codec.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import type { FeatureChoice } from '../../core/model.ts';
import { featureFields, type FeatureParams } from '../feature-choice.ts';
import {
  defineAskingCodec,
  patchesField,
  type LensContract,
  type Query,
  type SeveralPatches,
} from '../lens-contract.ts';
import { mapDrawingFields } from '../shared-fields.ts';

export type SimilarityParams = FeatureParams & Query & SeveralPatches;

export interface SimilarityDrawing {
  readonly style: 'heat' | 'mask';
  /**
   * The values at the ends of the colours. 'asked': the smallest and the largest of the asked photograph, so that colours mean the same
   * on all of them; 'own': those of each photograph; 'fixed': 0 and 1.
   */
  readonly scale: 'asked' | 'own' | 'fixed';
  /** The mask keeps patches whose cosine exceeds this many hundredths. */
  readonly above: number;
  readonly smooth: boolean;
  readonly contour: boolean;
}

/** The smallest and the largest cosine of a photograph. */
export interface CosineRange {
  readonly min: number;
  readonly max: number;
}

export interface SimilarityResult {
  readonly features: FeatureChoice;
  /** The query that is answered, and the patches that were asked; empty for a special token. */
  readonly query: Query;
  readonly asked: readonly PatchPosition[];
  /** Whether they are this photograph's. */
  readonly isAsked: boolean;
  readonly rows: number;
  readonly columns: number;
  /** Cosines, shape [rows, columns]. */
  readonly map: Float32Array<ArrayBuffer>;
  readonly range: CosineRange;
  /** Of the photograph that is asked. */
  readonly askedRange: CosineRange;
  /** The patch with the largest cosine that is not asked itself; null where all are. */
  readonly best: { readonly patch: PatchPosition; readonly cosine: number } | null;
}

export const similarityContract: LensContract<SimilarityParams, SimilarityDrawing, SimilarityResult> = {
  title: 'Similarity',
  about: 'How alike every patch of all photographs is to the one under the pointer.',
  asks: true,
  asksSeveral: true,
  looksAt: ({ patch, patches }) => (patch === null && patches.length === 0 ? 'one' : 'each'),
  followsPointer: true,
  params: defineAskingCodec<FeatureParams & SeveralPatches>({ ...featureFields, patches: patchesField }),
  forgets: [],
  drawing: defineCodec({
    style: mapDrawingFields.style,
    scale: oneOf(['asked', 'own', 'fixed'], {
      help: 'the ends of the colours: smallest and largest of the asked photograph, of each photograph; or 0 and 1',
    }),
    above: wholeNumber({
      defaultValue: 50,
      min: -100,
      max: 99,
      help: 'the mask keeps patches whose cosine is above so many hundredths',
    }),
    smooth: mapDrawingFields.smooth,
    contour: onOrOff({ defaultValue: true, help: 'a line around what the mask keeps' }),
  }),
};
