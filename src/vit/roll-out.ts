/**
 * Attention rollout (Abnar and Zuidema, 2020): what a token has looked at through all blocks. The product of the
 * blocks' matrices, fused over heads and with the identity added for the residual connection, is A_L ⋯ A_2 A_1; only
 * one of its rows is needed, so a row vector is multiplied through the blocks from the top down, and no T × T matrix
 * is held.
 */
import * as tf from '@tensorflow/tfjs-core';
import { discardedCount, type RolloutOptions } from '../core/rollout-options.ts';
import { FailureError } from '../core/failure.ts';
import { throwIfAborted } from './forward.ts';
import { forEachFusedRows, fusedRows, rowChunks } from './fused-rows.ts';
import { findLowestEntries } from './lowest-entries.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';
import type { TokenIndex } from './taps.ts';

const joined = (parts: tf.Tensor2D[]): tf.Tensor2D =>
  parts.length === 1 ? (parts[0] as tf.Tensor2D) : tf.concat2d(parts, 1);

/** 1 + the sums of some rows, shape [1, n]. @param rows shape [n, T] */
function sumsOf(rows: tf.Tensor2D, fusion: RolloutOptions['fusion']): tf.Tensor2D {
  const shape: [number, number] = [1, rows.shape[0]];
  // Means of rows that sum to 1 do, too.
  if (fusion === 'mean') return tf.fill<tf.Rank.R2>(shape, 2);
  return tf.add<tf.Tensor2D>(tf.reshape<tf.Rank.R2>(tf.sum(rows, 1), shape), 1);
}

/** The top block's row of a token, all that is needed of it where rows are normalised. @param v 1 at the token @returns shape [1, T] */
function throughTop(
  tapped: Tapped,
  v: tf.Tensor2D,
  token: TokenIndex,
  { fusion }: RolloutOptions,
): tf.Tensor2D {
  return tf.tidy(() => {
    const block = tapped.parameters.architecture.depth - 1;
    const query = tf.slice2d(tapped.facet(block, 'query'), [token, 0], [1, -1]);
    const row = fusedRows(tapped, query, tapped.facet(block, 'key'), fusion);
    return tf.div<tf.Tensor2D>(tf.add(row, v), sumsOf(row, fusion));
  });
}

/** v · (A + I) with its rows normalised. @param v shape [1, T], borrowed @returns shape [1, T] */
function throughBlock(
  tapped: Tapped,
  block: number,
  v: tf.Tensor2D,
  { fusion, normalise }: RolloutOptions,
): tf.Tensor2D {
  return tf.tidy(() => {
    const { layers, parameters } = tapped;
    const query = tapped.facet(block, 'query');
    const key = tapped.facet(block, 'key');
    const { numHeads } = parameters.architecture;
    const mean = fusion === 'mean' ? layers.weighMeanRows(v, query, key, numHeads) : null;
    if (mean !== null) return tf.mul<tf.Tensor2D>(tf.add(mean, v), 0.5);
    const chunks = rowChunks(tapped).map(([first, count]) =>
      tf.tidy((): Record<'product' | 'weights' | 'sums', tf.Tensor2D> => {
        const rows = fusedRows(tapped, tf.slice2d(query, [first, 0], [count, -1]), key, fusion);
        const part = tf.slice2d(v, [0, first], [1, count]);
        const sums = sumsOf(rows, fusion);
        const weights = normalise === 'rows' ? tf.div<tf.Tensor2D>(part, sums) : part;
        return { product: tf.matMul<tf.Tensor2D>(weights, rows), weights, sums };
      }),
    );
    const product = tf.addN<tf.Tensor2D>(chunks.map((chunk) => chunk.product));
    const sum = tf.add<tf.Tensor2D>(product, joined(chunks.map(({ weights }) => weights)));
    return normalise === 'rows' ? sum : tf.div<tf.Tensor2D>(sum, joined(chunks.map(({ sums }) => sums)));
  });
}

type VisitRows = (values: Float32Array, firstRow: number) => void;

/**
 * A block's matrix is held while entries are discarded, if it is no larger than this; otherwise its rows are computed
 * three times.
 */
const mostHeldBytes = 64 * 1024 * 1024;

/** @returns a way to go over a block's fused rows several times */
async function repeatedRows(
  tapped: Tapped,
  block: number,
  fusion: RolloutOptions['fusion'],
): Promise<(visit: VisitRows) => Promise<void>> {
  const { tokens } = tapped;
  if (4 * tokens * tokens > mostHeldBytes) return (visit) => forEachFusedRows(tapped, block, fusion, visit);
  const matrix = new Float32Array(tokens * tokens);
  await forEachFusedRows(tapped, block, fusion, (values, firstRow) => matrix.set(values, firstRow * tokens));
  return (visit) => {
    visit(matrix, 0);
    return Promise.resolve();
  };
}

/** The same with a share of the entries discarded. The threshold is known only when all entries have been seen. */
async function throughThinnedBlock(
  tapped: Tapped,
  block: number,
  v: Float64Array,
  { fusion, normalise, discardRatio }: RolloutOptions,
): Promise<Float64Array> {
  const { tokens } = tapped;
  const forEachRows = await repeatedRows(tapped, block, fusion);
  const count = discardedCount(tokens * tokens, discardRatio);
  const lowest = count === 0 ? { threshold: 0, ties: 0 } : await findLowestEntries(count, forEachRows);
  const result = new Float64Array(tokens);
  const sums = new Float64Array(tokens);
  let { ties } = lowest;
  /** Sets what is discarded to 0. @returns the row's sum, with the identity's 1 */
  const thin = (entries: Float32Array, query: number): number => {
    let sum = 1;
    for (let token = 0; token < tokens; token++) {
      const entry = entries[token] as number;
      const isTie = entry === lowest.threshold && ties > 0;
      if (isTie) ties--;
      // CLS's attention to itself is kept, as in vit-explain.
      if ((isTie || entry < lowest.threshold) && query + token > 0) entries[token] = 0;
      else sum += entry;
    }
    return sum;
  };
  await forEachRows((values, firstRow) => {
    for (let row = 0; row < values.length / tokens; row++) {
      const query = firstRow + row;
      const entries = values.subarray(row * tokens, (row + 1) * tokens);
      sums[query] = thin(entries, query);
      const weight = (v[query] as number) / (normalise === 'rows' ? (sums[query] as number) : 1);
      for (let token = 0; token < tokens; token++)
        result[token] = (result[token] as number) + weight * (entries[token] as number);
      result[query] = (result[query] as number) + weight;
    }
  });
  return normalise === 'rows' ? result : result.map((value, token) => value / (sums[token] as number));
}

/** @returns a vector that is 1 at the token and 0 elsewhere */
const only = (token: TokenIndex, tokens: number): Float64Array =>
  Float64Array.from({ length: tokens }, (_, i) => (i === token ? 1 : 0));

/**
 * @param tapped keeps 'all' of every block; borrowed
 * @param query whose row of the product is asked for
 * @param signal heard between blocks
 * @param afterBlock awaited between blocks, with how many are done
 * @returns shape [T], special tokens first; with rows normalised it sums to 1
 * @throws FailureError on a fault of the device, 'wrong-result' where it sums to something else, 'cancelled'
 */
export async function rollOut(
  tapped: Tapped,
  query: TokenIndex,
  options: RolloutOptions,
  { signal, afterBlock }: { signal?: AbortSignal; afterBlock?: (blocksDone: number) => Promise<void> } = {},
): Promise<Float32Array<ArrayBuffer>> {
  const { depth } = tapped.parameters.architecture;
  const between = async (blocksDone: number): Promise<void> => {
    if (blocksDone === depth) return;
    await afterBlock?.(blocksDone);
    tapped.faults.check();
    throwIfAborted(signal);
  };
  const run = options.discardRatio > 0 ? rollOutThinned : rollOutWhole;
  const row = await run(tapped, query, options, between);
  const sum = row.reduce((total, value) => total + value, 0);
  if (options.normalise === 'rows' && !(Math.abs(sum - 1) < 1e-3))
    throw new FailureError({
      code: 'wrong-result',
      problem: `rollout sums to ${sum.toPrecision(4)} instead of 1`,
    });
  return row;
}

type Between = (blocksDone: number) => Promise<void>;

async function rollOutThinned(
  tapped: Tapped,
  query: TokenIndex,
  options: RolloutOptions,
  between: Between,
): Promise<Float32Array<ArrayBuffer>> {
  const { depth } = tapped.parameters.architecture;
  let v = only(query, tapped.tokens);
  for (let block = depth - 1; block >= 0; block--) {
    v = await throughThinnedBlock(tapped, block, v, options);
    await between(depth - block);
  }
  return Float32Array.from(v);
}

async function rollOutWhole(
  tapped: Tapped,
  query: TokenIndex,
  options: RolloutOptions,
  between: Between,
): Promise<Float32Array<ArrayBuffer>> {
  const { depth } = tapped.parameters.architecture;
  let v = tf.tensor2d(Float32Array.from(only(query, tapped.tokens)), [1, tapped.tokens]);
  try {
    for (let block = depth - 1; block >= 0; block--) {
      const isTop = block === depth - 1;
      const next =
        isTop && options.normalise === 'rows'
          ? throughTop(tapped, v, query, options)
          : throughBlock(tapped, block, v, options);
      v.dispose();
      v = next;
      await between(depth - block);
    }
    return (await readValues(tf.clone(v), tapped.faults)).values;
  } finally {
    v.dispose();
  }
}
