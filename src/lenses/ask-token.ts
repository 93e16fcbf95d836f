/** Finds the token of a query, in a network and on a grid. */
import type { Frame } from '../core/frame.ts';
import { isOnGrid } from '../core/geometry.ts';
import type { ModelDescription } from '../core/model.ts';
import type { TokenIndex } from '../vit/taps.ts';
import type { Query } from './lens-contract.ts';

export interface AskedToken {
  readonly index: TokenIndex;
  /** The query that is answered: CLS if the network does not have the register. */
  readonly query: Query;
}

/** @returns null if the grid has no such patch */
export function tokenOf(
  { token, patch }: Query,
  { numRegisters }: Pick<ModelDescription, 'numRegisters'>,
  frame: Pick<Frame, 'rows' | 'columns'>,
): AskedToken | null {
  if (patch === null) {
    const index = token > numRegisters ? 0 : token;
    return { index, query: { token: index, patch: null } };
  }
  if (!isOnGrid(patch, frame)) return null;
  const index = 1 + numRegisters + patch.row * frame.columns + patch.column;
  return { index, query: { token: 0, patch } };
}
