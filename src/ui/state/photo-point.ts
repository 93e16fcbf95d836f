/** Points on a photograph, and the patches under them. */
import type { Frame } from '../../core/frame.ts';
import type { PatchPosition } from '../../core/geometry.ts';

/** A point in shares of the photograph's width and height, 0..1, so that it does not depend on the grid. */
export interface PhotoPoint {
  readonly x: number;
  readonly y: number;
}

/** A point that was picked; with an outline, where several patches were drawn round, in its middle. */
export interface PickedPoint extends PhotoPoint {
  readonly outline?: readonly PhotoPoint[];
}

/** A grid of patches and its place on the photograph. */
type PlacedGrid = Pick<Frame, 'rows' | 'columns' | 'box' | 'photoSizePx'>;

const cellAt = (share: number, fullPx: number, beginPx: number, sidePx: number, count: number): number =>
  Math.min(count - 1, Math.max(0, Math.floor(((share * fullPx - beginPx) / sidePx) * count)));

/** @returns the patch under the point, or the nearest one if the point is outside of the grid */
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

/** @returns the patch `down` rows below and `right` columns to the right, limited to the grid */
export const patchBeside = (
  { row, column }: PatchPosition,
  { down, right }: { readonly down: number; readonly right: number },
  { rows, columns }: Pick<Frame, 'rows' | 'columns'>,
): PatchPosition => ({
  row: Math.min(rows - 1, Math.max(0, row + down)),
  column: Math.min(columns - 1, Math.max(0, column + right)),
});

/** Whether the point is inside, by the even-odd rule. */
function isWithin({ x, y }: PhotoPoint, outline: readonly PhotoPoint[]): boolean {
  let inside = false;
  let b = outline.at(-1) as PhotoPoint;
  for (const a of outline) {
    if (a.y > y !== b.y > y && x < a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)) inside = !inside;
    b = a;
  }
  return inside;
}

/** The last answer for each outline: it is asked for at each change of the page's state. */
const knownPatches = new WeakMap<
  readonly PhotoPoint[],
  { readonly grid: PlacedGrid; readonly patches: readonly PatchPosition[] }
>();

/** @returns the patches whose middle is within the outline, row by row */
export function patchesWithin(outline: readonly PhotoPoint[], grid: PlacedGrid): readonly PatchPosition[] {
  const known = knownPatches.get(outline);
  if (known?.grid === grid) return known.patches;
  const patches: PatchPosition[] = [];
  for (let row = 0; row < grid.rows; row++)
    for (let column = 0; column < grid.columns; column++)
      if (isWithin(pointOf({ row, column }, grid), outline)) patches.push({ row, column });
  knownPatches.set(outline, { grid, patches });
  return patches;
}

/** @param outline at least one point */
export function pickedWithin(outline: readonly PhotoPoint[]): PickedPoint {
  const middle = (of: (point: PhotoPoint) => number): number => {
    const all = outline.map(of);
    return (Math.min(...all) + Math.max(...all)) / 2;
  };
  return { x: middle(({ x }) => x), y: middle(({ y }) => y), outline };
}

/** @returns the outline of a rectangle of patches with these two at opposite corners */
export function outlineOfPatches(a: PatchPosition, b: PatchPosition, grid: PlacedGrid): PhotoPoint[] {
  const [from, to] = [pointOf(a, grid), pointOf(b, grid)];
  const half = {
    x: grid.box.width / grid.columns / grid.photoSizePx.width / 2,
    y: grid.box.height / grid.rows / grid.photoSizePx.height / 2,
  };
  const [left, right] = [Math.min(from.x, to.x) - half.x, Math.max(from.x, to.x) + half.x];
  const [top, bottom] = [Math.min(from.y, to.y) - half.y, Math.max(from.y, to.y) + half.y];
  return [
    { x: left, y: top },
    { x: right, y: top },
    { x: right, y: bottom },
    { x: left, y: bottom },
  ];
}
