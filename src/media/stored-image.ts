/**
 * One rule for every decoder (ADR 3): pixels as they are stored, as Pillow gives them to the official scripts. Browsers and sharp each
 * have ways of their own with colour profiles, gamma and EXIF orientation. So none of them gets to see any, and what is to be done is
 * done here, for the page and the command line alike.
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
