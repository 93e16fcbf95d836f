import type { PatchPosition } from '../../core/geometry.ts';
import type { Query } from '../../lenses/lens-contract.ts';
import { queryTitle } from '../../lenses/query-title.ts';
import { viewOf } from '../../lenses/views.ts';
import { lineWidthFor, paintLayers } from '../../render/paint-layers.ts';
import { paintSheet } from '../../render/paint-sheet.ts';
import { layOutSheet, savedSheetSize, type Sheet } from '../../render/sheet.ts';
import type { Pictures } from '../engine/pictures.ts';
import { saveFile } from '../kit/save-file.ts';
import type { Outcome } from '../state/looks.ts';
import type { Photo } from '../state/photo.ts';
import { queryOf, stageLayers, type AnyScene } from './use-scene.ts';

/** What the stage shows. */
export interface StagePicture {
  readonly photo: Photo;
  readonly outcome: Outcome;
  readonly scene: AnyScene;
  readonly marked: PatchPosition | null;
  readonly pictures: Pictures;
}

const maxSidePx = 4096;

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

/** @returns a PNG at the photograph's own resolution, at most 4096 px a side; null if it cannot be decoded now */
async function renderPicture({
  photo,
  outcome,
  scene,
  marked,
  pictures,
}: StagePicture): Promise<Blob | null> {
  const bitmap = await pictures.load(photo.id, maxSidePx);
  if (!bitmap || bitmap.width === 0) return null;
  const sheet = viewOf(outcome.look.lens).sheet?.(scene) ?? null;
  if (sheet !== null) return renderSheet(bitmap, sheet);
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.drawImage(bitmap, 0, 0);
  paintLayers(context, stageLayers(scene, outcome, marked), {
    size: { width, height },
    detail: 'stage',
    lineWidthPx: lineWidthFor({ width, height }, 'stage'),
  });
  return canvas.convertToBlob({ type: 'image/png' });
}

/** A file name of the photograph, the register or patch (CLS is left out), what is shown, and the model. */
export function pictureFileName(
  photoName: string,
  query: Query | null,
  shown: string,
  modelId: string,
  ending = 'png',
): string {
  const base = photoName.replace(/\.[a-z0-9]{2,5}$/i, '');
  const isPlain = query === null || (query.patch === null && query.token === 0);
  const what = isPlain ? shown : `${queryTitle(query)} ${shown}`;
  const plain = `${base} ${what} ${modelId}`.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');
  return `${plain.replace(/^-|-$/g, '')}.${ending}`;
}

/** @returns false if there was no picture to save */
export async function savePicture(picture: StagePicture): Promise<boolean> {
  const blob = await renderPicture(picture);
  if (!blob) return false;
  const { photo, outcome, scene } = picture;
  const shown = viewOf(outcome.look.lens).title(scene);
  saveFile(blob, pictureFileName(photo.name, queryOf(outcome), shown, outcome.model.id));
  return true;
}

export const canCopyPicture = (): boolean =>
  typeof ClipboardItem !== 'undefined' && navigator.clipboard !== undefined && 'write' in navigator.clipboard;

/** @returns whether the picture was copied to the clipboard */
export async function copyPicture(picture: StagePicture): Promise<boolean> {
  // The item gets a promise, since Safari allows writing only during the click event.
  const png = renderPicture(picture).then((blob) => blob ?? Promise.reject(new Error('no picture')));
  // If the browser refuses before it awaits the picture, a rejection would be unhandled.
  png.catch(() => undefined);
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
    return true;
  } catch {
    return false;
  }
}
