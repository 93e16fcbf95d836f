import { valueRange } from '../../attention/value-range.ts';
import type { PatchMatch } from '../../core/patch-match.ts';
import { succeed } from '../../core/result.ts';
import type { Pass } from '../../engine/pass.ts';
import { mutualMatches, thinMatches } from '../../features/mutual-matches.ts';
import { readNearestPatches, readPairCosines, type PatchPair } from '../../vit/match-patches.ts';
import { clsAttentionTap, readClsAttention } from '../cls-attention.ts';
import { afterStepOf } from '../after-step.ts';
import { facetOf, featuresOf, featureTap } from '../feature-choice.ts';
import type { ComputeContext, LensCompute } from '../lens-compute.ts';
import type { CorrespondencesParams, CorrespondencesResult, PairEnd } from './contract.ts';

/** Of the work: to compare all patches. The rest is to choose pairs. */
const comparedShare = 0.7;

/** The clustering holds the cosines of all pairs with each other; where there are more, those with the highest saliency take part. */
const mostClustered = 2000;

/** @returns from 0, where CLS looks the least, to 1, where it looks the most; shape [rows × columns] */
async function saliencyOf(pass: Pass): Promise<Float32Array> {
  const attention = await readClsAttention(pass);
  const { min, max } = valueRange({ values: attention });
  return attention.map((value) => (max > min ? (value - min) / (max - min) : 0));
}

interface SalientMatch extends PatchMatch {
  readonly saliency: number;
}

async function thin(
  pair: PatchPair,
  matches: readonly SalientMatch[],
  count: number,
  { signal, onProgress }: Pick<ComputeContext, 'signal' | 'onProgress'>,
): Promise<readonly SalientMatch[]> {
  if (matches.length === 0) return [];
  const some =
    matches.length > mostClustered
      ? matches.toSorted((a, b) => b.saliency - a.saliency).slice(0, mostClustered)
      : matches;
  const cosines = await readPairCosines(pair, some);
  const saliency = some.map((match) => match.saliency);
  const afterStep = afterStepOf(signal);
  let left = 1 - comparedShare;
  const chosen = await thinMatches(cosines, saliency, Math.min(count, some.length), async () => {
    // Nobody knows how many steps it takes; mostly a few.
    left *= 0.8;
    onProgress(1 - left);
    await afterStep();
  });
  return chosen.map((at) => some[at] as SalientMatch);
}

function endOf(patch: number, { frame: { rows, columns, box } }: Pass): PairEnd {
  const [row, column] = [Math.floor(patch / columns), patch % columns];
  return {
    row,
    column,
    x: box.left + ((column + 0.5) / columns) * box.width,
    y: box.top + ((row + 0.5) / rows) * box.height,
  };
}

async function findPairs(
  first: Pass,
  second: Pass,
  { pairs, salience, surroundings, ...choice }: CorrespondencesParams,
  context: Pick<ComputeContext, 'signal' | 'onProgress'>,
): Promise<CorrespondencesResult> {
  const features = featuresOf(choice, first.model);
  const pair = {
    first: first.tapped,
    second: second.tapped,
    block: features.block - 1,
    facet: facetOf(features),
    surroundings,
  };
  const { signal } = context;
  const onProgress = (share: number): void => context.onProgress(comparedShare * share);
  const mutual = mutualMatches(...(await readNearestPatches(pair, { signal, onProgress })));
  const [ofFirst, ofSecond] = [await saliencyOf(first), await saliencyOf(second)];
  const salient = mutual.flatMap((each): SalientMatch[] => {
    const ends = [ofFirst[each.first] as number, ofSecond[each.second] as number] as const;
    if (salience > 0 && !(Math.min(...ends) > salience / 100)) return [];
    return [{ ...each, saliency: (ends[0] + ends[1]) / 2 }];
  });
  const chosen = await thin(pair, salient, pairs, context);
  return {
    features,
    found: { mutual: mutual.length, salient: salient.length },
    pairs: chosen.map((each) => ({
      first: endOf(each.first, first),
      second: endOf(each.second, second),
      cosine: each.cosine,
      saliency: each.saliency,
    })),
  };
}

export const correspondencesCompute: LensCompute<CorrespondencesParams, CorrespondencesResult> = {
  taps: (model, params) => ({
    needs: [featureTap(featuresOf(params, model)), clsAttentionTap(model)],
    keeps: [],
  }),

  async compute([first, second], params, context) {
    if (first === undefined) throw new Error('correspondences needs a pass');
    if (second !== undefined) return succeed(await findPairs(first, second, params, context));
    return succeed({ features: featuresOf(params, first.model), found: null, pairs: [] });
  },

  transfer: () => [],

  // Row and column on the first photograph, row and column on the second.
  arrays: ({ pairs }) => [
    {
      suffix: '',
      shape: [pairs.length, 4],
      values: Float32Array.from(
        pairs.flatMap(({ first, second }) => [first.row, first.column, second.row, second.column]),
      ),
    },
  ],

  numbers: ({ features, found, pairs }) => ({ ...features, ...found, pairs }),
};
