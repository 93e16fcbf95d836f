/** PyTorch's intermediate results of the small networks (tools/reference/make_taps.py and make_norms.py). */
import storedNorms from '../../tools/reference/fixtures/norms.json';
import stored from '../../tools/reference/fixtures/taps.json';
import { floatsOfBase64 } from '../core/base64.ts';
import { fusions, type RolloutOptions } from '../core/rollout-options.ts';
import type { Facet } from '../vit/taps.ts';
import { expectedNetwork } from './checkpoint-networks.ts';
import { smallNetwork, type VitFixture } from './vit-fixtures.ts';

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
  /** The token of a patch. */
  readonly patch: number;
  /** Attention of CLS and of the patch, shape [L, 2, H, T]. */
  readonly attention: Float32Array;
  readonly rollouts: readonly TapRollout[];
  /** shape [L, H] */
  readonly entropy: Float32Array;
  /** shape [L, H] */
  readonly distance: Float32Array;
  /** For each block, shape [T, C] each. */
  readonly blocks: readonly Readonly<Record<Exclude<Facet, 'residual'>, Float32Array>>[];
  /** L2 norms of the tokens after each block, before the final norm, shape [T] each. */
  readonly norms: readonly Float32Array[];
  /** For the last block, after the final norm, shape [T]. */
  readonly normsAfterFinalNorm: Float32Array;
}

export interface TapFixture {
  readonly network: VitFixture;
  readonly cases: readonly TapCase[];
}

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

type StoredCase = (typeof stored)[number]['cases'][number];
type StoredNorms = (typeof storedNorms)[number]['cases'][number];

function readNorms({
  norms,
  normsAfterFinalNorm,
}: StoredNorms): Pick<TapCase, 'norms' | 'normsAfterFinalNorm'> {
  const [depth = 0, tokens = 0] = norms.shape;
  const values = floatsOfBase64(norms.values);
  return {
    norms: Array.from({ length: depth }, (_, block) => values.subarray(block * tokens, (block + 1) * tokens)),
    normsAfterFinalNorm: floatsOfBase64(normsAfterFinalNorm.values),
  };
}

const readCase = (each: StoredCase, norms: StoredNorms): TapCase => ({
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
  ...readNorms(norms),
});

export const tapFixtures: readonly TapFixture[] = stored.map(({ network, cases }, i) => {
  const norms = storedNorms[i];
  if (norms?.network !== network) throw new Error(`norms of ${norms?.network}, not of ${network}`);
  return {
    network: smallNetwork(network) ?? expectedNetwork(network.replace('checkpoints/', '')),
    cases: cases.map((each, at) => readCase(each, norms.cases[at] as StoredNorms)),
  };
});
