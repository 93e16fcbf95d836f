/** Several pictures beside each other on black, as they are saved: a lens on several photographs, or the two sides of a comparison. */
import type { Size } from '../core/geometry.ts';
import type { Layer } from './layers.ts';
import { lineWidthFor, paintLayers, type Context } from './paint-layers.ts';
import { paintSheet } from './paint-sheet.ts';
import { layOutSheet, type Sheet } from './sheet.ts';

/** Photographs are of any shape; most are near this one. */
export const usualAspect = 4 / 3;

export const maxSavedSidePx = 4096;

/** The widest picture among several, and the space between them, in px. */
const gridSidePx = 1024;
const gapPx = 8;

/** Where the pictures lie. */
export interface SavedGrid extends Size {
  readonly columns: number;
  readonly cell: Size;
}

export interface GridCell {
  readonly photo: ImageBitmap | OffscreenCanvas;
  readonly layers: readonly Layer[];
  /** In place of the photograph with its layers. */
  readonly sheet: Sheet | null;
  /** Written on it: what tells it from the others. */
  readonly name?: string;
}

const usualCell: Size = { width: gridSidePx, height: gridSidePx / usualAspect };

/** @param largest what a cell is at most, and its shape @returns a grid that is at most `maxSavedSidePx` on each side */
export function savedGridSize(count: number, columns: number, largest: Size = usualCell): SavedGrid {
  const most = (cells: number): number => Math.floor(maxSavedSidePx / cells) - gapPx;
  const scale = Math.min(1, most(columns) / largest.width, most(Math.ceil(count / columns)) / largest.height);
  const cell = { width: Math.round(largest.width * scale), height: Math.round(largest.height * scale) };
  const rows = Math.ceil(count / columns);
  return {
    columns,
    cell,
    width: columns * (cell.width + gapPx) - gapPx,
    height: rows * (cell.height + gapPx) - gapPx,
  };
}

/** On a dark ground in the upper left corner. @param size of the picture that it is written on */
export function writeName(context: Context, name: string, { width, height }: Size): void {
  const fontPx = Math.max(12, Math.round(Math.max(width, height) / 45));
  context.save();
  context.font = `600 ${fontPx}px 'Instrument Sans Variable', sans-serif`;
  context.textBaseline = 'middle';
  const most = width - 2 * fontPx;
  const wide = Math.min(most, context.measureText(name).width + fontPx);
  context.fillStyle = 'rgb(8 8 10 / 0.78)';
  context.fillRect(fontPx / 2, fontPx / 2, wide, 1.7 * fontPx);
  context.fillStyle = 'white';
  context.fillText(name, fontPx, 1.4 * fontPx, wide - fontPx);
  context.restore();
}

/** @param at its place, counted row by row */
export function paintGridCell(
  context: Context,
  { photo, layers, sheet, name }: GridCell,
  at: number,
  { columns, cell }: SavedGrid,
): void {
  const scale = Math.min(cell.width / photo.width, cell.height / photo.height);
  const size = { width: photo.width * scale, height: photo.height * scale };
  context.save();
  context.imageSmoothingQuality = 'high';
  context.translate(
    (at % columns) * (cell.width + gapPx) + (cell.width - size.width) / 2,
    Math.floor(at / columns) * (cell.height + gapPx) + (cell.height - size.height) / 2,
  );
  if (sheet === null) {
    context.drawImage(photo, 0, 0, size.width, size.height);
    paintLayers(context, layers, { size, detail: 'stage', lineWidthPx: lineWidthFor(size, 'stage') });
  } else {
    const fontPx = Math.max(10, size.height / 40);
    paintSheet(context, photo, sheet, layOutSheet(sheet, size, photo.width / photo.height, fontPx), 'white');
  }
  if (name !== undefined) writeName(context, name, size);
  context.restore();
}
