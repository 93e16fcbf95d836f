import type { Frame } from '../../core/frame.ts';
import type { PatchPosition } from '../../core/geometry.ts';
import type { AnyQuery } from '../../lenses/lens-contract.ts';
import { isCls, queryTitle } from '../../lenses/query-title.ts';
import { viewOf } from '../../lenses/views.ts';
import {
  type SavedGrid,
  maxSavedSidePx,
  paintGridCell,
  savedGridSize,
  writeName,
} from '../../render/paint-grid.ts';
import { lineWidthFor, paintLayers } from '../../render/paint-layers.ts';
import type { Layer } from '../../render/layers.ts';
import { paintPair } from '../../render/paint-pair.ts';
import { savedPairSize, type Beside } from '../../render/pair.ts';
import { paintSheet } from '../../render/paint-sheet.ts';
import { layOutSheet, savedSheetSize, type Sheet } from '../../render/sheet.ts';
import type { Pictures } from '../engine/pictures.ts';
import { saveFile } from '../kit/save-file.ts';
import type { Outcome } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { columnsFor } from './grid-columns.ts';
import { frameOf, queryOf, stageLayers, type AnyScene } from './use-scene.ts';

/** What the stage shows. */
export interface StagePicture {
  readonly photo: Photo;
  readonly outcome: Outcome;
  readonly scene: AnyScene;
  readonly marked: PatchPosition | null;
  readonly pictures: Pictures;
  /** Written on it: what tells it from another one beside it. */
  readonly name?: string;
  /** In place of the lens's own: what differs. */
  readonly layers?: readonly Layer[];
}

const layersOf = ({ scene, outcome, marked, layers }: StagePicture): readonly Layer[] =>
  layers ?? stageLayers(scene, outcome, marked);

/** Drawn on black, since the small pictures are partly transparent. */
async function renderSheet(bitmap: ImageBitmap, sheet: Sheet): Promise<Blob | null> {
  const aspect = bitmap.width / bitmap.height;
  const { width, height, fontPx } = savedSheetSize(sheet, aspect);
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.fillRect(0, 0, width, height);
  paintSheet(context, bitmap, sheet, layOutSheet(sheet, { width, height }, aspect, fontPx), 'white');
  return canvas.convertToBlob({ type: 'image/png' });
}

interface BitmapPair {
  readonly first: ImageBitmap;
  readonly second: ImageBitmap;
}

async function renderPair(
  { first, second }: BitmapPair,
  frame: Frame,
  layers: readonly Layer[],
  beside: Beside,
): Promise<Blob | null> {
  const { gap, ...size } = savedPairSize(first, second, maxSavedSidePx);
  const canvas = new OffscreenCanvas(size.width, size.height);
  const context = canvas.getContext('2d');
  if (!context) return null;
  paintPair(context, { first: { frame, layers }, second: beside }, [first, second], { size, gap });
  return canvas.convertToBlob({ type: 'image/png' });
}

/** @returns a PNG at the photograph's own resolution, at most 4096 px a side; null if it cannot be decoded now */
async function renderPicture(picture: StagePicture): Promise<Blob | null> {
  const { photo, outcome, scene, pictures, name } = picture;
  const bitmap = await pictures.load(photo.id, maxSavedSidePx);
  if (!bitmap || bitmap.width === 0) return null;
  const sheet = viewOf(outcome.look.lens).sheet?.(scene) ?? null;
  if (sheet !== null) return renderSheet(bitmap, sheet);
  const beside = viewOf(outcome.look.lens).beside?.(scene) ?? null;
  const [other] = outcome.look.of;
  if (beside !== null && other !== undefined) {
    const second = await pictures.load(other, maxSavedSidePx);
    if (!second || second.width === 0 || bitmap.width === 0) return null;
    return renderPair({ first: bitmap, second }, frameOf(outcome), layersOf(picture), beside);
  }
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.drawImage(bitmap, 0, 0);
  paintLayers(context, layersOf(picture), {
    size: { width, height },
    detail: 'stage',
    lineWidthPx: lineWidthFor({ width, height }, 'stage'),
  });
  if (name !== undefined) writeName(context, name, { width, height });
  return canvas.convertToBlob({ type: 'image/png' });
}

/** All of them in cells of one shape; the sides of a comparison as large as their photograph and in its shape. */
async function gridOf(pictures: readonly StagePicture[]): Promise<SavedGrid> {
  const [compared] = pictures.filter(({ name }) => name !== undefined);
  if (compared === undefined)
    return savedGridSize(pictures.length, columnsFor(pictures.length, { width: 4, height: 3 }));
  const bitmap = await compared.pictures.load(compared.photo.id, maxSavedSidePx);
  // Where it cannot be decoded now, neither side is drawn.
  const largest = bitmap && bitmap.width > 0 ? { width: bitmap.width, height: bitmap.height } : undefined;
  return savedGridSize(pictures.length, pictures.length, largest);
}

/** @returns a PNG of all of them beside each other on black, at most 4096 px a side; null if none can be decoded now */
async function renderGrid(pictures: readonly StagePicture[]): Promise<Blob | null> {
  const grid = await gridOf(pictures);
  const canvas = new OffscreenCanvas(grid.width, grid.height);
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.fillRect(0, 0, canvas.width, canvas.height);
  let drawn = 0;
  for (const [at, picture] of pictures.entries()) {
    const { photo, outcome, scene, name } = picture;
    const bitmap = await picture.pictures.load(photo.id, Math.max(grid.cell.width, grid.cell.height));
    if (!bitmap || bitmap.width === 0) continue;
    const sheet = viewOf(outcome.look.lens).sheet?.(scene) ?? null;
    const cell = { photo: bitmap, layers: layersOf(picture), sheet };
    paintGridCell(context, name === undefined ? cell : { ...cell, name }, at, grid);
    drawn += 1;
  }
  return drawn === 0 ? null : canvas.convertToBlob({ type: 'image/png' });
}

/** One photograph, or all that are on the stage. */
const renderStage = (pictures: readonly StagePicture[]): Promise<Blob | null> => {
  const [only, ...others] = pictures;
  if (only === undefined) return Promise.resolve(null);
  return others.length === 0 ? renderPicture(only) : renderGrid(pictures);
};

/** A file name of the photograph, the register or patch (CLS is left out), what is shown, and the model. */
export function pictureFileName(
  photoName: string,
  query: AnyQuery | null,
  shown: string,
  modelId: string,
  ending = 'png',
): string {
  const base = photoName.replace(/\.[a-z0-9]{2,5}$/i, '');
  const isPlain = query === null || isCls(query);
  const what = isPlain ? shown : `${queryTitle(query)} ${shown}`;
  const plain = `${base} ${what} ${modelId}`.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');
  return `${plain.replace(/^-|-$/g, '')}.${ending}`;
}

/** @param pictures what is on the stage @returns false if there was no picture to save */
export async function savePicture(pictures: readonly StagePicture[]): Promise<boolean> {
  const blob = await renderStage(pictures);
  const [first] = pictures;
  if (!blob || first === undefined) return false;
  const { photo, outcome } = first;
  const titleOf = ({ outcome: { look }, scene }: StagePicture): string => viewOf(look.lens).title(scene);
  // A name of its own, or it would take the place of the picture without the comparison.
  const isCompared = pictures.some((each) => each.name !== undefined);
  const shown = isCompared ? `${[...new Set(pictures.map(titleOf))].join(' and ')} compared` : titleOf(first);
  const photographs = new Set(pictures.map((each) => each.photo.id)).size;
  const name = photographs === 1 ? photo.name : `${photographs} photographs`;
  const models = new Set(pictures.map((each) => each.outcome.model.id));
  saveFile(blob, pictureFileName(name, queryOf(outcome), shown, [...models].join(' and ')));
  return true;
}

export const canCopyPicture = (): boolean =>
  typeof ClipboardItem !== 'undefined' && navigator.clipboard !== undefined && 'write' in navigator.clipboard;

/** @returns whether the picture was copied to the clipboard */
export async function copyPicture(pictures: readonly StagePicture[]): Promise<boolean> {
  // The item gets a promise, since Safari allows writing only during the click event.
  const png = renderStage(pictures).then((blob) => blob ?? Promise.reject(new Error('no picture')));
  // If the browser refuses before it awaits the picture, a rejection would be unhandled.
  png.catch(() => undefined);
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
    return true;
  } catch {
    return false;
  }
}
