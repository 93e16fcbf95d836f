/** What patches look at in the last block, after the pass: one small product with keys that are still on the device. */
import { specialTokenCount } from '../core/architecture.ts';
import { isOnGrid, type PatchPosition } from '../core/geometry.ts';
import type { FaultWatch } from '../gpu/fault-watch.ts';
import { defaultMaxScoresBytes, type KeptPass } from './attend.ts';
import { layersFor } from './block-layers.ts';
import { lastBlock, type VitParameters } from './parameters.ts';
import { readRows } from './read-rows.ts';
import { rowsOfTokens } from './run-block.ts';
import { takeColumns, type RowsShape } from './softmax-rows.ts';

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
 * @param pass of the same parameters; borrowed
 * @param patches on the pass's grid, in any order
 * @param maxScoresBytes what comes back from the device at once is no larger, or one patch's rows
 * @returns theirs in the same order
 * @throws FailureError on a fault of the device, or where the result fails its check
 */
export async function attendPatches(
  parameters: VitParameters,
  pass: KeptPass,
  patches: readonly PatchPosition[],
  faults: FaultWatch,
  maxScoresBytes = defaultMaxScoresBytes,
): Promise<PatchAttention[]> {
  const { architecture } = parameters;
  const { numHeads } = architecture;
  const { rows, columns } = pass;
  const special = specialTokenCount(architecture);
  const tokens = special + rows * columns;
  const stray = patches.find((patch) => !isOnGrid(patch, pass));
  if (stray !== undefined)
    throw new Error(`patch (${stray.row}, ${stray.column}) on a grid of ${rows} × ${columns}`);
  const layers = layersFor(architecture, tokens, maxScoresBytes);
  const atOnce = Math.max(1, Math.floor(maxScoresBytes / (4 * numHeads * tokens)));
  const attentions: PatchAttention[] = [];
  for (let begin = 0; begin < patches.length; begin += atOnce) {
    const some = patches.slice(begin, begin + atOnce);
    const asked = some.map(({ row, column }) => special + row * columns + column);
    const shape: RowsShape = { numHeads, queries: some.length, tokens };
    const nameOf = (query: number): string =>
      `the patch in row ${(some[query]?.row ?? NaN) + 1}, column ${(some[query]?.column ?? NaN) + 1}`;
    const attention = rowsOfTokens(pass, lastBlock(parameters), architecture, layers, asked);
    const { values } = await readRows(attention, shape, faults, nameOf);
    for (const [query, { row, column }] of some.entries()) {
      const itself = { begin: query, end: query + 1 };
      attentions.push({
        numHeads,
        rows,
        columns,
        row,
        column,
        maps: takeColumns(values, shape, itself, { begin: special, end: tokens }),
        specialShares: takeColumns(values, shape, itself, { begin: 0, end: special }),
      });
    }
  }
  return attentions;
}
