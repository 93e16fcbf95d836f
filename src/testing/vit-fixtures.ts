/** PyTorch's small networks (tools/reference) as parameters, for tests on every back end. */
import dim16 from '../../tools/reference/fixtures/vit/dim16-depth1-heads1.json';
import dim24 from '../../tools/reference/fixtures/vit/dim24-depth3-heads2-registers4.json';
import dim32 from '../../tools/reference/fixtures/vit/dim32-depth3-heads4.json';
import oblong from '../../tools/reference/fixtures/oblong.json';
import dim36 from '../../tools/reference/fixtures/vit/dim36-depth2-heads3.json';
import {
  elementCount,
  parseArchitecture,
  type NamedTensor,
  type VitArchitecture,
} from '../core/architecture.ts';
import { floatsOfBase64 } from '../core/base64.ts';
import type { Overlap } from '../core/overlap.ts';

interface StoredArray {
  readonly shape: readonly number[];
  readonly values: string;
}

export interface VitCase {
  /** Patches; where they overlap, more than the input has beside each other. */
  readonly rows: number;
  readonly columns: number;
  /** 1 where it is left out. */
  readonly overlap?: Overlap;
  readonly input: { readonly height: number; readonly width: number; readonly values: string };
  /** shape [L, H, T] */
  readonly clsAttention: StoredArray;
  /** shape [C] */
  readonly clsFeature: StoredArray;
  /** shape [H, T, T] */
  readonly lastAttention?: StoredArray;
  /** shape [R, H, T], of the last layer; only if there are registers */
  readonly registerAttention?: StoredArray;
}

export interface VitFixture {
  readonly name: string;
  readonly architecture: VitArchitecture;
  readonly parameters: ReadonlyMap<string, NamedTensor>;
  readonly cases: readonly VitCase[];
}

interface StoredFixture {
  readonly architecture: unknown;
  readonly parameters: readonly { readonly name: string; readonly shape: readonly number[] }[];
  readonly weights: string;
  readonly cases: readonly VitCase[];
}

export function readVitFixture(name: string, stored: StoredFixture): VitFixture {
  const architecture = parseArchitecture(stored.architecture);
  if (typeof architecture === 'string') throw new Error(architecture);
  const weights = floatsOfBase64(stored.weights);
  const parameters = new Map<string, NamedTensor>();
  let offset = 0;
  for (const { name: parameter, shape } of stored.parameters) {
    parameters.set(parameter, { shape, values: weights.subarray(offset, offset + elementCount(shape)) });
    offset += elementCount(shape);
  }
  return { name, architecture, parameters, cases: stored.cases };
}

export const vitFixtures: readonly VitFixture[] = [
  readVitFixture('dim 16, depth 1, 1 head', dim16),
  readVitFixture('dim 32, depth 3, 4 heads', dim32),
  readVitFixture('dim 36, depth 2, 3 heads', dim36),
  readVitFixture('dim 24, depth 3, 2 heads, 4 registers, LayerScale', dim24),
  ...oblong.networks.map((network) => readVitFixture(network.name, network)),
];

const smallNetworks = new Map(
  ['dim16-depth1-heads1', 'dim32-depth3-heads4', 'dim36-depth2-heads3', 'dim24-depth3-heads2-registers4'].map(
    (name, i) => [`vit/${name}`, vitFixtures[i] as VitFixture],
  ),
);

/** @param path in the fixtures, as `vit/dim16-depth1-heads1`; undefined where it is another's */
export const smallNetwork = (path: string): VitFixture | undefined => smallNetworks.get(path);
