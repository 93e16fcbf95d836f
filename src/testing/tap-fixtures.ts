/** What PyTorch finds inside the small networks (tools/reference/make_taps.py). */
import stored from '../../tools/reference/fixtures/taps.json';
import { floatsOfBase64 } from '../core/base64.ts';
import { fusions, type RolloutOptions } from '../core/rollout-options.ts';
import type { Facet } from '../vit/taps.ts';
import { expectedNetwork } from './checkpoint-networks.ts';
import { vitFixtures, type VitFixture } from './vit-fixtures.ts';

interface TapRollout {
  readonly options: RolloutOptions;
  /** Rows of the product, shape [T]. */
  readonly cls: Float32Array;
  readonly patch: Float32Array;
}

export interface TapCase {
  readonly rows: number;
  readonly columns: number;
  readonly size: { readonly height: number; readonly width: number };
  readonly input: Float32Array;
  /** A patch's token. */
  readonly patch: number;
  /** shape [L, 2, H, T]: of CLS and of the patch */
  readonly attention: Float32Array;
  readonly rollouts: readonly TapRollout[];
  /** shape [L, H] */
  readonly entropy: Float32Array;
  /** shape [L, H] */
  readonly distance: Float32Array;
  /** Of each block, shape [T, C] each. */
  readonly blocks: readonly Readonly<Record<Facet, Float32Array>>[];
}

export interface TapFixture {
  readonly network: VitFixture;
  readonly cases: readonly TapCase[];
}

const smallNetworks = new Map(
  ['dim16-depth1-heads1', 'dim32-depth3-heads4', 'dim36-depth2-heads3', 'dim24-depth3-heads2-registers4'].map(
    (name, i) => [`vit/${name}`, vitFixtures[i] as VitFixture],
  ),
);

function readRollout(rollout: (typeof stored)[number]['cases'][number]['rollouts'][number]): TapRollout {
  const { discardRatio, normalise } = rollout;
  const fusion = fusions.find((each) => each === rollout.fusion);
  if (fusion === undefined || (normalise !== 'rows' && normalise !== 'vit-explain'))
    throw new Error(`unknown rollout ${rollout.fusion}, ${normalise}`);
  return {
    options: { fusion, discardRatio, normalise },
    cls: floatsOfBase64(rollout.cls),
    patch: floatsOfBase64(rollout.patch),
  };
}

const readCase = (each: (typeof stored)[number]['cases'][number]): TapCase => ({
  rows: each.rows,
  columns: each.columns,
  size: each.input,
  input: floatsOfBase64(each.input.values),
  patch: each.patch,
  attention: floatsOfBase64(each.attention.values),
  rollouts: each.rollouts.map(readRollout),
  entropy: floatsOfBase64(each.entropy.values),
  distance: floatsOfBase64(each.distance.values),
  blocks: each.blocks.map(({ query, key, value, out }) => ({
    query: floatsOfBase64(query),
    key: floatsOfBase64(key),
    value: floatsOfBase64(value),
    out: floatsOfBase64(out),
  })),
});

export const tapFixtures: readonly TapFixture[] = stored.map(({ network, cases }) => ({
  network: smallNetworks.get(network) ?? expectedNetwork(network.replace('checkpoints/', '')),
  cases: cases.map(readCase),
}));
