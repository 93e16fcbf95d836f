/** What is read from a photograph's file before a decoder sees it. One module a format does the reading. */
import { imageSize } from 'image-size';
import type { Size } from '../core/geometry.ts';
import type { PhotoNotice } from '../core/photo.ts';
import type { Orientation } from './orientation.ts';

export interface Findings {
  /** As stored; null where the header does not tell. */
  readonly sizePx: Size | null;
  readonly complete: boolean;
  readonly notices: readonly PhotoNotice[];
}

/**
 * A file that every decoder reads alike: what says how the pixels are turned and how their colours are meant has been taken out,
 * so the pixels come out as they are stored.
 */
export interface StoredImage {
  /** The file, piece after piece; borrows the original's bytes. */
  readonly parts: readonly Uint8Array[];
  /** How the stored pixels must be turned. */
  readonly orientation: Orientation;
  /** The file states other colours than sRGB's, which was taken out before decoding. */
  readonly hasOtherColours: boolean;
  /** False where the format or the file has no transparency: pixels that come out transparent were not decoded. */
  readonly mayBeTransparent: boolean;
}

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const ascii = (bytes: Uint8Array, begin: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(begin, begin + length));

/** The bytes without the ranges that are left out. @param leftOut in the order they lie in, none inside another */
export function without(
  bytes: Uint8Array,
  leftOut: readonly { readonly begin: number; readonly end: number }[],
): Uint8Array[] {
  const parts: Uint8Array[] = [];
  let from = 0;
  for (const { begin, end } of leftOut) {
    if (begin > from) parts.push(bytes.subarray(from, begin));
    from = Math.min(end, bytes.length);
  }
  if (from < bytes.length) parts.push(bytes.subarray(from));
  return parts;
}

/** @returns the size by image-size, or null where it finds none */
export function readSize(bytes: Uint8Array): Size | null {
  try {
    const { height, width } = imageSize(bytes);
    return { height, width };
  } catch {
    return null;
  }
}
