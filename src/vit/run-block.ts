/** One block of the fast pass: to its end, or only as much of its attention as the taps need. */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import type { BlockLayers, NormedSum } from './block-layers.ts';
import type { BlockParameters, LayerNormParameters } from './parameters.ts';
import type { BlockPlan, Part, TokenIndex } from './taps.ts';

/** What was kept of a block; its owner disposes the tensors. */
export interface KeptBlock {
  readonly parts: Readonly<Partial<Record<Part, tf.Tensor2D>>>;
  /** Ascending. */
  readonly queries: readonly TokenIndex[];
  /** Attention rows of these queries, shape [H × Q, T], a head's queries one after the other; null where there are none. */
  readonly attention: tf.Tensor2D | null;
}

export const tensorsOf = ({ parts, attention }: KeptBlock): tf.Tensor2D[] => [
  ...Object.values(parts),
  ...(attention === null ? [] : [attention]),
];

/** What a block makes: its output and that normed, shape [T, C], where they are wanted; its attention's rows; its parts. */
type Made = { [name in 'next' | 'nextNormed' | 'attention' | Part]?: tf.Tensor2D };

/** A block's input, shape [T, C], and what comes after it. */
export interface BlockPlace {
  readonly x: tf.Tensor2D;
  /** x after the block's first norm, where the block before has made it. */
  readonly normed: tf.Tensor2D | null;
  /** The norm that reads the block's output: the next block's first one or the network's last, where that is wanted. */
  readonly nextNorm: LayerNormParameters | null;
}

const normedOf = (
  { x, normed }: BlockPlace,
  block: BlockParameters,
  { layerNormEps }: VitArchitecture,
  layers: BlockLayers,
): tf.Tensor2D => normed ?? layers.layerNorm(x, block.norm1, layerNormEps);

/** What one linear layer computes, beside each other in this order. */
const qkvFacets = ['query', 'key', 'value'] as const;
type QkvFacet = (typeof qkvFacets)[number];
const columnOf: Readonly<Record<QkvFacet, number>> = { query: 0, key: 1, value: 2 };

const isPrefix = (tokens: readonly TokenIndex[]): boolean => tokens.every((token, i) => token === i);

/** Rows of x. Runs inside the caller's tidy. @returns shape [Q, columns] */
function rowsOf(x: tf.Tensor2D, tokens: readonly TokenIndex[], columns = x.shape[1]): tf.Tensor2D {
  if (isPrefix(tokens)) return tf.slice2d(x, [0, 0], [tokens.length, columns]);
  const rows = tf.gather(x, tf.tensor1d([...tokens], 'int32'));
  return columns === x.shape[1] ? rows : tf.slice2d(rows, [0, 0], [-1, columns]);
}

/**
 * Query, key or value of the first tokens. Runs inside the caller's tidy.
 * @param normed the block's input after its first norm, shape [T, C] @returns shape [rows, C]
 */
export const facetOf = (
  normed: tf.Tensor2D,
  block: BlockParameters,
  { embedDim }: VitArchitecture,
  layers: BlockLayers,
  facet: QkvFacet,
  rows = normed.shape[0],
): tf.Tensor2D =>
  layers.linearPart(normed, block.qkv, rows, { begin: columnOf[facet] * embedDim, count: embedDim });

/**
 * The queries of some tokens, from what was kept. Runs inside the caller's tidy.
 * @param parts with queries, or with what they are made of @returns shape [Q, C]
 */
export function queriesOfTokens(
  { query, normed }: KeptBlock['parts'],
  block: BlockParameters,
  architecture: VitArchitecture,
  layers: BlockLayers,
  tokens: readonly TokenIndex[],
): tf.Tensor2D {
  if (query !== undefined) return rowsOf(query, tokens);
  if (normed === undefined) throw new Error('a block whose queries were not kept');
  const asked = isPrefix(tokens) ? normed : rowsOf(normed, tokens);
  return facetOf(asked, block, architecture, layers, 'query', tokens.length);
}

/** A block from x to its end. */
function runWhole(
  place: BlockPlace,
  block: BlockParameters,
  architecture: VitArchitecture,
  layers: BlockLayers,
  { parts, queries }: BlockPlan,
): Made {
  const { embedDim, numHeads, layerNormEps: eps } = architecture;
  const qkv = layers.linear(normedOf(place, block, architecture, layers), block.qkv);
  const made: Made = {};
  const facet = (name: QkvFacet): tf.Tensor2D =>
    tf.slice2d(qkv, [0, columnOf[name] * embedDim], [-1, embedDim]);
  for (const name of qkvFacets) if (parts.has(name)) made[name] = facet(name);
  if (queries.length > 0)
    made.attention = layers.queryRows(rowsOf(qkv, queries, embedDim), made.key ?? facet('key'), numHeads);
  const mixed = layers.selfAttention(qkv, numHeads);
  const attended = layers.linearResidualNorm(mixed, block.projection, place.x, block.norm2, eps);
  const hidden = layers.linearGelu(attended.normed, block.fc1);
  if (place.nextNorm === null) {
    made.next = layers.linearResidual(hidden, block.fc2, attended.sum);
    return made;
  }
  const next: NormedSum = layers.linearResidualNorm(hidden, block.fc2, attended.sum, place.nextNorm, eps);
  return { ...made, next: next.sum, nextNormed: next.normed };
}

/** Only what is kept of a block: keys of all tokens, queries of those that are asked. */
function runPart(
  place: BlockPlace,
  block: BlockParameters,
  architecture: VitArchitecture,
  layers: BlockLayers,
  { parts, queries }: BlockPlan,
): Made {
  const normed = normedOf(place, block, architecture, layers);
  // A clone: the input's own is disposed by its owner.
  const made: Made = parts.has('normed') ? { normed: tf.clone(normed) } : {};
  const facet = (name: QkvFacet): tf.Tensor2D => facetOf(normed, block, architecture, layers, name);
  for (const name of qkvFacets) if (parts.has(name)) made[name] = facet(name);
  if (queries.length === 0) return made;
  const keys = made.key ?? facet('key');
  const asked = queriesOfTokens({ ...made, normed }, block, architecture, layers, queries);
  made.attention = layers.queryRows(asked, keys, architecture.numHeads);
  return made;
}

/** @param place borrowed @returns tensors that the caller disposes; `next` is null where the plan does not need it */
export function runBlock(
  place: BlockPlace,
  block: BlockParameters,
  architecture: VitArchitecture,
  layers: BlockLayers,
  plan: BlockPlan,
): { readonly next: Pick<BlockPlace, 'x' | 'normed'> | null; readonly kept: KeptBlock } {
  const run = plan.isWhole ? runWhole : runPart;
  const { next, nextNormed, attention, ...parts } = tf.tidy(() =>
    run(place, block, architecture, layers, plan),
  );
  return {
    next: next === undefined ? null : { x: next, normed: nextNormed ?? null },
    kept: { parts, queries: plan.queries, attention: attention ?? null },
  };
}
