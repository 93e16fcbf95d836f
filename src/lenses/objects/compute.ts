import type { Failure } from '../../core/failure.ts';
import { boxOfMask, pixelsOfMasks, type MaskGrid } from '../../core/found-mask.ts';
import { seenBoxOf, type Frame } from '../../core/frame.ts';
import type { Box, PatchGrid, Size } from '../../core/geometry.ts';
import { succeed, type Result } from '../../core/result.ts';
import type { ReadPhoto } from '../../engine/engine.ts';
import { readPart } from '../../engine/read-part.ts';
import { createBilateralSolver } from '../../features/bilateral-solver.ts';
import { findByLost, type LostObject } from '../../features/lost.ts';
import { refineMask } from '../../features/refine-mask.ts';
import { findByMaskCut, findByTokenCut, type CutObject } from '../../features/token-cut.ts';
import type { Pass } from '../../engine/pass.ts';
import { readAlikePatches } from '../../vit/alike-patches.ts';
import { afterStepOf } from '../after-step.ts';
import { facetOf, featuresOf, featureTap } from '../feature-choice.ts';
import type { ComputeContext, LensCompute, NamedArray } from '../lens-compute.ts';
import {
  fineFrameOf,
  type FoundObject,
  type ObjectsParams,
  type ObjectsResult,
  type ObjectsStep,
} from './contract.ts';

type Found = Pick<ObjectsResult, 'objects' | 'steps'>;

/** No mask is empty: the seed is in it. */
const claimedBox = (mask: Uint8Array, grid: MaskGrid): Box =>
  boxOfMask(mask, grid) ?? { top: 0, left: 0, height: 0, width: 0 };

const toObject = ({ mask, seed }: Pick<CutObject, 'mask' | 'seed'>, frame: Frame): FoundObject => ({
  mask: Float32Array.from(mask),
  seed,
  refined: null,
  box: claimedBox(mask, frame),
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
  const afterStep = afterStepOf(signal);
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

/**
 * The papers' photographs, for which the solver's numbers were chosen, are 300 to 500 px wide; on larger ones its cells of 16 px would
 * be less than a patch.
 */
const mostRefinedPx = 512;

/** @returns the grid of patches in px of the part that the network saw */
function gridOnPart(frame: Frame, { height, width }: Size): MaskGrid {
  const { rows, columns, box } = frame;
  const seen = seenBoxOf(frame);
  const whole = { top: 0, left: 0, height, width };
  const photoSizePx = { height, width };
  // Exactly, since the middle of a pixel may lie on the border of two patches.
  if (frame.seenBox === undefined) return { rows, columns, box: whole, photoSizePx };
  const [down, across] = [height / seen.height, width / seen.width];
  const part = {
    top: (box.top - seen.top) * down,
    left: (box.left - seen.left) * across,
    height: box.height * down,
    width: box.width * across,
  };
  return { rows, columns, box: part, seenBox: whole, photoSizePx };
}

/** An object may be smaller than a pixel and lie between the middles of pixels. @returns the pixel that its seed is in */
function pixelOf(seed: number, { rows, columns, box, photoSizePx }: MaskGrid): number {
  const [row, column] = [Math.floor(seed / columns), seed % columns];
  const down = Math.floor(box.top + ((row + 0.5) / rows) * box.height);
  const across = Math.floor(box.left + ((column + 0.5) / columns) * box.width);
  return Math.min(photoSizePx.height - 1, down) * photoSizePx.width + Math.min(photoSizePx.width - 1, across);
}

/** @returns the objects with masks of pixels, and boxes around those */
async function refineObjects(
  objects: readonly FoundObject[],
  frame: Frame,
  readPhoto: () => Promise<Result<ReadPhoto, Failure>>,
  { signal, onProgress }: Pick<ComputeContext, 'signal' | 'onProgress'>,
): Promise<Result<Pick<ObjectsResult, 'objects' | 'fineGrid'>, Failure>> {
  if (objects.length === 0) return succeed({ objects, fineGrid: null });
  const photo = await readPhoto();
  if (!photo.ok) return photo;
  const part = readPart(photo.value, seenBoxOf(frame), mostRefinedPx);
  const { height, width } = part;
  const afterStep = afterStepOf(signal);
  const solver = await createBilateralSolver(part, afterStep);
  const fineGrid = { rows: height, columns: width };
  const onPart = gridOnPart(frame, part);
  const refined: FoundObject[] = [];
  for (const object of objects) {
    const given = pixelsOfMasks([{ title: '', grid: onPart, values: object.mask, box: null }]);
    if (!given.inside.includes(1)) given.inside[pixelOf(object.seed, onPart)] = 1;
    const { mask, isAsGiven } = await refineMask(solver, given.inside, part);
    refined.push({
      ...object,
      refined: { mask: Float32Array.from(mask), isAsGiven },
      box: claimedBox(mask, fineFrameOf(frame, fineGrid)),
    });
    onProgress(refined.length / objects.length);
  }
  return succeed({ objects: refined, fineGrid });
}

export const objectsCompute: LensCompute<ObjectsParams, ObjectsResult> = {
  taps: (model, params) => ({ needs: [featureTap(featuresOf(params, model))], keeps: [] }),

  async compute([pass], params, context) {
    if (pass === undefined) throw new Error('objects needs a pass');
    const features = featuresOf(params, pass.model);
    const { rows, columns } = pass.frame;
    const found = await findIn(pass, params, [features.block - 1, facetOf(features)], context.signal);
    const plain = { features, rows, columns, fineGrid: null, ...found };
    if (!params.refine) return succeed(plain);
    const refined = await refineObjects(found.objects, pass.frame, () => context.readPhoto(0), context);
    return refined.ok ? succeed({ ...plain, ...refined.value }) : refined;
  },

  transfer: ({ objects, steps }) => [
    ...objects.map(({ mask }) => mask.buffer),
    ...objects.flatMap(({ refined }) => (refined === null ? [] : [refined.mask.buffer])),
    ...steps.map(({ map }) => map.buffer),
  ],

  arrays({ rows, columns, fineGrid, objects, steps }) {
    const stack = (suffix: string, grid: PatchGrid, maps: readonly Float32Array[]): NamedArray => {
      const cells = grid.rows * grid.columns;
      const values = new Float32Array(maps.length * cells);
      for (const [at, map] of maps.entries()) values.set(map, at * cells);
      return { suffix, shape: [maps.length, grid.rows, grid.columns], values };
    };
    const grid = { rows, columns };
    const refined = objects.flatMap((object) => object.refined?.mask ?? []);
    return [
      stack(
        '',
        grid,
        objects.map(({ mask }) => mask),
      ),
      stack(
        '-steps',
        grid,
        steps.map(({ map }) => map),
      ),
      ...(fineGrid === null ? [] : [stack('-refined', fineGrid, refined)]),
    ];
  },

  numbers: ({ features, columns, fineGrid, objects, steps }) => ({
    ...features,
    boxes: objects.map(({ box: { left, top, width, height } }) => ({ left, top, width, height })),
    seeds: objects.map(({ seed }) => ({ row: Math.floor(seed / columns), column: seed % columns })),
    steps: steps.map(({ name }) => name),
    ...(fineGrid === null
      ? {}
      : { refinementKept: objects.map(({ refined }) => refined !== null && !refined.isAsGiven) }),
  }),
};
