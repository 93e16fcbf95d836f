import type { DecodedPhoto } from './decode-photo.ts';
import { contextOf } from './read-pixels.ts';

/** Small pictures are many: this is hardly worse to the eye than the best, and half as large. */
const quality = 0.8;

/** @returns the photograph as a JPEG, its long side at most `maxSidePx`, over white; null where the browser writes none */
export async function encodeThumbnail(
  photo: DecodedPhoto,
  maxSidePx: number,
): Promise<Uint8Array<ArrayBuffer> | null> {
  const bitmap = await photo.drawForScreen(maxSidePx);
  try {
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = contextOf(canvas);
    context.fillStyle = '#fff';
    context.fillRect(0, 0, bitmap.width, bitmap.height);
    context.drawImage(bitmap, 0, 0);
    const blob = await canvas.convertToBlob({ type: 'image/jpeg', quality });
    return new Uint8Array(await blob.arrayBuffer());
  } catch {
    return null;
  } finally {
    bitmap.close();
  }
}
