/** Types and helpers for reading a photograph's file before it is decoded. Each format has a module that reads it. */
import { imageSize } from 'image-size';
import type { Size } from '../core/geometry.ts';
import type { PhotoNotice } from '../core/photo.ts';
import type { Orientation } from './orientation.ts';

export interface Findings {
  /** The stored size; null if it is not in the header. */
  readonly sizePx: Size | null;
  readonly complete: boolean;
  readonly notices: readonly PhotoNotice[];
  /** A kind of the format that most decoders do not know, by its name. */
  readonly variant?: string;
}

/**
 * A file that all decoders read in the same way: orientation and colour information are removed, so that the decoder gives the pixels
 * as they are stored.
 */
export interface StoredImage {
  /** The file in pieces, which are views of the original's bytes. */
  readonly parts: readonly Uint8Array[];
  /** The orientation to apply to the stored pixels. */
  readonly orientation: Orientation;
  /** Whether the file states other colours than sRGB. They were removed before decoding. */
  readonly hasOtherColours: boolean;
  /** False if the format or file has no transparency. Transparent pixels then mean that decoding failed. */
  readonly mayBeTransparent: boolean;
  /** Pixels are missing, which was not to be seen before they were unpacked. */
  readonly isCut?: boolean;
}

export const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const ascii = (bytes: Uint8Array, begin: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(begin, begin + length));

/** The bytes without the ranges `leftOut`. @param leftOut in ascending order, not overlapping */
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

/** @returns the size found by image-size; null if it finds none */
export function readSize(bytes: Uint8Array): Size | null {
  try {
    const { height, width } = imageSize(bytes);
    return { height, width };
  } catch {
    return null;
  }
}
