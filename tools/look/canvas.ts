/**
 * A canvas for Node, under the names that browsers have, so that the command line draws with the page's own renderer
 * (`src/render/paint-layers`). It is Skia, as in Chromium.
 */
import { createCanvas, ImageData as NodeImageData, Path2D as NodePath2D, type Canvas } from '@napi-rs/canvas';
import { lineWidthFor, paintLayers, type Context } from '../../src/render/paint-layers.ts';
import type { Layer } from '../../src/render/layers.ts';
import { paintPair, type PairPicture } from '../../src/render/paint-pair.ts';
import { savedPairSize } from '../../src/render/pair.ts';
import { paintSheet } from '../../src/render/paint-sheet.ts';
import { layOutSheet, savedSheetSize, type Sheet } from '../../src/render/sheet.ts';
import { maxSavedSidePx, paintGridCell, savedGridSize, type GridCell } from '../../src/render/paint-grid.ts';
import type { PixelGrid } from '../../src/media/resample.ts';

/** What `new OffscreenCanvas` gives: a constructor may return another object. */
function NodeOffscreenCanvas(width: number, height: number): Canvas {
  return createCanvas(width, height);
}

Object.assign(globalThis, {
  OffscreenCanvas: NodeOffscreenCanvas,
  Path2D: NodePath2D,
  ImageData: NodeImageData,
});

const contextOf = (canvas: Canvas): Context => canvas.getContext('2d') as unknown as Context;

function drawPixels(context: Context, { height, width, channels, values }: PixelGrid): void {
  const rgba = new Uint8ClampedArray(height * width * 4).fill(255);
  for (let pixel = 0; pixel < height * width; pixel++)
    for (let channel = 0; channel < 3; channel++)
      rgba[4 * pixel + channel] = values[channels * pixel + channel] as number;
  context.putImageData(new ImageData(rgba, width, height), 0, 0);
}

function canvasOf(photo: PixelGrid): Canvas {
  const canvas = createCanvas(photo.width, photo.height);
  drawPixels(contextOf(canvas), photo);
  return canvas;
}

/** @returns PNG bytes: many small pictures of the photograph, on black */
export async function drawSheet(photo: PixelGrid, sheet: Sheet): Promise<Uint8Array> {
  const aspect = photo.width / photo.height;
  const { width, height, fontPx } = savedSheetSize(sheet, aspect);
  const canvas = createCanvas(width, height);
  const context = contextOf(canvas);
  context.fillRect(0, 0, width, height);
  const picture = canvasOf(photo) as unknown as OffscreenCanvas;
  paintSheet(context, picture, sheet, layOutSheet(sheet, { width, height }, aspect, fontPx), 'white');
  return canvas.encode('png');
}

/** Two photographs, and what is drawn over them. */
interface PhotoPair {
  readonly first: PixelGrid;
  readonly second: PixelGrid;
  readonly picture: PairPicture;
}

/** @returns PNG bytes: two photographs beside or above each other, with the links between them */
export async function drawPair({ first, second, picture }: PhotoPair): Promise<Uint8Array> {
  const { gap, ...size } = savedPairSize(first, second, maxSavedSidePx);
  const canvas = createCanvas(size.width, size.height);
  const photos = [first, second].map((photo) => canvasOf(photo) as unknown as OffscreenCanvas);
  const [one, other] = photos as [OffscreenCanvas, OffscreenCanvas];
  paintPair(contextOf(canvas), picture, [one, other], { size, gap });
  return canvas.encode('png');
}

/** @returns PNG bytes: pictures of one photograph beside each other, each with its name, on black */
export async function drawBeside(
  photo: PixelGrid,
  pictures: readonly Omit<GridCell, 'photo'>[],
): Promise<Uint8Array> {
  const { width, height } = photo;
  const grid = savedGridSize(pictures.length, pictures.length, { width, height });
  const canvas = createCanvas(grid.width, grid.height);
  const context = contextOf(canvas);
  context.fillRect(0, 0, grid.width, grid.height);
  const drawn = canvasOf(photo) as unknown as OffscreenCanvas;
  for (const [at, picture] of pictures.entries())
    paintGridCell(context, { ...picture, photo: drawn }, at, grid);
  return canvas.encode('png');
}

/** @returns PNG bytes: the photograph at its own resolution, and over it the layers as the page draws them */
export async function drawPicture(photo: PixelGrid, layers: readonly Layer[]): Promise<Uint8Array> {
  const size = { width: photo.width, height: photo.height };
  const canvas = canvasOf(photo);
  paintLayers(contextOf(canvas), layers, { size, detail: 'stage', lineWidthPx: lineWidthFor(size, 'stage') });
  return canvas.encode('png');
}
