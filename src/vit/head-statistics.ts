/** Two numbers for each head: how widely its attention is spread (entropy), and how far it reaches (distance). */
import * as tf from '@tensorflow/tfjs-core';
import { specialTokenCount } from '../core/architecture.ts';
import { throwIfAborted } from './forward.ts';
import { rowChunks } from './fused-rows.ts';
import { readValues } from './read-values.ts';
import type { Tapped } from './tapped.ts';
import { blocksOf } from './taps.ts';

export interface HeadStatistics {
  readonly blocks: readonly number[];
  /** shape [blocks, H]: −Σ a ln a of a query's row over all tokens, in nats, mean over all queries. */
  readonly entropy: Float32Array<ArrayBuffer>;
  /**
   * shape [blocks, H]: mean attention distance in patches (Raghu et al., 2021): of a patch's row the sum of attention
   * × distance over the patches, mean over the patches that look. Attention to special tokens, which have no
   * position, adds nothing.
   */
  readonly distance: Float32Array<ArrayBuffer>;
}

/** Of each patch, shape [rows × columns]. */
function placesOf({ rows, columns }: Tapped): { row: Float32Array; column: Float32Array } {
  const place = (of: (patch: number) => number): Float32Array =>
    Float32Array.from({ length: rows * columns }, (_, patch) => of(patch));
  return { row: place((patch) => Math.floor(patch / columns)), column: place((patch) => patch % columns) };
}

/** Sums over the queries, shape [2, H]: entropies, distances. */
function sumsOfBlock(tapped: Tapped, block: number, row: tf.Tensor1D, column: tf.Tensor1D): tf.Tensor2D {
  const { layers, parameters, tokens } = tapped;
  const { architecture } = parameters;
  const { numHeads } = architecture;
  const special = specialTokenCount(architecture);
  return tf.tidy(() => {
    const query = tapped.facet(block, 'query');
    const key = tapped.facet(block, 'key');
    const parts = rowChunks(tapped).map(([first, count]) =>
      tf.tidy(() => {
        const asked = tf.slice2d(query, [first, 0], [count, -1]);
        const rows = tf.reshape(layers.queryRows(asked, key, numHeads), [numHeads, count, tokens]);
        // 0 ln 0 is 0.
        const entropy = tf.neg(tf.sum(tf.mul(rows, tf.log(tf.maximum(rows, 1e-37))), [1, 2]));
        const skip = Math.max(0, special - first);
        if (skip >= count) return tf.stack([entropy, tf.zerosLike(entropy)]) as tf.Tensor2D;
        const off = (of: tf.Tensor1D): tf.Tensor =>
          tf.sub(tf.reshape(tf.slice1d(of, first + skip - special, count - skip), [-1, 1]), of);
        const distances = tf.sqrt(tf.add(tf.square(off(row)), tf.square(off(column))));
        const patches = tf.slice3d(rows as tf.Tensor3D, [0, skip, special], [-1, -1, -1]);
        return tf.stack([entropy, tf.sum(tf.mul(patches, distances), [1, 2])]) as tf.Tensor2D;
      }),
    );
    return tf.addN(parts);
  });
}

/**
 * @param tapped keeps 'all' of these blocks; borrowed
 * @param signal heard between blocks
 * @throws FailureError on a fault of the device, 'cancelled'
 */
export async function readHeadStatistics(
  tapped: Tapped,
  blocks: 'all' | readonly number[],
  { signal, afterBlock }: { signal?: AbortSignal; afterBlock?: (blocksDone: number) => Promise<void> } = {},
): Promise<HeadStatistics> {
  const { architecture } = tapped.parameters;
  const { numHeads } = architecture;
  const numbers = blocksOf(blocks, architecture.depth);
  const places = placesOf(tapped);
  const [row, column] = [tf.tensor1d(places.row), tf.tensor1d(places.column)];
  const sums: tf.Tensor2D[] = [];
  try {
    for (const [done, block] of numbers.entries()) {
      if (done > 0) await afterBlock?.(done);
      throwIfAborted(signal);
      sums.push(sumsOfBlock(tapped, block, row, column));
    }
    const { values } = await readValues(tf.stack(sums), tapped.faults);
    const meanOf = (which: number, count: number): Float32Array<ArrayBuffer> =>
      Float32Array.from({ length: numbers.length * numHeads }, (_, i) => {
        const at = (Math.floor(i / numHeads) * 2 + which) * numHeads + (i % numHeads);
        return (values[at] as number) / count;
      });
    return {
      blocks: numbers,
      entropy: meanOf(0, tapped.tokens),
      distance: meanOf(1, tapped.rows * tapped.columns),
    };
  } finally {
    tf.dispose([row, column, ...sums]);
  }
}
