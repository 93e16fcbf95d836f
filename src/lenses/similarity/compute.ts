import { valueRange, type ValueRange } from '../../attention/value-range.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import { fail, succeed } from '../../core/result.ts';
import type { Pass } from '../../engine/pass.ts';
import { checkCosines } from '../../vit/check-cosines.ts';
import { directionOf, readSimilarities } from '../../vit/patch-similarity.ts';
import type { TokenIndex } from '../../vit/taps.ts';
import { tokenOf } from '../ask-token.ts';
import { facetOf, featuresOf, featureTap } from '../feature-choice.ts';
import type { LensCompute } from '../lens-compute.ts';
import type { Query } from '../lens-contract.ts';
import type { SimilarityParams, SimilarityResult } from './contract.ts';

interface AskedTokens {
  readonly tokens: readonly TokenIndex[];
  readonly query: Query;
  readonly patches: readonly PatchPosition[];
}

/** @returns null if the grid has no such patch */
function askedOf({ token, patch, patches }: SimilarityParams, { model, frame }: Pass): AskedTokens | null {
  const all = patch === null ? patches : [patch, ...patches];
  if (all.length === 0) {
    const asked = tokenOf({ token, patch }, model, frame);
    return asked === null ? null : { tokens: [asked.index], query: asked.query, patches: [] };
  }
  const byToken = new Map<TokenIndex, PatchPosition>();
  for (const each of all) {
    const asked = tokenOf({ token: 0, patch: each }, model, frame);
    if (asked === null) return null;
    byToken.set(asked.index, each);
  }
  const [first = null] = byToken.values();
  return {
    tokens: [...byToken.keys()],
    query: { token: 0, patch: byToken.size === 1 ? first : null },
    patches: [...byToken.values()],
  };
}

/** @throws FailureError 'wrong-result' where a value is no cosine */
function rangeOf(map: Float32Array): ValueRange {
  checkCosines(map);
  return valueRange({ values: map });
}

/** @param left out patches, by their indices */
function bestOf(map: Float32Array, columns: number, leftOut: ReadonlySet<number>): SimilarityResult['best'] {
  let best = -1;
  for (const [patch, cosine] of map.entries())
    if (!leftOut.has(patch) && (best < 0 || cosine > (map[best] as number))) best = patch;
  if (best < 0) return null;
  const patch = { row: Math.floor(best / columns), column: best % columns };
  return { patch, cosine: map[best] as number };
}

async function compare(
  passes: readonly Pass[],
  params: SimilarityParams,
): Promise<readonly SimilarityResult[] | null> {
  const [first] = passes;
  if (first === undefined) throw new Error('similarity needs a pass');
  const asked = askedOf(params, first);
  // The patches belong to another grid: the question is out of date.
  if (asked === null) return null;
  const features = featuresOf(params, first.model);
  const [block, facet] = [features.block - 1, facetOf(features)];
  const direction = directionOf(first.tapped, block, facet, asked.tokens);
  let maps: readonly Float32Array<ArrayBuffer>[];
  try {
    const all = passes.map(({ tapped }) => tapped);
    maps = await readSimilarities(all, block, facet, direction);
  } finally {
    direction.dispose();
  }
  const ranges = maps.map(rangeOf);
  const own = new Set(asked.patches.map(({ row, column }) => row * first.frame.columns + column));
  return passes.map(({ frame: { rows, columns } }, at): SimilarityResult => {
    const map = maps[at] as Float32Array<ArrayBuffer>;
    return {
      features,
      query: asked.query,
      asked: asked.patches,
      isAsked: at === 0,
      rows,
      columns,
      map,
      range: ranges[at] as ValueRange,
      askedRange: ranges[0] as ValueRange,
      best: bestOf(map, columns, at === 0 ? own : new Set()),
    };
  });
}

export const similarityCompute: LensCompute<SimilarityParams, SimilarityResult> = {
  taps: (model, params) => ({ needs: [featureTap(featuresOf(params, model))], keeps: [] }),

  async compute([pass], params) {
    const results = pass === undefined ? null : await compare([pass], params);
    const [result] = results ?? [];
    return result === undefined ? fail({ code: 'cancelled' }) : succeed(result);
  },

  async computeEach(passes, params) {
    const results = await compare(passes, params);
    return results === null ? fail({ code: 'cancelled' }) : succeed(results);
  },

  transfer: ({ map }) => [map.buffer],

  arrays: ({ rows, columns, map }) => [{ suffix: '', shape: [rows, columns], values: map }],

  numbers: ({ features, query, asked, isAsked, range, best }) => ({
    ...features,
    query,
    asked,
    isAsked,
    ...range,
    best,
  }),
};
