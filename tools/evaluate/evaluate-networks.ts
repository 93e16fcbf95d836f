/** Every network and the centre prior on every photograph. */
import { describeFailure } from '../../src/core/failure.ts';
import type { FramingOptions } from '../../src/core/photo.ts';
import type { Overlap } from '../../src/core/overlap.ts';
import { succeed } from '../../src/core/result.ts';
import { headsContract } from '../../src/lenses/heads/contract.ts';
import { frameOf } from '../../src/lenses/lens-contract.ts';
import { fineFrameOf, objectsContract, type ObjectsParams } from '../../src/lenses/objects/contract.ts';
import type { LoadedModel } from '../../src/models/loaded-model.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import type { Objects } from '../../src/score/objects.ts';
import { openEngine, type ToolEngine } from '../look/open-engine.ts';
import { stopWith } from '../stop-with.ts';
import { centrePrior } from './centre-prior.ts';
import type { Pair } from './find-pairs.ts';
import type { PatchMask } from './head-masks.ts';
import { readPair, type PairContent } from './read-pair.ts';
import {
  averagePhotos,
  fitOf,
  fitOfMass,
  scoreHeads,
  truthOf,
  type Averages,
  type Fit,
  type ScoredPhoto,
} from './scores.ts';

export const methods = ['heads', 'lost', 'tokencut', 'maskcut'] as const;

export type Method = (typeof methods)[number];

export interface HowToScore {
  readonly sidePx: number;
  readonly overlap: Overlap;
  readonly methods: readonly Method[];
  /** By which features lost, tokencut and maskcut compare patches, and whether their masks follow the photograph's edges. */
  readonly objects: CutParams;
}

export type CutParams = Pick<ObjectsParams, 'block' | 'facet' | 'refine'>;

/** Names of scores that are no method's. */
export const bestHeadName = 'best head';
export const meanHeadName = 'mean over heads';
export const headName = (head: number): string => `head ${head + 1}`;
export const priorName = 'centre prior';

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

interface Scorer {
  readonly engine: ToolEngine;
  readonly id: string;
  readonly photo: PixelGrid;
  readonly objects: Objects;
  readonly framing: FramingOptions;
}

async function fitsOfHeads({ engine, id, photo, objects, framing }: Scorer): Promise<Record<string, Fit>> {
  const { defaults } = headsContract.params;
  const looked = await engine.look('heads', defaults, id, { pixels: photo, notices: [] }, framing);
  if (!looked.ok) return stopWith(`${id}: ${describeFailure(looked.error)}`);
  const frame = frameOf(looked.value);
  const { bestHead, meanOverHeads, heads } = scoreHeads(looked.value.result, frame, truthOf(objects, frame));
  return {
    [bestHeadName]: bestHead,
    [meanHeadName]: meanOverHeads,
    ...Object.fromEntries(heads.map((fit, head) => [headName(head), fit])),
  };
}

/** Of several objects the first: CorLoc is of one box a photograph, and the first object is the one that stands out most. */
async function fitOfMethod(
  { engine, id, photo, objects, framing }: Scorer,
  method: Exclude<Method, 'heads'>,
  cut: CutParams,
): Promise<Fit> {
  const params = { ...objectsContract.params.defaults, ...cut, method };
  const looked = await engine.look('objects', params, id, { pixels: photo, notices: [] }, framing);
  if (!looked.ok) return stopWith(`${id}: ${describeFailure(looked.error)}`);
  const frame = frameOf(looked.value);
  const { fineGrid, objects: found } = looked.value.result;
  const [first] = found;
  // All patches are alike, or none: no object is claimed.
  if (first === undefined) return { jaccard: 0, found: 0 };
  const { mask } = first.refined ?? first;
  const grid = fineGrid === null ? frame : fineFrameOf(frame, fineGrid);
  return fitOf(mask, first.box, truthOf(objects, grid));
}

/** @param pairs that `checkPairs` has found usable */
export async function scoreNetwork(
  model: LoadedModel,
  pairs: readonly Pair[],
  how: HowToScore,
): Promise<Averages> {
  const engine = await openEngineOf(model);
  const photos: ScoredPhoto[] = [];
  const framing = { shape: 'photograph', sidePx: how.sidePx, overlap: how.overlap } as const;
  try {
    for (const pair of pairs) {
      const { photo, objects } = await contentOf(pair);
      const scorer = { engine, id: pair.photo, photo, objects, framing };
      const fits: Record<string, Fit> = {};
      for (const method of how.methods)
        if (method === 'heads') Object.assign(fits, await fitsOfHeads(scorer));
        else fits[method] = await fitOfMethod(scorer, method, how.objects);
      photos.push({ sequence: pair.sequence, fits });
    }
  } finally {
    engine.dispose();
  }
  return averagePhotos(photos);
}

/** As a network with one head, that sees the whole photograph. */
export async function scoreCentrePrior(pairs: readonly Pair[]): Promise<Averages> {
  const photos: ScoredPhoto[] = [];
  const priors = new Map<string, PatchMask>();
  for (const pair of pairs) {
    const { photo, objects } = await contentOf(pair);
    const { height, width } = photo;
    const prior = priors.get(`${height} × ${width}`) ?? centrePrior(height, width);
    priors.set(`${height} × ${width}`, prior);
    const box = { top: 0, left: 0, height, width };
    const grid = { rows: height, columns: width, box, photoSizePx: { height, width } };
    photos.push({
      sequence: pair.sequence,
      fits: { [priorName]: fitOfMass(prior, grid, truthOf(objects, grid)) },
    });
  }
  return averagePhotos(photos);
}
