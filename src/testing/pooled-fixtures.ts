/** PyTorch's features of whole photographs (tools/reference/make_recognition.py). */
import stored from '../../tools/reference/fixtures/pooled.json';
import { floatsOfBase64 } from '../core/base64.ts';
import type { PooledFeatures } from '../core/recognition.ts';

interface StoredPooled {
  readonly cls: string;
  readonly mean: string;
  readonly gem: string;
}

const read = ({ cls, mean, gem }: StoredPooled): PooledFeatures => ({
  cls: floatsOfBase64(cls),
  mean: floatsOfBase64(mean),
  gem: floatsOfBase64(gem),
});

/** Of the networks and inputs of `tapFixtures`, in the same order: each block's features. */
export const pooledFamilies: readonly {
  readonly network: string;
  readonly cases: readonly (readonly PooledFeatures[])[];
}[] = stored.families.map(({ network, cases }) => ({
  network,
  cases: cases.map((blocks) => blocks.map(read)),
}));

/** Of samples' upper left parts, in the official framing. */
export const pooledSamples = stored.samples.map(({ blocks, ...facts }) => ({
  ...facts,
  blocks: blocks.map(read),
}));

/** SHA-256 of the middle square of the cat's upper left part, as Pillow resizes it. */
export const middleSquares = stored.middles;
