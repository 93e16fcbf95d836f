/**
 * One rule for every decoder (ADR 3): pixels as they are stored, as Pillow gives them to the official scripts.
 * Browsers and sharp handle colour profiles, gamma and EXIF orientation differently. So these are taken out of the
 * file before it is decoded, and applied here, for the page and the command line alike.
 */
import { storedAvif } from './avif-file.ts';
import type { StoredImage } from './image-file.ts';
import type { DecodableFormat } from './inspect-image.ts';
import { storedJpeg } from './jpeg-file.ts';
import { storedPng } from './png-file.ts';
import { storedWebp } from './webp-file.ts';

/** Those that a decoder is needed for; GIF and BMP are decoded here. */
export type CodedFormat = Exclude<DecodableFormat, 'gif' | 'bmp'>;

/** @param bytes the whole file, which `inspectImage` has found to be of this format and whole */
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
