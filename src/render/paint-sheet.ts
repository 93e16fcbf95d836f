import type { Size } from '../core/geometry.ts';
import { paintLayers, prepareLayers, type Context } from './paint-layers.ts';
import type { Sheet, SheetLayout } from './sheet.ts';

/** Anything that can be drawn from: a bitmap, or a canvas. */
type Picture = ImageBitmap | OffscreenCanvas;

/** The photograph at a cell's size, made once for all cells. */
function shrink(photo: Picture, { width, height }: Size): OffscreenCanvas {
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(width)), Math.max(1, Math.round(height)));
  const context = canvas.getContext('2d');
  if (context !== null) {
    context.imageSmoothingQuality = 'high';
    context.drawImage(photo, 0, 0, canvas.width, canvas.height);
  }
  return canvas;
}

/**
 * @param photo drawn under each cell's layers; null where it is not there yet
 * @param ink the titles' colour
 * @param scale how many times larger the surface shows what is drawn, so that the photographs are fine enough
 */
export function paintSheet(
  context: Context,
  photo: Picture | null,
  sheet: Sheet,
  { cells, fontPx, columnTitles, rowTitles }: SheetLayout,
  ink: string,
  scale = 1,
): void {
  const first = cells[0]?.[0];
  const small =
    photo === null || photo.width === 0 || first === undefined
      ? null
      : shrink(photo, { width: scale * first.width, height: scale * first.height });
  for (const [row, { cells: own }] of sheet.rows.entries())
    for (const [column, { layers }] of own.entries()) {
      const box = cells[row]?.[column];
      if (box === undefined) continue;
      context.save();
      context.translate(box.left, box.top);
      if (small !== null) context.drawImage(small, 0, 0, box.width, box.height);
      paintLayers(context, layers, { size: box, detail: 'tile', lineWidthPx: Math.max(1, fontPx / 14) });
      context.restore();
    }
  context.save();
  context.fillStyle = ink;
  context.font = `${fontPx}px "Instrument Sans Variable", sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const [column, title] of sheet.columnTitles.entries()) {
    const place = columnTitles[column];
    if (place !== undefined) context.fillText(title, place.x, place.y);
  }
  for (const [row, { title }] of sheet.rows.entries()) {
    const place = rowTitles[row];
    if (place !== undefined) context.fillText(title, place.x, place.y);
  }
  context.restore();
}

/** As `prepareLayers`, for all cells. */
export const prepareSheet = (sheet: Sheet): boolean =>
  prepareLayers(
    sheet.rows.flatMap(({ cells }) => cells.flatMap(({ layers }) => layers)),
    'tile',
  );
