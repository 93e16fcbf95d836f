/**
 * The grid of patches that a position embedding belongs to. The number of positions alone is ambiguous: 49 may be CLS
 * and 6 × 8 patches, or 7 × 7 patches without CLS. One CLS token and a square, as in every published network of this
 * kind, is assumed; everything else must be stated by a person, a config or the names.
 */
import { FailureError } from '../core/failure.ts';
import { formatGrid, type PatchGrid, type Size } from '../core/geometry.ts';

export interface PositionLayout {
  readonly grid: PatchGrid;
  /** Whether the first position is CLS's. */
  readonly hasClsPosition: boolean;
}

/** What is known besides the number of positions. */
export interface GridClues {
  /** Given by a person: used, or refused where it does not fit. */
  readonly said: PatchGrid | undefined;
  /** From our own config: used as it is. Where it does not fit, the check of all parameters fails. */
  readonly described: PatchGrid | undefined;
  /**
   * Sizes of the pictures that the network was trained on, in px, as configs give them: used where exactly one grid
   * of them fits.
   */
  readonly imageSizesPx: readonly Size[];
  readonly patchSizePx: number | undefined;
  /** Whether the parameters' names are those of a family without a position for CLS. */
  readonly lacksClsPosition: boolean;
  /**
   * Whether the registers are timm's. Where CLS has a position there they have theirs, too, so that one more than a square are an
   * oblong grid, as of 2 × 5 patches.
   */
  readonly hasTimmRegisters?: boolean;
}

const isSquare = (count: number): boolean => count > 0 && Number.isInteger(Math.sqrt(count));

const squareOf = (count: number): PatchGrid => ({ rows: Math.sqrt(count), columns: Math.sqrt(count) });

/** @returns null where the grid has another number of patches */
function fit(grid: PatchGrid, positions: number): PositionLayout | null {
  const patches = grid.rows * grid.columns;
  if (patches === positions - 1) return { grid, hasClsPosition: true };
  return patches === positions ? { grid, hasClsPosition: false } : null;
}

function fitImageSizes(positions: number, { imageSizesPx, patchSizePx }: GridClues): PositionLayout | null {
  if (patchSizePx === undefined || patchSizePx < 1) return null;
  const fitting = new Map<string, PositionLayout>();
  for (const { height, width } of imageSizesPx) {
    const grid = { rows: Math.floor(height / patchSizePx), columns: Math.floor(width / patchSizePx) };
    const layout = fit(grid, positions);
    if (layout !== null) fitting.set(formatGrid(grid), layout);
  }
  const [first] = fitting.values();
  return fitting.size === 1 && first !== undefined ? first : null;
}

/**
 * @param positions rows of `pos_embed`
 * @throws FailureError 'grid-unknown' where it is not stated, 'checkpoint-invalid' where the stated one does not fit
 */
export function chooseGrid(positions: number, clues: GridClues): PositionLayout {
  const { said, described, lacksClsPosition, hasTimmRegisters = false } = clues;
  if (said !== undefined) {
    const layout = fit(said, positions);
    if (layout !== null) return layout;
    throw new FailureError({
      code: 'checkpoint-invalid',
      problem: `its pos_embed has ${positions} positions, which are not those of ${formatGrid(said)} patches, with or without CLS`,
    });
  }
  if (described !== undefined) return fit(described, positions) ?? { grid: described, hasClsPosition: true };
  const fromSizes = fitImageSizes(positions, clues);
  if (fromSizes !== null) return fromSizes;
  if (lacksClsPosition && isSquare(positions)) return { grid: squareOf(positions), hasClsPosition: false };
  if (!hasTimmRegisters && isSquare(positions - 1))
    return { grid: squareOf(positions - 1), hasClsPosition: true };
  throw new FailureError({ code: 'grid-unknown', positions });
}
