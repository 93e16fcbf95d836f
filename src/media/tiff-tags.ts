/** Single numbers of a TIFF's first directory, which is also what EXIF consists of. Source: TIFF 6.0, section 2. */
import { ascii, viewOf } from './image-file.ts';

export const tiffTags = { subfileType: 0x00fe, colours: 0x0106, orientation: 0x0112 } as const;

const types = { short: 3, long: 4 } as const;

/** @returns where the first directory begins, and the order of bytes; null where it is no TIFF */
function findDirectory(bytes: Uint8Array): { readonly begin: number; readonly isLittle: boolean } | null {
  const order = ascii(bytes, 0, 2);
  if (bytes.length < 8 || (order !== 'II' && order !== 'MM')) return null;
  const isLittle = order === 'II';
  return { begin: viewOf(bytes).getUint32(4, isLittle), isLittle };
}

/** Whether its first directory lies behind the file's end. */
export function isTiffCut(bytes: Uint8Array): boolean {
  const directory = findDirectory(bytes);
  return directory === null || directory.begin + 2 > bytes.length;
}

/** @returns the tag's first value; null where there is no such tag, or where it is no whole number or cannot be read */
export function readTiffTag(bytes: Uint8Array, tag: number): number | null {
  const directory = findDirectory(bytes);
  if (directory === null || isTiffCut(bytes)) return null;
  const { begin, isLittle } = directory;
  const view = viewOf(bytes);
  const entries = view.getUint16(begin, isLittle);
  for (let entry = 0; entry < entries; entry++) {
    const at = begin + 2 + entry * 12;
    if (at + 12 > bytes.length) return null;
    if (view.getUint16(at, isLittle) !== tag) continue;
    switch (view.getUint16(at + 2, isLittle)) {
      case types.short:
        return view.getUint16(at + 8, isLittle);
      case types.long:
        return view.getUint32(at + 8, isLittle);
      default:
        return null;
    }
  }
  return null;
}
