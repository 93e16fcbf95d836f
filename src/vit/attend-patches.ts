/** What patches look at in the last block, after the pass: one small product with keys that are still on the device. */
import { specialTokenCount } from '../core/architecture.ts';
import { isOnGrid, type PatchPosition } from '../core/geometry.ts';
import { readAttention } from './read-attention.ts';
import { takeColumns } from './softmax-rows.ts';
import type { Tapped } from './tapped.ts';

/** One row of the last block's softmax(QKᵀ/√d) a head, not renormalised. */
export interface PatchAttention extends PatchPosition {
  readonly numHeads: number;
  readonly rows: number;
  readonly columns: number;
  /** shape [H, rows, columns]: what the patch gives to the patches, itself among them. */
  readonly maps: Float32Array<ArrayBuffer>;
  /** shape [H, S]: what it gives to CLS and to each register. With `maps`, a head sums to 1. */
  readonly specialShares: Float32Array<ArrayBuffer>;
}

/**
 * @param pass keeps 'all' of the last block (`keptTaps`); borrowed
 * @param patches on the pass's grid, in any order
 * @returns theirs in the same order
 * @throws FailureError on a fault of the device, or where the result fails its check
 */
export async function attendPatches(
  pass: Tapped,
  patches: readonly PatchPosition[],
): Promise<PatchAttention[]> {
  const { rows, columns, tokens } = pass;
  const { architecture } = pass.parameters;
  const { numHeads, depth } = architecture;
  const special = specialTokenCount(architecture);
  const stray = patches.find((patch) => !isOnGrid(patch, pass));
  if (stray !== undefined)
    throw new Error(`patch (${stray.row}, ${stray.column}) on a grid of ${rows} × ${columns}`);
  const asked = patches.map(({ row, column }) => special + row * columns + column);
  const { values } = await readAttention(pass, [depth - 1], asked);
  return patches.map(({ row, column }, query) => {
    const itself = { begin: query, end: query + 1 };
    const shares = (begin: number, end: number): Float32Array<ArrayBuffer> =>
      takeColumns(values, { numHeads, tokens }, itself, { begin, end });
    return {
      numHeads,
      rows,
      columns,
      row,
      column,
      maps: shares(special, tokens),
      specialShares: shares(0, special),
    };
  });
}
