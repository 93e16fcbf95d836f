import type { Pictures } from '../../engine/pictures.ts';
import type { Outcome, Photo } from '../../state/photo.ts';
import { isPatch, type Query } from '../../state/query.ts';
import type { OverlaySettings, View } from '../../state/settings.ts';
import { saveFile } from '../../kit/save-file.ts';
import { queryTitle, viewTitle } from '../../words.ts';
import { paintOverlay, paintPatchMark, scaleBox } from './paint-overlay.ts';
import { mapsOf } from './result-maps.ts';

/** What is on the stage. */
export interface StagePicture {
  readonly photo: Photo;
  readonly outcome: Outcome;
  readonly view: View;
  readonly query: Query;
  readonly overlay: OverlaySettings;
  readonly pictures: Pictures;
}

const maxSidePx = 4096;

/** @returns a PNG at the photograph's own resolution, at most 4096 px a side; null where it cannot be decoded now */
async function renderPicture({
  photo,
  outcome,
  view,
  query,
  overlay,
  pictures,
}: StagePicture): Promise<Blob | null> {
  const bitmap = await pictures.load(photo.id, maxSidePx);
  if (!bitmap || bitmap.width === 0) return null;
  const { width, height } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) return null;
  context.drawImage(bitmap, 0, 0);
  const { photoSizePx, box } = outcome.result;
  const scale = { x: width / photoSizePx.width, y: height / photoSizePx.height };
  const lineWidthPx = Math.max(1.5, Math.max(width, height) / 560);
  const target = { box: scaleBox(box, scale), detail: 'stage', lineWidthPx } as const;
  paintOverlay(context, mapsOf(outcome.result, query), view, overlay, target);
  if (isPatch(query)) paintPatchMark(context, query, outcome.result, target);
  return canvas.convertToBlob({ type: 'image/png' });
}

/** Photograph, register or patch (CLS goes without saying), head and model, as a file's name. */
export function pictureFileName(photoName: string, query: Query, view: View, modelId: string): string {
  const base = photoName.replace(/\.[a-z0-9]{2,5}$/i, '');
  const what = query === 0 ? viewTitle(view) : `${queryTitle(query)} ${viewTitle(view)}`;
  const plain = `${base} ${what} ${modelId}`.toLowerCase().replace(/[^\p{L}\p{N}]+/gu, '-');
  return `${plain.replace(/^-|-$/g, '')}.png`;
}

/** @returns whether there was a picture to save */
export async function savePicture(picture: StagePicture): Promise<boolean> {
  const blob = await renderPicture(picture);
  if (!blob) return false;
  const { photo, outcome, view, query } = picture;
  saveFile(blob, pictureFileName(photo.name, query, view, outcome.model.id));
  return true;
}

export const canCopyPicture = (): boolean =>
  typeof ClipboardItem !== 'undefined' && navigator.clipboard !== undefined && 'write' in navigator.clipboard;

/** @returns whether the picture is on the clipboard now */
export async function copyPicture(picture: StagePicture): Promise<boolean> {
  // A promise goes into the item, for Safari lets one write only within the click itself.
  const png = renderPicture(picture).then((blob) => blob ?? Promise.reject(new Error('no picture')));
  // Where the browser refuses before it waits for the picture, nobody else would catch this.
  png.catch(() => undefined);
  try {
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': png })]);
    return true;
  } catch {
    return false;
  }
}
