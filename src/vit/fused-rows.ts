/** A block's attention matrix by rows, never whole. */
import * as tf from '@tensorflow/tfjs-core';
import type { Fusion } from '../core/rollout-options.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';

/** Ranges [first, count] of rows whose softmax over all heads stays below the pass's bound. */
export function rowChunks({ parameters, tokens, maxScoresBytes }: Tapped): [first: number, count: number][] {
  const rowBytes = 4 * parameters.architecture.numHeads * tokens;
  const most = Math.max(1, Math.min(tokens, Math.floor(maxScoresBytes / rowBytes)));
  return Array.from({ length: Math.ceil(tokens / most) }, (_, i) => [
    i * most,
    Math.min(most, tokens - i * most),
  ]);
}

/**
 * Some rows of a block's attention, fused over heads. Runs inside the caller's tidy.
 * @param query shape [n, C] @param key shape [T, C] @returns shape [n, T]
 */
export function fusedRows(
  { layers, parameters }: Tapped,
  query: tf.Tensor2D,
  key: tf.Tensor2D,
  fusion: Fusion,
): tf.Tensor2D {
  const { numHeads } = parameters.architecture;
  const rows = layers.queryRows(query, key, numHeads);
  return numHeads === 1 ? rows : layers.fuseHeads(rows, numHeads, fusion);
}

/**
 * @param tapped keeps 'all' of the block; borrowed
 * @param visit `values` is of shape [n, T], rows from `firstRow` on
 * @throws FailureError on a fault of the device
 */
export async function forEachFusedRows(
  tapped: Tapped,
  block: number,
  fusion: Fusion,
  visit: (values: Float32Array, firstRow: number) => void,
): Promise<void> {
  const query = tapped.facet(block, 'query');
  const key = tapped.facet(block, 'key');
  try {
    for (const [first, count] of rowChunks(tapped)) {
      const rows = tf.tidy(() => fusedRows(tapped, tf.slice2d(query, [first, 0], [count, -1]), key, fusion));
      const { values } = await readValues(rows, tapped.faults);
      visit(values, first);
    }
  } finally {
    tf.dispose([query, key]);
  }
}
