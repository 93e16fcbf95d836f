/** Every network and the centre prior on every photograph. */
import { describeFailure } from '../../src/core/failure.ts';
import { succeed } from '../../src/core/result.ts';
import { headsContract } from '../../src/lenses/heads/contract.ts';
import { frameOf } from '../../src/lenses/lens-contract.ts';
import type { LoadedModel } from '../../src/models/loaded-model.ts';
import { openEngine, type ToolEngine } from '../look/open-engine.ts';
import { stopWith } from '../stop-with.ts';
import { centrePrior } from './centre-prior.ts';
import type { Pair } from './find-pairs.ts';
import { jaccardOfObjects, type PatchMask } from './jaccard.ts';
import { readPair, type PairContent } from './read-pair.ts';
import { averagePhotos, scorePhoto, type Average, type ScoredPhoto } from './scores.ts';

/** An engine on wasm with the network, which stays whole; ends the command where it does not start. */
export function openEngineOf(model: LoadedModel): Promise<ToolEngine> {
  // An engine takes the parameters out of the map as it uploads them, and this network is wanted again.
  const parameters = new Map(model.parameters);
  return openEngine(() => Promise.resolve(succeed({ ...model, parameters })));
}

/** Ends the command where a file could be read before and cannot be read now. */
async function contentOf(pair: Pair): Promise<PairContent> {
  const content = await readPair(pair);
  if (content === null || typeof content === 'string')
    return stopWith(content ?? `${pair.mask} has no object any more.`);
  return content;
}

/** @param pairs that `checkPairs` has found usable */
export async function scoreNetwork(
  model: LoadedModel,
  pairs: readonly Pair[],
  sidePx: number,
): Promise<Average> {
  const engine = await openEngineOf(model);
  const photos: ScoredPhoto[] = [];
  try {
    for (const pair of pairs) {
      const { photo, objects } = await contentOf(pair);
      const framing = { shape: 'photograph', sidePx } as const;
      const { defaults } = headsContract.params;
      const read = { pixels: photo, notices: [] };
      const result = await engine.look('heads', defaults, pair.photo, read, framing);
      if (!result.ok) stopWith(`${pair.photo}: ${describeFailure(result.error)}`);
      photos.push({
        sequence: pair.sequence,
        scores: scorePhoto(result.value.result, frameOf(result.value).box, objects),
      });
    }
  } finally {
    engine.dispose();
  }
  return averagePhotos(photos);
}

/** As a network with one head, that sees the whole photograph. */
export async function scoreCentrePrior(pairs: readonly Pair[]): Promise<Average> {
  const photos: ScoredPhoto[] = [];
  const priors = new Map<string, PatchMask>();
  for (const pair of pairs) {
    const { objects } = await contentOf(pair);
    const { height, width } = objects;
    const prior = priors.get(`${height} × ${width}`) ?? centrePrior(height, width);
    priors.set(`${height} × ${width}`, prior);
    const scores = jaccardOfObjects(prior, { top: 0, left: 0, height, width }, objects);
    const score = scores.reduce((sum, value) => sum + value, 0) / scores.length;
    photos.push({
      sequence: pair.sequence,
      scores: { bestHead: score, meanOverHeads: score, heads: [score] },
    });
  }
  return averagePhotos(photos);
}
