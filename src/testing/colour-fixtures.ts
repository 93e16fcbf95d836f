/** The principal components computed by NumPy (tools/reference/make_colours.py). */
import stored from '../../tools/reference/fixtures/colours.json';
import { floatsOfBase64 } from '../core/base64.ts';
import { facets, type FeatureChoice } from '../core/model.ts';

export interface ExpectedComponents {
  /** Shares of the variance. */
  readonly shares: readonly number[];
  /**
   * The projection of each patch's feature on each axis, shape [n] each. The entry of largest magnitude of an axis is
   * positive.
   */
  readonly maps: readonly Float32Array[];
}

interface Kept extends ExpectedComponents {
  readonly kept: number;
}

interface StoredComponents {
  readonly shares: readonly number[];
  readonly maps: readonly string[];
}

const read = ({ shares, maps }: StoredComponents): ExpectedComponents => ({
  shares,
  maps: maps.map(floatsOfBase64),
});

const readKept = (each: StoredComponents & { readonly kept: number }): Kept => ({
  ...read(each),
  kept: each.kept,
});

export interface EmbeddedColours {
  readonly sample: string;
  readonly sidePx: number;
  readonly features: FeatureChoice;
  readonly all: ExpectedComponents;
  readonly attention: Kept;
  readonly component: Kept;
}

export const embeddedColours: readonly EmbeddedColours[] = stored.embedded.map((each): EmbeddedColours => {
  const facet = facets.find((known) => known === each.facet);
  if (facet === undefined) throw new Error(`unknown facet ${each.facet}`);
  return {
    sample: each.sample,
    sidePx: each.side,
    features: { block: each.block, facet },
    all: read(each.all),
    attention: readKept(each.attention),
    component: readKept(each.component),
  };
});

interface StoredTogether {
  readonly shares: readonly number[];
  readonly maps: readonly (readonly string[])[];
}

const readTogether = ({ shares, maps }: StoredTogether) => ({
  shares,
  /** for each component the map of each photograph */
  maps: maps.map((each) => each.map(floatsOfBase64)),
});

/** Components of the patches of several photographs together, of values of a block of the embedded model. */
export const coloursTogether = {
  samples: stored.together.samples,
  sidePx: stored.together.side,
  features: { block: stored.together.block, facet: 'value' },
  all: readTogether(stored.together.all),
  attention: { ...readTogether(stored.together.attention), kept: stored.together.attention.kept },
} as const;

/**
 * From the keys of the last block of each network in `tapFixtures`. `half` computes the axes from every second patch, but
 * projects all.
 */
export const familyColours: readonly {
  readonly network: string;
  readonly at: number;
  readonly all: ExpectedComponents;
  readonly half: ExpectedComponents;
}[] = stored.families.map((each) => ({
  network: each.network,
  at: each.case,
  all: read(each.all),
  half: read(each.half),
}));
