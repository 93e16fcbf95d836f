/** Photographs in the browser's worker: bytes → upright pixels. The browser's own decoders do the decoding. */
import type { Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { inspectImage } from './inspect-image.ts';
import type { PixelGrid } from './resample.ts';

/** Upright means that EXIF orientation has been applied; colours are sRGB. The caller closes the bitmap. */
export interface UprightPhoto {
  readonly bitmap: ImageBitmap;
  readonly notices: readonly PhotoNotice[];
}

/** The whole file, or 'unreadable-file': a folder, or a file that has gone since it was dropped. */
async function readBytes(photo: Blob): Promise<Result<Uint8Array<ArrayBuffer>, Failure>> {
  try {
    return succeed(new Uint8Array(await photo.arrayBuffer()));
  } catch {
    return fail({ code: 'unreadable-file' });
  }
}

/** Inspects the file and decodes it. @returns the upright photograph, or what is wrong with the file */
export async function openPhoto(photo: Blob): Promise<Result<UprightPhoto, Failure>> {
  const bytes = await readBytes(photo);
  if (!bytes.ok) return bytes;
  const facts = inspectImage(bytes.value);
  if (!facts.ok) return facts;
  try {
    // Typed by its content: a wrong file name must not choose the decoder.
    const typed = new Blob([bytes.value], {
      type: `image/${facts.value.format === 'jpg' ? 'jpeg' : facts.value.format}`,
    });
    const bitmap = await createImageBitmap(typed, { imageOrientation: 'from-image' });
    return succeed({ bitmap, notices: facts.value.notices });
  } catch {
    return fail({ code: 'damaged-image', format: facts.value.format, problem: 'undecodable' });
  }
}

/** @returns the pixels over white, and whether any of them had been transparent. Borrows the bitmap. */
export function readPixels(bitmap: ImageBitmap): { pixels: PixelGrid; transparent: boolean } {
  const { height, width } = bitmap;
  const canvas = new OffscreenCanvas(width, height);
  // Read from main memory: a canvas on the GPU may round colours and would cost a copy back.
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) throw new Error('no 2D context');
  context.drawImage(bitmap, 0, 0);
  const seen = context.getImageData(0, 0, width, height).data;
  let transparent = false;
  for (let i = 3; i < seen.length && !transparent; i += 4) transparent = seen[i] !== 255;
  if (!transparent) return { pixels: { height, width, channels: 4, values: seen }, transparent };
  context.globalCompositeOperation = 'destination-over';
  context.fillStyle = '#fff';
  context.fillRect(0, 0, width, height);
  return {
    pixels: { height, width, channels: 4, values: context.getImageData(0, 0, width, height).data },
    transparent,
  };
}

/** @returns a bitmap for the screen whose long side is at most `maxSidePx`; never enlarged. Consumes `bitmap`. */
export async function shrinkForScreen(bitmap: ImageBitmap, maxSidePx: number): Promise<ImageBitmap> {
  const scale = maxSidePx / Math.max(bitmap.height, bitmap.width);
  if (scale >= 1) return bitmap;
  const target: Size = {
    height: Math.max(1, Math.round(bitmap.height * scale)),
    width: Math.max(1, Math.round(bitmap.width * scale)),
  };
  const shrunk = await createImageBitmap(bitmap, {
    resizeHeight: target.height,
    resizeWidth: target.width,
    resizeQuality: 'high',
  });
  bitmap.close();
  return shrunk;
}
