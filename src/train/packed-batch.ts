/**
 * Crops of both sizes in one matrix of tokens: everything but attention treats tokens one by one, so global and local crops go
 * through each layer together, and each weight gets its gradient from one product instead of two and a sum.
 */
import * as tf from '@tensorflow/tfjs-core';
import type { VitArchitecture } from '../core/architecture.ts';
import type { CropBatch } from './crop-batch.ts';
import { positionMatrixFor } from './position-matrix.ts';

/** Crops of one size, whose tokens lie one after the other from `firstRow` on. */
export interface Segment {
  readonly firstRow: number;
  readonly sequences: number;
  readonly tokens: number;
}

export interface PackedSegment extends Segment {
  /** Each patch as a row, shape [S × (T − 1), P × P × 3]. */
  readonly patches: tf.Tensor2D;
  /** See `positionMatrixFor`. */
  readonly positionMatrix: tf.Tensor2D | null;
}

/**
 * In main memory, where it is a copy: on the device it would be a transposition of rank 4.
 * @param images shape [S, side, side, 3] @returns shape [S × patches, P × P × 3]
 */
function patchRowsOf(images: Float32Array, sidePx: number, patchSize: number): Float32Array {
  const grid = sidePx / patchSize;
  const run = patchSize * 3;
  const rows = new Float32Array(images.length);
  for (let line = 0; line < images.length / (sidePx * 3); line++) {
    const image = Math.floor(line / sidePx);
    const y = line % sidePx;
    const patchRow = image * grid * grid + Math.floor(y / patchSize) * grid;
    for (let column = 0; column < grid; column++) {
      const from = line * sidePx * 3 + column * run;
      const to = (patchRow + column) * patchSize * run + (y % patchSize) * run;
      for (let i = 0; i < run; i++) rows[to + i] = images[from + i] as number;
    }
  }
  return rows;
}

/** @returns the global crops, then the local ones where there are any; the caller disposes their tensors */
export function packBatch(architecture: VitArchitecture, batch: CropBatch): PackedSegment[] {
  const { patchSize } = architecture;
  const segments: PackedSegment[] = [];
  let firstRow = 0;
  for (const [images, sidePx] of [
    [batch.globals, batch.globalPx],
    [batch.locals, batch.localPx],
  ] as const) {
    const sequences = images.length / (sidePx * sidePx * 3);
    if (sequences === 0) continue;
    const patches = (sidePx / patchSize) ** 2;
    const values = patchRowsOf(images, sidePx, patchSize);
    segments.push({
      firstRow,
      sequences,
      tokens: 1 + patches,
      patches: tf.tensor2d(values, [sequences * patches, patchSize * patchSize * 3]),
      positionMatrix: positionMatrixFor(architecture, sidePx),
    });
    firstRow += sequences * (1 + patches);
  }
  return segments;
}

export const rowsOf = (segments: readonly Segment[]): number =>
  segments.reduce((sum, { sequences, tokens }) => sum + sequences * tokens, 0);

/**
 * Drop path's scale of each sequence → of each of its tokens.
 * @param scales shape [depth, 2, S] @returns [block][branch] → shape [rows, 1], null where nothing can be dropped; caller disposes
 */
export function dropRows(
  scales: Float32Array | null,
  depth: number,
  segments: readonly Segment[],
): (readonly [tf.Tensor2D, tf.Tensor2D] | null)[] {
  if (scales === null) return Array.from({ length: depth }, () => null);
  const rows = rowsOf(segments);
  const sequences = segments.reduce((sum, segment) => sum + segment.sequences, 0);
  const branch = (from: number): tf.Tensor2D => {
    const values = new Float32Array(rows);
    let sequence = from;
    for (const { firstRow, sequences: count, tokens } of segments)
      for (let i = 0; i < count; i++, sequence++)
        values.fill(scales[sequence] as number, firstRow + i * tokens, firstRow + (i + 1) * tokens);
    return tf.tensor2d(values, [rows, 1]);
  };
  return Array.from({ length: depth }, (_, block) =>
    // The first block's rate is 0.
    block === 0 ? null : ([branch(block * 2 * sequences), branch((block * 2 + 1) * sequences)] as const),
  );
}
