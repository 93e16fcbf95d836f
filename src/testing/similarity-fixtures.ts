/** The similarities and correspondences computed by NumPy (tools/reference/make_similarity.py). */
import stored from '../../tools/reference/fixtures/similarity.json';
import { floatsOfBase64 } from '../core/base64.ts';
import { facets, type FeatureChoice } from '../core/model.ts';
import type { PatchMatch } from '../core/patch-match.ts';

interface ExpectedSimilarities {
  /** The patches of the first photograph that are asked; `patch` asks the first one, `several` all. */
  readonly patches: readonly number[];
  /** For each photograph a map, shape [rows, columns]. */
  readonly cls: readonly Float32Array[];
  readonly patch: readonly Float32Array[];
  readonly several: readonly Float32Array[];
}

interface ExpectedMatches {
  /** All mutual nearest neighbours, by the first photograph's patches. */
  readonly mutual: readonly PatchMatch[];
  /** Cosines of each of these with each, by both descriptors one after the other; of the small networks. */
  readonly alike: Float32Array;
  /** Those of them with both ends salient. */
  readonly salient: readonly PatchMatch[];
  /** At most ten of these, the most salient first. */
  readonly chosen: readonly PatchMatch[];
}

interface ExpectedSimilarity extends ExpectedSimilarities {
  readonly matches: ExpectedMatches;
  /** By log-binned descriptors. */
  readonly around: ExpectedMatches;
}

interface StoredMatches {
  readonly mutual: StoredPairs;
  readonly alike: string;
  readonly salient: StoredPairs;
  readonly chosen: StoredPairs;
}

type StoredPairs = readonly (readonly number[])[];

interface Stored {
  readonly patches: readonly number[];
  readonly cls: readonly string[];
  readonly patch: readonly string[];
  readonly several: readonly string[];
  readonly matches: StoredMatches;
  readonly around: StoredMatches;
}

const readPairs = (pairs: StoredPairs): PatchMatch[] =>
  pairs.map(([first = NaN, second = NaN, cosine = NaN]) => ({ first, second, cosine }));

const readMatches = ({ mutual, alike, salient, chosen }: StoredMatches): ExpectedMatches => ({
  mutual: readPairs(mutual),
  alike: floatsOfBase64(alike),
  salient: readPairs(salient),
  chosen: readPairs(chosen),
});

const read = ({ patches, cls, patch, several, matches, around }: Stored): ExpectedSimilarity => ({
  patches,
  cls: cls.map(floatsOfBase64),
  patch: patch.map(floatsOfBase64),
  several: several.map(floatsOfBase64),
  matches: readMatches(matches),
  around: readMatches(around),
});

export interface EmbeddedSimilarity extends ExpectedSimilarity {
  readonly name: string;
  /** At least two; correspondences are between the first two. */
  readonly samples: readonly string[];
  readonly sidePx: number;
  readonly features: FeatureChoice;
}

export const embeddedSimilarity: readonly EmbeddedSimilarity[] = stored.embedded.map(
  (each): EmbeddedSimilarity => {
    const { samples, side, block } = each;
    const facet = facets.find((known) => known === each.facet);
    if (facet === undefined) throw new Error(`unknown facet ${each.facet}`);
    return {
      ...read(each),
      name: `${samples.join(', ')} at ${side} px, ${facet} of block ${block}`,
      samples,
      sidePx: side,
      features: { block, facet },
    };
  },
);

/** By the keys of the last block of each network in `tapFixtures`; its two inputs are the two photographs. */
export const familySimilarity: readonly (ExpectedSimilarity & { readonly network: string })[] =
  stored.families.map((each) => ({ ...read(each), network: each.network }));

export interface ExpectedClusters {
  /** Points of length 1, shape [points, channels]. */
  readonly points: readonly Float32Array[];
  readonly count: number;
  readonly clusters: readonly number[];
}

export const expectedClusters: readonly ExpectedClusters[] = stored.clusters.flatMap(
  ({ shape: [points = 0, channels = 0], values, clusters }) => {
    const all = floatsOfBase64(values);
    const rows = Array.from({ length: points }, (_, at) => all.subarray(at * channels, (at + 1) * channels));
    return Object.entries<readonly number[]>(clusters).map(([count, expected]): ExpectedClusters => ({
      points: rows,
      count: Number(count),
      clusters: expected,
    }));
  },
);
