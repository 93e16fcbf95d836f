/** The principal components that NumPy finds (tools/reference/make_colours.py). */
import stored from '../../tools/reference/fixtures/colours.json';
import { floatsOfBase64 } from '../core/base64.ts';
import { facets, type FeatureChoice } from '../core/model.ts';

export interface ExpectedComponents {
  /** Of the variance. */
  readonly shares: readonly number[];
  /** Each patch's feature along each axis, whose entry furthest from 0 is above 0; shape [n] each. */
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

/** By keys of the last block of each network in `tapFixtures`; `half` leaves each second patch out, but projects all. */
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
