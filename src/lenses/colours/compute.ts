import { massMask, massThreshold, rankByMass } from '../../attention/mass-mask.ts';
import { succeed } from '../../core/result.ts';
import type { Pass } from '../../engine/pass.ts';
import { yieldToEventLoop } from '../../core/yield-to-event-loop.ts';
import { alignAxes, principalAxes } from '../../features/principal-axes.ts';
import { throwIfAborted } from '../../vit/forward.ts';
import { readPatchProjections, readPatchScatter, readPatchSum } from '../../vit/patch-components.ts';
import { clsAttentionTap, readClsAttention } from '../cls-attention.ts';
import { afterStepOf } from '../after-step.ts';
import { facetOf, featuresOf, featureTap } from '../feature-choice.ts';
import type { ComputeContext, LensCompute } from '../lens-compute.ts';
import type { ColoursParams, ColoursResult, Component } from './contract.ts';

/** Number of components: three for the colours, and one more for `skip`. */
const most = 4;

type Feature = readonly [block: number, facet: ReturnType<typeof facetOf>];

interface Components {
  /** For each photograph the map of each component. */
  readonly maps: readonly (readonly Float32Array<ArrayBuffer>[])[];
  readonly shares: readonly number[];
}

const addTo = (sum: Float64Array, values: Float32Array): void => {
  for (let at = 0; at < sum.length; at++) sum[at] = (sum[at] as number) + (values[at] as number);
};

const ones = ({ frame: { rows, columns } }: Pass): Float32Array<ArrayBuffer> =>
  new Float32Array(rows * columns).fill(1);

/** @returns the scatter about the patches' own mean, from that about another one */
function aboutOwnMean(
  scatter: Float32Array,
  sum: Float32Array,
  patches: number,
  mean: Float32Array,
): Float64Array {
  const apart = Float64Array.from(sum, (value, channel) => value / patches - (mean[channel] as number));
  const channels = apart.length;
  return Float64Array.from(scatter, (value, at) => {
    const [row, column] = [Math.floor(at / channels), at % channels];
    return value - patches * (apart[row] as number) * (apart[column] as number);
  });
}

const sumOf = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0);

/**
 * The components of all these photographs' features together.
 * @param kept for each photograph a mask of the patches that count
 */
async function componentsOf(
  passes: readonly Pass[],
  feature: Feature,
  kept: readonly Float32Array[],
  count: number,
  { signal, onProgress }: ComputeContext,
): Promise<Components> {
  const channels = passes[0]?.model.embedDim ?? 0;
  const of = (at: number): Float32Array => kept[at] as Float32Array;
  const sums: Float32Array[] = [];
  for (const [at, pass] of passes.entries()) {
    sums.push(await readPatchSum(pass.tapped, ...feature, of(at)));
    pass.noteRead(performance.now());
  }
  const total = new Float64Array(channels);
  for (const sum of sums) addTo(total, sum);
  const patches = kept.reduce((all, each) => all + sumOf(each), 0);
  const mean = Float32Array.from(total, (value) => value / patches);
  const scatter = new Float64Array(channels * channels);
  let first: Float32Array | null = null;
  for (const [at, pass] of passes.entries()) {
    const own = await readPatchScatter(pass.tapped, ...feature, of(at), mean);
    addTo(scatter, own);
    first ??= own;
    await yieldToEventLoop();
    throwIfAborted(signal);
    onProgress((0.6 * (at + 1)) / passes.length);
  }
  const afterStep = afterStepOf(signal);
  const own = await principalAxes(scatter, channels, count, afterStep);
  const [firstSum] = sums;
  const firstPatches = sumOf(of(0));
  const anchors =
    passes.length > 1 && first !== null && firstSum !== undefined && firstPatches > 1
      ? await principalAxes(aboutOwnMean(first, firstSum, firstPatches, mean), channels, count, afterStep)
      : own;
  const { axes, shares } = alignAxes(own, anchors.axes);
  if (axes.length === 0) return { maps: passes.map(() => []), shares };
  const maps: Float32Array<ArrayBuffer>[][] = [];
  for (const [at, pass] of passes.entries()) {
    const projections = await readPatchProjections(pass.tapped, ...feature, mean, axes);
    const each = of(at).length;
    maps.push(axes.map((_, axis) => projections.slice(axis * each, (axis + 1) * each)));
    throwIfAborted(signal);
    onProgress(0.6 + (0.4 * (at + 1)) / passes.length);
  }
  return { maps, shares };
}

/** @returns a mask, 1 for the patches that hold `mass` of CLS's attention in the last block, mean over heads */
async function whereClsLooks(pass: Pass, mass: number): Promise<Float32Array<ArrayBuffer>> {
  const ranking = rankByMass(await readClsAttention(pass));
  return Float32Array.from(massMask(ranking, massThreshold(ranking, mass / 100)));
}

/** @returns for each photograph the mask of the patches that are used; null for all patches */
async function keptOf(
  passes: readonly Pass[],
  feature: Feature,
  { of, keep, threshold, mass }: ColoursParams,
  context: ComputeContext,
): Promise<readonly Float32Array<ArrayBuffer>[] | null> {
  if (of === 'all') return null;
  if (of === 'attention') {
    const masks: Float32Array<ArrayBuffer>[] = [];
    for (const pass of passes) masks.push(await whereClsLooks(pass, mass));
    return masks;
  }
  const { maps } = await componentsOf(passes, feature, passes.map(ones), 1, context);
  const firsts = maps.flatMap(([first]) => (first === undefined ? [] : [first]));
  if (firsts.length < passes.length) return null;
  const [min, max] = rangeOf(firsts);
  const level = min + ((max - min) * threshold) / 100;
  const kept = firsts.map((first) => first.map((value) => (value > level === (keep === 'above') ? 1 : 0)));
  return kept.some((mask) => mask.includes(1)) ? kept : null;
}

function rangeOf(maps: readonly Float32Array[]): [min: number, max: number] {
  let [min, max] = [Infinity, -Infinity];
  for (const map of maps)
    for (const value of map) {
      min = Math.min(min, value);
      max = Math.max(max, value);
    }
  return [min, max];
}

/** Smallest and largest value and deviation over the patches that count, of all photographs: the same colours on all of them. */
function spreadOf(
  maps: readonly Float32Array[],
  counted: readonly Float32Array[],
): Pick<Component, 'min' | 'max' | 'deviation'> {
  let [squares, count] = [0, 0];
  const values = maps.map((map, photo) => map.filter((_, patch) => counted[photo]?.[patch] === 1));
  for (const each of values) {
    for (const value of each) squares += value * value;
    count += each.length;
  }
  const [min, max] = rangeOf(values);
  return { min, max, deviation: Math.sqrt(squares / count) };
}

/** @returns a result for each pass */
async function colour(
  passes: readonly Pass[],
  params: ColoursParams,
  context: ComputeContext,
): Promise<readonly ColoursResult[]> {
  const model = passes[0]?.model;
  if (model === undefined) throw new Error('colours needs a pass');
  const features = featuresOf(params, model);
  const feature: Feature = [features.block - 1, facetOf(features)];
  const kept = await keptOf(passes, feature, params, context);
  const counted = kept ?? passes.map(ones);
  const { maps, shares } = await componentsOf(passes, feature, counted, most, context);
  const spreads = shares.map((_, axis) =>
    spreadOf(
      maps.map((each) => each[axis] as Float32Array),
      counted,
    ),
  );
  const keptPatches = counted.reduce((sum, mask) => sum + sumOf(mask), 0);
  const allPatches = counted.reduce((sum, mask) => sum + mask.length, 0);
  return passes.map(({ frame: { rows, columns } }, photo) => ({
    features,
    rows,
    columns,
    components: (maps[photo] ?? []).map((map, axis): Component => {
      const spread = spreads[axis];
      if (spread === undefined) throw new Error('a component without a share');
      return { map, ...spread, share: shares[axis] as number };
    }),
    kept: kept?.[photo] ?? null,
    photographs: passes.length,
    keptPatches,
    allPatches,
  }));
}

export const coloursCompute: LensCompute<ColoursParams, ColoursResult> = {
  taps: (model, params) => ({
    needs: [
      featureTap(featuresOf(params, model)),
      ...(params.of === 'attention' ? [clsAttentionTap(model)] : []),
    ],
    keeps: [],
  }),

  async compute(passes, params, context) {
    const [result] = await colour(passes, params, context);
    if (result === undefined) throw new Error('colours needs a pass');
    return succeed(result);
  },

  computeEach: async (passes, params, context) => succeed(await colour(passes, params, context)),

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

  numbers: ({ features, components, photographs, keptPatches }) => ({
    ...features,
    photographs,
    keptPatches,
    explainedVariance: components.map(({ share }) => share),
  }),
};
