/**
 * EXIF as ImageMagick kept it before PNG had a chunk for it: hexadecimal digits in a text, behind three lines of the kind and the
 * length. Pillow's `exif_transpose` follows the kind `exif` and no other, such as `APP1`.
 */
import { inflate } from '../core/inflate.ts';
import { ascii } from './image-file.ts';

const keyword = 'Raw profile type exif\0';

/** As in Pillow. EXIF has at most 64 kB, in a JPEG. */
const mostText = 1024 * 1024;

/** @returns the text of a tEXt or zTXt with this keyword; null for others, and where it cannot be unpacked */
async function textOf(type: string, data: Uint8Array): Promise<string | null> {
  if (ascii(data, 0, keyword.length) !== keyword) return null;
  const rest = data.subarray(keyword.length);
  if (type === 'tEXt') return rest.length > mostText ? null : new TextDecoder('latin1').decode(rest);
  // The compression method, of which there is one.
  if (rest[0] !== 0) return null;
  const unpacked = await inflate(
    new Blob([rest.subarray(1) as Uint8Array<ArrayBuffer>]),
    'deflate',
    mostText,
  );
  return unpacked && new TextDecoder('latin1').decode(unpacked);
}

/** @param chunks of the whole file; of several the last one counts @returns null where there is none that can be read */
export async function exifOfTexts(
  chunks: readonly { readonly type: string; readonly data: Uint8Array }[],
): Promise<Uint8Array | null> {
  for (const { type, data } of chunks.toReversed()) {
    if (type !== 'tEXt' && type !== 'zTXt') continue;
    const text = await textOf(type, data);
    if (text === null) continue;
    const digits = text.split('\n').slice(3).join('').replace(/\s/g, '');
    if (!/^([0-9a-f]{2})*$/i.test(digits)) return null;
    return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
      parseInt(digits.slice(2 * i, 2 * i + 2), 16),
    );
  }
  return null;
}
