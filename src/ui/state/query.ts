/** Which token's attention is drawn: CLS or a register, or a patch that somebody picked on the photograph. */
import type { PatchPosition } from '../../core/geometry.ts';
import type { AttentionResult, PatchAttentionResult } from '../../rpc/engine-contract.ts';
import { type Photo, visibleOutcome } from './photo.ts';

/** 0 is CLS, others are registers from 1. A model without that register shows CLS's. */
export type SpecialToken = number;

/** What is drawn: a special token's maps, or a patch's with its answer. Equal queries are the same value. */
export type Query = SpecialToken | PatchAttentionResult;

export const isPatch = (query: Query): query is PatchAttentionResult => typeof query !== 'number';

/** What is drawn where a register was chosen with another model in view. */
export const tokenWithin = (
  token: SpecialToken,
  { numRegisters }: { readonly numRegisters: number },
): SpecialToken => (token > numRegisters ? 0 : token);

/** What is drawn over the photograph: the patch that was asked once it has answered, until then what was drawn before. */
export function shownQuery({ state, asked }: Photo, token: SpecialToken): Query {
  const outcome = visibleOutcome(state);
  if (outcome === null) return token;
  const answer = asked?.answer ?? null;
  return answer?.of === outcome.result ? answer.attention : tokenWithin(token, outcome.result);
}

/** A place on the photograph in shares of its width and height, 0..1: the same for every grid that is laid over it. */
export interface PhotoPoint {
  readonly x: number;
  readonly y: number;
}

/** A grid of patches and where it lies on the photograph. */
type PlacedGrid = Pick<AttentionResult, 'rows' | 'columns' | 'box' | 'photoSizePx'>;

const cellAt = (share: number, fullPx: number, beginPx: number, sidePx: number, count: number): number =>
  Math.min(count - 1, Math.max(0, Math.floor(((share * fullPx - beginPx) / sidePx) * count)));

/** @returns the patch under the point, or the nearest where the grid ends before the photograph does */
export const patchAt = (
  { x, y }: PhotoPoint,
  { rows, columns, box, photoSizePx }: PlacedGrid,
): PatchPosition => ({
  row: cellAt(y, photoSizePx.height, box.top, box.height, rows),
  column: cellAt(x, photoSizePx.width, box.left, box.width, columns),
});

/** @returns the middle of the patch */
export const pointOf = (
  { row, column }: PatchPosition,
  { rows, columns, box, photoSizePx }: PlacedGrid,
): PhotoPoint => ({
  x: (box.left + ((column + 0.5) / columns) * box.width) / photoSizePx.width,
  y: (box.top + ((row + 0.5) / rows) * box.height) / photoSizePx.height,
});

export const isSamePatch = (a: PatchPosition, b: PatchPosition): boolean =>
  a.row === b.row && a.column === b.column;

/** @returns the neighbour so many steps down and to the right, or the last one before the edge */
export const patchBeside = (
  { row, column }: PatchPosition,
  { down, right }: { readonly down: number; readonly right: number },
  { rows, columns }: Pick<AttentionResult, 'rows' | 'columns'>,
): PatchPosition => ({
  row: Math.min(rows - 1, Math.max(0, row + down)),
  column: Math.min(columns - 1, Math.max(0, column + right)),
});

/** The patch that is outlined on the photograph, answered or not yet. */
export function markedPatch({ state, asked }: Photo): PatchPosition | null {
  const outcome = visibleOutcome(state);
  return asked === null || outcome === null ? null : patchAt(asked.point, outcome.result);
}
