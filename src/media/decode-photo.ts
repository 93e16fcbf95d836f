/**
 * Photographs in the browser's worker: bytes → upright pixels, colours as they are stored (ADR 3). The browser
 * decodes the formats that it can; it must not turn or convert anything.
 */
import { joinBytes } from '../core/bytes.ts';
import type { Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { decodeBmp } from './bmp-file.ts';
import { convertsCmykPlainly } from './cmyk-probe.ts';
import { decodeGif } from './gif-file.ts';
import type { StoredImage } from './image-file.ts';
import { type DecodableFormat, inspectImage, type ImageFacts, undecodable } from './inspect-image.ts';
import { type Orientation, turnUpright, uprightSize, uprightTransform } from './orientation.ts';
import { layOnWhite } from './over-white.ts';
import { contextOf, pixelReader, readOverWhite } from './read-pixels.ts';
import type { PixelGrid } from './resample.ts';
import { storedImage, type CodedFormat } from './stored-image.ts';

/** The pixels that the network sees, and notices about changes to them. */
interface UprightPixels {
  /** RGBA, all of it opaque. */
  readonly pixels: PixelGrid;
  readonly notices: readonly PhotoNotice[];
}

/** A decoded photograph. The code that opened it must close it. */
export interface DecodedPhoto {
  /** The size of the upright photograph. */
  readonly sizePx: Size;
  readonly notices: readonly PhotoNotice[];
  readPixels(): Promise<Result<UprightPixels, Failure>>;
  /** @returns the upright photograph, its long side at most `maxSidePx`, never enlarged; the caller closes it */
  drawForScreen(maxSidePx: number): Promise<ImageBitmap>;
  close(): void;
}

/** Reads the whole file. @returns 'unreadable-file' for a folder, or a file that was deleted after it was dropped */
async function readBytes(photo: Blob): Promise<Result<Uint8Array<ArrayBuffer>, Failure>> {
  try {
    return succeed(new Uint8Array(await photo.arrayBuffer()));
  } catch {
    return fail({ code: 'unreadable-file' });
  }
}

/** The size reduced to a long side of at most `maxSidePx`, never enlarged. */
function shrunkSize({ height, width }: Size, maxSidePx: number): Size {
  const scale = Math.min(1, maxSidePx / Math.max(height, width));
  return { height: Math.max(1, Math.round(height * scale)), width: Math.max(1, Math.round(width * scale)) };
}

/** @returns a smaller bitmap, or a copy of `source`; the caller owns it */
function shrinkBitmap(source: ImageBitmap | ImageData, maxSidePx: number): Promise<ImageBitmap> {
  const { height, width } = shrunkSize(source, maxSidePx);
  if (height === source.height && width === source.width) return createImageBitmap(source);
  return createImageBitmap(source, { resizeHeight: height, resizeWidth: width, resizeQuality: 'high' });
}

/** Turns the picture upright. Consumes the bitmap. */
function turnBitmap(bitmap: ImageBitmap, orientation: Orientation): ImageBitmap {
  if (orientation === 1) return bitmap;
  const { height, width } = uprightSize(bitmap, orientation);
  const canvas = new OffscreenCanvas(width, height);
  const context = contextOf(canvas);
  context.setTransform(...uprightTransform(bitmap, orientation));
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return canvas.transferToImageBitmap();
}

function openBitmap(
  bitmap: ImageBitmap,
  facts: ImageFacts,
  { orientation, mayBeTransparent }: StoredImage,
): DecodedPhoto {
  const { height, width } = bitmap;
  const { notices } = facts;
  return {
    sizePx: uprightSize(bitmap, orientation),
    notices,
    async readPixels() {
      const { read, accuracy } = await pixelReader();
      if (accuracy === 'hidden') return fail({ code: 'pixels-hidden' });
      const { values, wasTransparent } = await readOverWhite(read, bitmap);
      // If WebKit cannot decode, it returns a transparent picture and no error.
      if (wasTransparent && !mayBeTransparent) return fail(undecodable(facts));
      const more: PhotoNotice[] = [
        ...(wasTransparent ? (['alpha-flattened'] as const) : []),
        ...(accuracy === 'altered' ? (['pixels-altered'] as const) : []),
      ];
      const pixels = turnUpright({ height, width, channels: 4, values }, orientation);
      return succeed({ pixels, notices: [...notices, ...more] });
    },
    drawForScreen: async (maxSidePx) => turnBitmap(await shrinkBitmap(bitmap, maxSidePx), orientation),
    close: () => bitmap.close(),
  };
}

/** Opens decoded pixels as a photograph. */
function openPixels(pixels: PixelGrid, notices: readonly PhotoNotice[]): DecodedPhoto {
  const { height, width } = pixels;
  const wasTransparent = layOnWhite(pixels);
  return {
    sizePx: { height, width },
    notices,
    readPixels: () =>
      Promise.resolve(
        succeed({ pixels, notices: wasTransparent ? [...notices, 'alpha-flattened' as const] : notices }),
      ),
    drawForScreen: (maxSidePx) =>
      shrinkBitmap(new ImageData(new Uint8ClampedArray(pixels.values), width, height), maxSidePx),
    close: () => {},
  };
}

/** @returns null if the browser cannot decode it */
async function openCoded(
  format: CodedFormat,
  bytes: Uint8Array<ArrayBuffer>,
  facts: ImageFacts,
): Promise<DecodedPhoto | null> {
  const stored = await storedImage(format, bytes);
  if (stored.isCut === true) return null;
  // In one piece, since Firefox decides by the first part of a Blob what it is: a camera's JPEG without its EXIF would begin with a part of
  // two bytes. The type is from the content, since a file name may be wrong.
  const file = new Blob([joinBytes(stored.parts)], { type: `image/${format === 'jpg' ? 'jpeg' : format}` });
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: 'none' }).catch(() => null);
  if (bitmap === null) return null;
  const notices: PhotoNotice[] = [...facts.notices];
  if (stored.hasOtherColours) notices.push('colours-as-stored');
  if (notices.includes('cmyk-converted') && !(await convertsCmykPlainly())) notices.push('cmyk-by-browser');
  return openBitmap(bitmap, { ...facts, notices }, stored);
}

/** Opens a file of a format that is decoded here. @returns null if its pixels cannot be decoded */
function openOwn(
  format: Exclude<DecodableFormat, CodedFormat>,
  bytes: Uint8Array,
  { notices }: ImageFacts,
): DecodedPhoto | null {
  const grid = format === 'gif' ? decodeGif(bytes) : decodeBmp(bytes);
  return grid && openPixels(grid, notices);
}

/** Inspects the file and decodes it. @returns the photograph, or a failure if the file cannot be used */
export async function openPhoto(photo: Blob): Promise<Result<DecodedPhoto, Failure>> {
  const bytes = await readBytes(photo);
  if (!bytes.ok) return bytes;
  const facts = inspectImage(bytes.value);
  if (!facts.ok) return facts;
  const { format } = facts.value;
  const isOwn = format === 'gif' || format === 'bmp';
  const decoded = isOwn
    ? openOwn(format, bytes.value, facts.value)
    : await openCoded(format, bytes.value, facts.value);
  return decoded === null ? fail(undecodable(facts.value)) : succeed(decoded);
}
