/** The features by which a lens compares patches: chosen in its parameters, or recommended by the model. */
import { oneOf, type Field } from '../core/codec.ts';
import { facets, type FeatureChoice, type ModelDescription } from '../core/model.ts';
import type { Facet, Tap } from '../vit/taps.ts';

/** 'best' is the model's recommendation, or if it has none the keys of the last block, as in the papers. */
export interface FeatureParams {
  /** Counts from 1. A number above the network's depth means its last block. */
  readonly block: 'best' | number;
  readonly facet: 'best' | FeatureChoice['facet'];
}

export const featureFields: { readonly [K in keyof FeatureParams]: Field<FeatureParams[K]> } = {
  block: {
    defaultValue: 'best',
    form: 'best|a number from 1',
    help: 'the block whose features are compared; best is what the model recommends, or its last one',
    read: (text) => {
      if (text === 'best') return text;
      return /^[1-9]\d{0,2}$/.test(text) ? Number(text) : null;
    },
    write: String,
  },
  facet: oneOf(['best', ...facets], {
    help: 'query, key or value of the block, or the tokens that it hands on, of the last one after the final norm; best is what the model recommends, or key',
  }),
};

/** @returns the block from 1, and the facet */
export function featuresOf(
  { block, facet }: FeatureParams,
  { depth, features = { block: depth, facet: 'key' } }: Pick<ModelDescription, 'depth' | 'features'>,
): FeatureChoice {
  return {
    block: Math.min(block === 'best' ? features.block : block, depth),
    facet: facet === 'best' ? features.facet : facet,
  };
}

/** The facet's name in a pass. */
export const facetOf = ({ facet }: FeatureChoice): Facet => (facet === 'token' ? 'out' : facet);

export const featureTap = (choice: FeatureChoice): Tap => ({
  of: 'tokens',
  block: choice.block - 1,
  facet: facetOf(choice),
});

const plurals = { query: 'queries', key: 'keys', value: 'values', token: 'tokens' } as const;

/** "keys of block 12" */
export const featuresTitle = ({ block, facet }: FeatureChoice): string =>
  `${plurals[facet]} of block ${block}`;
