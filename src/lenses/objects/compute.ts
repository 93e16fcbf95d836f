import { boxOfMask } from '../../core/found-mask.ts';
import type { Frame } from '../../core/frame.ts';
import { succeed } from '../../core/result.ts';
import { yieldToEventLoop } from '../../engine/yield-to-event-loop.ts';
import { findByLost, type LostObject } from '../../features/lost.ts';
import { findByMaskCut, findByTokenCut, type CutObject } from '../../features/token-cut.ts';
import type { Pass } from '../../engine/pass.ts';
import { readAlikePatches } from '../../vit/alike-patches.ts';
import { throwIfAborted } from '../../vit/forward.ts';
import { facetOf, featuresOf, featureTap } from '../feature-choice.ts';
import type { LensCompute } from '../lens-compute.ts';
import type { FoundObject, ObjectsParams, ObjectsResult, ObjectsStep } from './contract.ts';

type Found = Pick<ObjectsResult, 'objects' | 'steps'>;

const toObject = ({ mask, seed }: Pick<CutObject, 'mask' | 'seed'>, frame: Frame): FoundObject => ({
  mask: Float32Array.from(mask),
  seed,
  // The seed is always in the mask.
  box: boxOfMask(mask, frame) ?? { top: 0, left: 0, height: 0, width: 0 },
});

const stepsOfLost = ({ degrees, likeness }: LostObject): ObjectsStep[] => [
  {
    name: 'Like others',
    meaning:
      'How many other patches each is like; the one that is like the fewest is where the object begins.',
    map: degrees,
  },
  {
    name: 'Like the seed',
    meaning:
      'How like each patch is to the first one and its helpers together; the object is where this is above 0.',
    map: likeness,
  },
];

const vectorStep = ({ vector }: CutObject, name: string): ObjectsStep => ({
  name,
  meaning: 'The second eigenvector of the patches’ graph: the photograph is cut in two at its mean.',
  map: vector,
});

async function findIn(
  pass: Pass,
  { method, threshold, most }: ObjectsParams,
  [block, facet]: readonly [number, ReturnType<typeof facetOf>],
  signal: AbortSignal,
): Promise<Found> {
  const { tapped, frame } = pass;
  const isLost = method === 'lost';
  const options = { isCosine: !isLost, threshold: isLost ? 0 : threshold, signal };
  const alike = await readAlikePatches(tapped, block, facet, options);
  pass.noteRead(performance.now());
  const afterStep = async (): Promise<void> => {
    await yieldToEventLoop();
    throwIfAborted(signal);
  };
  if (isLost) {
    const tokens = await pass.readTokens(block, facet);
    const { embedDim, numRegisters } = pass.model;
    const found = findByLost(tokens.subarray((1 + numRegisters) * embedDim), alike, frame);
    return { objects: [toObject(found, frame)], steps: stepsOfLost(found) };
  }
  if (method === 'tokencut') {
    const found = await findByTokenCut(alike, frame, afterStep);
    if (found === null) return { objects: [], steps: [] };
    return { objects: [toObject(found, frame)], steps: [vectorStep(found, 'Eigenvector')] };
  }
  const found = await findByMaskCut(alike, frame, most, afterStep);
  return {
    objects: found.map((each) => toObject(each, frame)),
    steps: found.map((each, at) => vectorStep(each, `Eigenvector ${at + 1}`)),
  };
}

export const objectsCompute: LensCompute<ObjectsParams, ObjectsResult> = {
  taps: (model, params) => ({ needs: [featureTap(featuresOf(params, model))], keeps: [] }),

  async compute([pass], params, { signal }) {
    if (pass === undefined) throw new Error('objects needs a pass');
    const features = featuresOf(params, pass.model);
    const { rows, columns } = pass.frame;
    const found = await findIn(pass, params, [features.block - 1, facetOf(features)], signal);
    return succeed({ features, rows, columns, ...found });
  },

  transfer: ({ objects, steps }) => [
    ...objects.map(({ mask }) => mask.buffer),
    ...steps.map(({ map }) => map.buffer),
  ],

  arrays({ rows, columns, objects, steps }) {
    const stack = (maps: readonly Float32Array[]): Float32Array<ArrayBuffer> => {
      const values = new Float32Array(maps.length * rows * columns);
      for (const [at, map] of maps.entries()) values.set(map, at * rows * columns);
      return values;
    };
    return [
      { suffix: '', shape: [objects.length, rows, columns], values: stack(objects.map(({ mask }) => mask)) },
      { suffix: '-steps', shape: [steps.length, rows, columns], values: stack(steps.map(({ map }) => map)) },
    ];
  },

  numbers: ({ features, columns, objects, steps }) => ({
    ...features,
    boxes: objects.map(({ box: { left, top, width, height } }) => ({ left, top, width, height })),
    seeds: objects.map(({ seed }) => ({ row: Math.floor(seed / columns), column: seed % columns })),
    steps: steps.map(({ name }) => name),
  }),
};
