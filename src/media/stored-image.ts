/**
 * The same rule for all decoders (ADR 3): pixels as they are stored, as Pillow gives them to the official scripts. Browsers and sharp
 * handle colour profiles, gamma and EXIF orientation differently. So these are removed from the file before it is decoded. The
 * orientation is then applied here, in the page and on the command line.
 */
import { storedAvif } from './avif-file.ts';
import type { StoredImage } from './image-file.ts';
import type { DecodableFormat } from './inspect-image.ts';
import { storedJpeg } from './jpeg-file.ts';
import { storedPng } from './png-file.ts';
import { storedWebp } from './webp-file.ts';

/** Formats that need a decoder; GIF and BMP are decoded here. */
export type CodedFormat = Exclude<DecodableFormat, 'gif' | 'bmp'>;

/** @param bytes the whole file, which `inspectImage` has found to be complete and of this format */
export async function storedImage(format: CodedFormat, bytes: Uint8Array): Promise<StoredImage> {
  switch (format) {
    case 'jpg':
      return storedJpeg(bytes);
    case 'png':
      return storedPng(bytes);
    case 'webp':
      return storedWebp(bytes);
    case 'avif':
      return storedAvif(bytes);
  }
}
