/** What networks look at on the same photographs, beside each other: the paper's figure 4 in small. */
import sharp from 'sharp';
import { meanMapOf, type HeadMaps } from '../../src/attention/head-maps.ts';
import { cellsOfPixels } from '../../src/core/found-mask.ts';
import type { Box } from '../../src/core/geometry.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { maskOf } from '../evaluate/head-masks.ts';

/** Of what is outside of the mask. */
const dimmed = 0.25;
const gapPx = 8;
const labelPx = 28;

/** @returns the photograph where the mask of the mean over heads keeps it, and dark where not; RGB */
export function showKept(pixels: PixelGrid, maps: HeadMaps, box: Box): Uint8Array {
  const { height, width, channels, values } = pixels;
  const { rows, columns } = maps;
  const { kept } = maskOf(rows, columns, meanMapOf(maps));
  const { rowOf, columnOf } = cellsOfPixels({ rows, columns, box, photoSizePx: { height, width } });
  const shown = new Uint8Array(height * width * 3);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const row = rowOf[y] ?? -1;
      const column = columnOf[x] ?? -1;
      const isKept = row >= 0 && column >= 0 && kept[row * columns + column] === 1;
      for (let channel = 0; channel < 3; channel++) {
        const value = values[(y * width + x) * channels + channel] ?? 0;
        shown[(y * width + x) * 3 + channel] = isKept ? value : Math.round(value * dimmed);
      }
    }
  return shown;
}

export interface Tile {
  readonly height: number;
  readonly width: number;
  /** RGB, row by row. */
  readonly rgb: ArrayLike<number>;
}

const label = (text: string, width: number): Buffer =>
  Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${labelPx}"><text x="${width / 2}" y="20" ` +
      `font-family="sans-serif" font-size="15" text-anchor="middle">${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</text></svg>`,
  );

/**
 * @param titles one a column
 * @param rows photographs, one tile a column
 * @param sidePx of the square that each tile is put into
 * @returns WebP
 */
export async function drawTable(
  titles: readonly string[],
  rows: readonly (readonly Tile[])[],
  sidePx: number,
): Promise<Buffer> {
  const step = sidePx + gapPx;
  const placed = titles.map((title, column) => ({
    input: label(title, sidePx),
    left: gapPx + column * step,
    top: 0,
  }));
  for (const [row, tiles] of rows.entries())
    for (const [column, { height, width, rgb }] of tiles.entries()) {
      const input = await sharp(Uint8Array.from(rgb), { raw: { height, width, channels: 3 } })
        .resize(sidePx, sidePx, { fit: 'cover' })
        .png()
        .toBuffer();
      placed.push({ input, left: gapPx + column * step, top: labelPx + row * step });
    }
  const create = {
    width: gapPx + titles.length * step,
    height: labelPx + rows.length * step,
    channels: 3,
    background: '#ffffff',
  } as const;
  return sharp({ create }).composite(placed).webp({ quality: 84 }).toBuffer();
}
