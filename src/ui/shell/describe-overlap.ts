/** What patches that overlap cost, in words, before they are chosen. */
import type { PatchGrid } from '../../core/geometry.ts';
import type { ModelDescription } from '../../core/model.ts';
import { finerGrid, overlapsFor, type Overlap } from '../../core/overlap.ts';
import { passFlops } from '../../core/pass-cost.ts';
import { formatAbout } from '../kit/format.ts';

export const overlapTitles: Readonly<Record<Overlap, string>> = { 1: 'None', 2: '2\u00a0×', 4: '4\u00a0×' };

export interface OverlapNow {
  readonly model: ModelDescription;
  /** The photograph's grid by patches that do not overlap. */
  readonly wholeGrid: PatchGrid;
  readonly overlap: Overlap;
  /** A pass of this photograph: how far its patches overlapped, and how long it took; 0 where that is not known. */
  readonly measured: { readonly overlap: Overlap; readonly forwardMs: number };
}

/** The memory of a pass grows with the tokens alone: no layer holds a T × T matrix. */
function describeStep({ model, wholeGrid, overlap: now, measured }: OverlapNow, to: Overlap): string {
  const patchesAt = (overlap: Overlap): number => {
    const { rows, columns } = finerGrid(wholeGrid, overlap);
    return rows * columns;
  };
  const tokensAt = (overlap: Overlap): number => 1 + model.numRegisters + patchesAt(overlap);
  const flopsAt = (overlap: Overlap): number => passFlops(model, tokensAt(overlap));
  const msAt = (overlap: Overlap): string =>
    formatAbout((measured.forwardMs * flopsAt(overlap)) / flopsAt(measured.overlap));
  const rounded = (ratio: number): string => `${Math.round(ratio)}\u00a0× `;
  const times = measured.forwardMs > 0 ? ` (${msAt(to)} instead of ${msAt(now)})` : '';
  return (
    `${overlapTitles[to]}: ${patchesAt(to)} patches instead of ${patchesAt(now)}; about ` +
    `${rounded(flopsAt(to) / flopsAt(now))}the time${times}, ${rounded(tokensAt(to) / tokensAt(now))}the memory.`
  );
}

/** @returns a sentence for each overlap that is larger than the present one */
export const describeLargerOverlaps = (now: OverlapNow): string[] =>
  overlapsFor(now.model.patchSizePx)
    .filter((overlap) => overlap > now.overlap)
    .map((overlap) => describeStep(now, overlap));
