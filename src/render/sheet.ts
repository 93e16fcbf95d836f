/** Many small pictures of one photograph in rows and columns, as one picture: where each of them lies. */
import type { Box, Size } from '../core/geometry.ts';
import type { Layer } from './layers.ts';

interface SheetCell {
  readonly title: string;
  readonly layers: readonly Layer[];
}

export interface Sheet {
  /** One a column. */
  readonly columnTitles: readonly string[];
  readonly rows: readonly { readonly title: string; readonly cells: readonly SheetCell[] }[];
}

export interface SheetLayout {
  /** shape [rows][columns], in the surface's px. */
  readonly cells: readonly (readonly Box[])[];
  readonly fontPx: number;
  /** Middles of the titles. */
  readonly columnTitles: readonly { readonly x: number; readonly y: number }[];
  readonly rowTitles: readonly { readonly x: number; readonly y: number }[];
}

/** Between cells, as a share of a cell's shorter side. */
const gapShare = 0.06;
/** Room for titles, in heights of their letters. */
const titleWidth = 2.2;
const titleHeight = 1.8;
/** Of a letter at most, in its height. */
const letterWidth = 0.62;

/**
 * Cells as large as fit, in the middle of the surface.
 * @param aspect width by height of a cell
 * @param fontPx height of the titles' letters in the surface's px; less where a title would be larger than its cell
 */
export function layOutSheet(
  { columnTitles, rows }: Sheet,
  { width, height }: Size,
  aspect: number,
  fontPx: number,
): SheetLayout {
  const [across, down] = [columnTitles.length, rows.length];
  const left = titleWidth * fontPx;
  const top = titleHeight * fontPx;
  const gap = (side: number): number => side * gapShare * Math.min(1, 1 / aspect);
  // A cell of width w with its gap takes w (1 + g) across, and w (1 / aspect + g) down.
  const share = gap(1);
  const cellWidth = Math.max(
    1,
    Math.min((width - left) / (across * (1 + share)), (height - top) / (down * (1 / aspect + share))),
  );
  const cellHeight = cellWidth / aspect;
  const step = { x: cellWidth * (1 + share), y: cellHeight + cellWidth * share };
  const begin = {
    x: left + Math.max(0, width - left - across * step.x) / 2,
    y: top + Math.max(0, height - top - down * step.y) / 2,
  };
  const boxAt = (row: number, column: number): Box => ({
    left: begin.x + column * step.x,
    top: begin.y + row * step.y,
    width: cellWidth,
    height: cellHeight,
  });
  const longest = Math.max(1, ...columnTitles.map(({ length }) => length));
  return {
    fontPx: Math.min(fontPx, step.x / (longest * letterWidth), step.y),
    cells: rows.map((_, row) => columnTitles.map((__, column) => boxAt(row, column))),
    columnTitles: columnTitles.map((_, column) => ({
      x: begin.x + column * step.x + cellWidth / 2,
      y: begin.y - top / 2,
    })),
    rowTitles: rows.map((_, row) => ({
      x: begin.x - left / 2,
      y: begin.y + row * step.y + cellHeight / 2,
    })),
  };
}

/** Of a picture of its own: each cell's long side, as far as the whole stays below what browsers can draw. */
const savedCellPx = 256;
const mostPx = 8192;

/** @returns the size of a picture that holds the sheet and no margin, and its titles' height, in px */
export function savedSheetSize(sheet: Sheet, aspect: number): Size & { readonly fontPx: number } {
  const [across, down] = [sheet.columnTitles.length, sheet.rows.length];
  const side = Math.min(savedCellPx, mostPx / (1.1 * Math.max(across, down) + 1));
  const cell = aspect >= 1 ? { width: side, height: side / aspect } : { width: side * aspect, height: side };
  const gap = cell.width * gapShare * Math.min(1, 1 / aspect);
  const fontPx = Math.max(12, side / 9);
  return {
    fontPx,
    width: Math.ceil(titleWidth * fontPx + across * (cell.width + gap)),
    height: Math.ceil(titleHeight * fontPx + down * (cell.height + gap)),
  };
}
