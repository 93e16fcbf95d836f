import { massMask, massThreshold, rankByMass } from '../../attention/mass-mask.ts';
import { succeed } from '../../core/result.ts';
import type { Pass } from '../../engine/pass.ts';
import { yieldToEventLoop } from '../../engine/yield-to-event-loop.ts';
import { principalAxes } from '../../features/principal-axes.ts';
import { throwIfAborted } from '../../vit/forward.ts';
import { readPatchProjections, readPatchScatter, readPatchSum } from '../../vit/patch-components.ts';
import type { Tap } from '../../vit/taps.ts';
import { facetOf, featuresOf, featureTap } from '../feature-choice.ts';
import type { LensCompute } from '../lens-compute.ts';
import type { ColoursParams, ColoursResult, Component } from './contract.ts';

/** Number of components: three for the colours, and one more for `skip`. */
const most = 4;

const special: Tap = { of: 'attention', blocks: 'all', queries: 'special' };

const lastAttention = (depth: number): Tap => ({ ...special, blocks: [depth - 1] });

type Feature = readonly [block: number, facet: ReturnType<typeof facetOf>];

interface Components {
  readonly maps: readonly Float32Array<ArrayBuffer>[];
  readonly shares: readonly number[];
}

async function componentsOf(
  pass: Pass,
  feature: Feature,
  kept: Float32Array,
  count: number,
  signal: AbortSignal,
): Promise<Components> {
  const { tapped, model } = pass;
  const patches = kept.length;
  const keptPatches = kept.reduce((sum, value) => sum + value, 0);
  const sum = await readPatchSum(tapped, ...feature, kept);
  pass.noteRead(performance.now());
  const mean = sum.map((value) => value / keptPatches);
  const scatter = await readPatchScatter(tapped, ...feature, kept, mean);
  const { axes, shares } = await principalAxes(scatter, model.embedDim, count, async () => {
    await yieldToEventLoop();
    throwIfAborted(signal);
  });
  if (axes.length === 0) return { maps: [], shares };
  const projections = await readPatchProjections(tapped, ...feature, mean, axes);
  const maps = axes.map((_, at) => projections.slice(at * patches, (at + 1) * patches));
  return { maps, shares };
}

/** @returns a mask, 1 for the patches that hold `mass` of CLS's attention in the last block, mean over heads */
async function whereClsLooks(pass: Pass, mass: number): Promise<Float32Array<ArrayBuffer>> {
  const { depth, numRegisters } = pass.model;
  const { values, numHeads, tokens } = await pass.readAttention([depth - 1], [0]);
  const first = 1 + numRegisters;
  const mean = Float32Array.from({ length: tokens - first }, (_, patch) => {
    let sum = 0;
    for (let head = 0; head < numHeads; head++) sum += values[head * tokens + first + patch] as number;
    return sum / numHeads;
  });
  const ranking = rankByMass(mean);
  return Float32Array.from(massMask(ranking, massThreshold(ranking, mass / 100)));
}

/** @returns the mask of the patches that are used; null for all patches */
async function keptOf(
  pass: Pass,
  feature: Feature,
  { of, keep, threshold, mass }: ColoursParams,
  signal: AbortSignal,
): Promise<Float32Array<ArrayBuffer> | null> {
  if (of === 'all') return null;
  if (of === 'attention') return whereClsLooks(pass, mass);
  const { rows, columns } = pass.frame;
  const {
    maps: [first],
  } = await componentsOf(pass, feature, new Float32Array(rows * columns).fill(1), 1, signal);
  if (first === undefined) return null;
  const [min, max] = [Math.min(...first), Math.max(...first)];
  const level = min + ((max - min) * threshold) / 100;
  const kept = first.map((value) => (value > level === (keep === 'above') ? 1 : 0));
  return kept.includes(1) ? kept : null;
}

function describeComponent(map: Float32Array<ArrayBuffer>, share: number, kept: Float32Array): Component {
  let [min, max, squares, count] = [Infinity, -Infinity, 0, 0];
  for (const [patch, value] of map.entries()) {
    if (kept[patch] !== 1) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
    squares += value * value;
    count += 1;
  }
  return { map, min, max, deviation: Math.sqrt(squares / count), share };
}

export const coloursCompute: LensCompute<ColoursParams, ColoursResult> = {
  taps: (model, params) => ({
    needs: [
      featureTap(featuresOf(params, model)),
      ...(params.of === 'attention' ? [lastAttention(model.depth)] : []),
    ],
    keeps: [],
  }),

  async compute([pass], params, { signal }) {
    if (pass === undefined) throw new Error('colours needs a pass');
    const features = featuresOf(params, pass.model);
    const feature: Feature = [features.block - 1, facetOf(features)];
    const { rows, columns } = pass.frame;
    const kept = await keptOf(pass, feature, params, signal);
    const counted = kept ?? new Float32Array(rows * columns).fill(1);
    const { maps, shares } = await componentsOf(pass, feature, counted, most, signal);
    return succeed({
      features,
      rows,
      columns,
      components: maps.map((map, at) => describeComponent(map, shares[at] as number, counted)),
      kept,
      keptPatches: counted.reduce((sum, value) => sum + value, 0),
    });
  },

  transfer: ({ components, kept }) => [
    ...components.map(({ map }) => map.buffer),
    ...(kept === null ? [] : [kept.buffer]),
  ],

  arrays({ rows, columns, components, kept }) {
    const three = components.slice(0, 3);
    const values = new Float32Array(rows * columns * three.length);
    for (const [at, { map }] of three.entries())
      for (const [patch, value] of map.entries()) values[patch * three.length + at] = value;
    return [
      { suffix: '', shape: [rows, columns, three.length], values },
      ...(kept === null ? [] : [{ suffix: '-kept', shape: [rows, columns], values: kept }]),
    ];
  },

  numbers: ({ features, components, keptPatches }) => ({
    ...features,
    keptPatches,
    explainedVariance: components.map(({ share }) => share),
  }),
};
