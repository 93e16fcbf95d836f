/**
 * Looks at a file's bytes before any decoder does: what it is, how large it is, whether it is whole.
 * Browsers show half of a truncated photograph without a word and try to decode 400 megapixels; we say so first.
 */
import { imageSize } from 'image-size';
import type { Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { fail, succeed, type Result } from '../core/result.ts';

export interface ImageFacts {
  /** 'jpg', 'png', 'webp', 'gif', 'bmp', 'avif', 'heic' … */
  readonly format: string;
  /** As stored, before EXIF orientation, in px. */
  readonly storedSizePx: Size;
  readonly notices: readonly PhotoNotice[];
}

/** RGBA pixels of this many take 400 MB while they are resampled; and canvases end at 16384 px a side. */
const limitMegapixels = 100;
const limitSidePx = 16384;
/** Smaller than the smallest patch in use: nothing could be seen. */
const minSidePx = 8;

/** What browsers decode. */
const decodableFormats = ['jpg', 'png', 'webp', 'gif', 'bmp', 'avif'] as const;
type DecodableFormat = (typeof decodableFormats)[number];

const isDecodable = (format: string): format is DecodableFormat =>
  (decodableFormats as readonly string[]).includes(format);

interface Findings {
  /** As stored; null where the header does not tell. */
  readonly sizePx: Size | null;
  readonly complete: boolean;
  readonly notices: readonly PhotoNotice[];
}

const ascii = (bytes: Uint8Array, begin: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(begin, begin + length));

/** @returns the size by image-size, or null where it finds none */
function readSize(bytes: Uint8Array): Size | null {
  try {
    const { height, width } = imageSize(bytes);
    return { height, width };
  } catch {
    return null;
  }
}

/**
 * JPEG: walk from marker to marker, over the scans too, up to the end of the image. In scans FF is stuffed (FF 00), so every
 * other FF is a marker; what a thumbnail in the metadata holds is jumped over with its segment. The size is read here and
 * not by image-size, which gives up on a photograph whose EXIF data is askew.
 */
function inspectJpeg(bytes: Uint8Array): Findings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sizePx: Size | null = null;
  let components = 3;
  let isEnded = false;
  for (let offset = 2; offset + 1 < bytes.length && !isEnded;) {
    const marker = bytes[offset + 1] ?? 0;
    if (bytes[offset] !== 0xff || marker === 0xff) {
      offset++; // a scan's data, or a fill byte
      continue;
    }
    isEnded = marker === 0xd9;
    // Stuffing, TEM, restarts and start of image stand alone; all others have a length.
    if (marker <= 0x01 || (marker >= 0xd0 && marker <= 0xd9)) {
      offset += 2;
      continue;
    }
    // Start of frame: C0–CF but for DHT (C4), JPG (C8) and DAC (CC).
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (isFrame && offset + 10 <= bytes.length) {
      sizePx = { height: view.getUint16(offset + 5), width: view.getUint16(offset + 7) };
      components = bytes[offset + 9] ?? 3;
    }
    offset += 2 + (offset + 4 <= bytes.length ? view.getUint16(offset + 2) : 2);
  }
  return { sizePx, complete: isEnded, notices: components === 4 ? ['cmyk-converted'] : [] };
}

/** PNG: walk the chunks; bit depth is in IHDR, acTL means animation, IEND closes. */
function inspectPng(bytes: Uint8Array): Findings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notices: PhotoNotice[] = [];
  for (let offset = 8; offset + 12 <= bytes.length;) {
    const length = view.getUint32(offset);
    const type = ascii(bytes, offset + 4, 4);
    if (type === 'IHDR' && bytes[offset + 16] === 16) notices.push('sixteen-bit-reduced');
    if (type === 'acTL' && view.getUint32(offset + 8) > 1) notices.push('animation-first-frame');
    if (type === 'IEND') return { sizePx: readSize(bytes), complete: true, notices };
    offset += 12 + length;
  }
  return { sizePx: readSize(bytes), complete: false, notices };
}

/** GIF: walk the blocks, count the images, stop at the trailer. */
function inspectGif(bytes: Uint8Array): Findings {
  const colourTableBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  const skipSubBlocks = (start: number): number => {
    let offset = start;
    for (let length = bytes[offset]; length; length = bytes[offset]) offset += 1 + length;
    return offset + 1;
  };
  let images = 0;
  let offset = 13 + colourTableBytes(bytes[10] ?? 0);
  while (offset < bytes.length) {
    const block = bytes[offset];
    if (block === 0x21) offset = skipSubBlocks(offset + 2);
    else if (block === 0x2c) {
      images++;
      offset = skipSubBlocks(offset + 10 + colourTableBytes(bytes[offset + 9] ?? 0) + 1);
    } else break;
  }
  return {
    sizePx: readSize(bytes),
    complete: bytes[offset] === 0x3b,
    notices: images > 1 ? ['animation-first-frame'] : [],
  };
}

/** WebP: the RIFF header says how long the file is; the extended header has an animation flag. */
function inspectWebp(bytes: Uint8Array): Findings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const animated = ascii(bytes, 12, 4) === 'VP8X' && ((bytes[20] ?? 0) & 2) !== 0;
  return {
    sizePx: readSize(bytes),
    complete: view.getUint32(4, true) + 8 <= bytes.length,
    notices: animated ? ['animation-first-frame'] : [],
  };
}

/** BMP: the size stands in one of two header versions. Whether the pixels are all there, the decoder will tell. */
function inspectBmp(bytes: Uint8Array): Findings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let sizePx: Size | null = null;
  if (bytes.length >= 26)
    sizePx =
      bytes[14] === 12
        ? { height: view.getUint16(20, true), width: view.getUint16(18, true) }
        : { height: Math.abs(view.getInt32(22, true)), width: view.getInt32(18, true) };
  return { sizePx, complete: bytes.length >= 26, notices: [] };
}

/** AVIF: walk the outermost boxes to the one with the image's data; what comes after it does not matter. */
function inspectAvif(bytes: Uint8Array): Findings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let complete = false;
  for (let offset = 0; offset + 16 <= bytes.length && !complete;) {
    const size32 = view.getUint32(offset);
    // 1 means that a 64-bit size follows, 0 that the box goes on to the end of the file.
    const size = size32 === 1 ? Number(view.getBigUint64(offset + 8)) : size32 || bytes.length - offset;
    if (size < 8) break;
    complete = ascii(bytes, offset + 4, 4) === 'mdat' && offset + size <= bytes.length;
    offset += size;
  }
  return { sizePx: readSize(bytes), complete, notices: [] };
}

function inspectFormat(format: DecodableFormat, bytes: Uint8Array): Findings {
  switch (format) {
    case 'jpg':
      return inspectJpeg(bytes);
    case 'png':
      return inspectPng(bytes);
    case 'gif':
      return inspectGif(bytes);
    case 'webp':
      return inspectWebp(bytes);
    case 'bmp':
      return inspectBmp(bytes);
    case 'avif':
      return inspectAvif(bytes);
  }
}

/** The lengths that the header of a BMP can have, oldest first. Two letters alone would make a bitmap of 'BMW'. */
const bmpHeaderLengths = new Set([12, 40, 52, 56, 64, 108, 124]);

const heicBrands = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'];

/** AVIF and HEIC begin with a list of brands, the main one first. @returns the format, or null for films and the rest */
function formatOfBrands(bytes: Uint8Array): string | null {
  const boxLength = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const list = ascii(bytes, 8, Math.min(boxLength, 256) - 8);
  const brands: readonly string[] = list.match(/.{4}/gs) ?? [];
  if (brands[0] === 'avis') return 'animated avif'; // image-size finds no size in it
  if (brands.includes('avif')) return 'avif';
  return brands.some((brand) => heicBrands.includes(brand)) ? 'heic' : null;
}

/** Whether a text begins as an SVG drawing does: an XML declaration and comments may come first, other elements not. */
function isSvg(bytes: Uint8Array): boolean {
  let text = new TextDecoder().decode(bytes.subarray(0, 16_384)).trimStart();
  for (;;) {
    const closing = text.startsWith('<?') ? '?>' : text.startsWith('<!--') ? '-->' : null;
    if (closing === null) return /^<(!doctype\s+)?svg[\s>]/i.test(text);
    const end = text.indexOf(closing);
    if (end < 0) return false;
    text = text.slice(end + closing.length).trimStart();
  }
}

/** @returns the format by its leading bytes, so that a file whose header is cut short still gets its name; or null */
function recogniseFormat(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'jpg';
  if (bytes[0] === 0x89 && ascii(bytes, 1, 3) === 'PNG') return 'png';
  if (ascii(bytes, 0, 4) === 'GIF8') return 'gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return 'webp';
  if (ascii(bytes, 0, 2) === 'BM' && bmpHeaderLengths.has(bytes[14] ?? 0) && bytes[15] === 0) return 'bmp';
  if (['II*\0', 'MM\0*'].includes(ascii(bytes, 0, 4))) return 'tiff';
  if (ascii(bytes, 4, 4) === 'ftyp') return formatOfBrands(bytes);
  return isSvg(bytes) ? 'svg' : null;
}

/** What is no photograph by its leading bytes may still be an image of a rarer kind, whose name image-size knows. */
function nameOtherFormat(bytes: Uint8Array): string | null {
  try {
    const { type = '', height, width } = imageSize(bytes);
    // Formats with little or nothing to know them by claim texts and zeros too.
    return isDecodable(type) || type === 'svg' || !(height > 0 && width > 0) ? null : type.replace(/-.*/, '');
  } catch {
    return null;
  }
}

/** @param bytes the whole file */
export function inspectImage(bytes: Uint8Array): Result<ImageFacts, Failure> {
  if (bytes.length === 0) return fail({ code: 'empty-file' });
  const format = recogniseFormat(bytes) ?? nameOtherFormat(bytes);
  if (format === null) return fail({ code: 'not-an-image' });
  if (format === 'svg') return fail({ code: 'vector-image' });
  if (!isDecodable(format)) return fail({ code: 'unsupported-image', format });
  const { sizePx: size, complete, notices } = inspectFormat(format, bytes);
  if (size === null)
    return fail({ code: 'damaged-image', format, problem: complete ? 'undecodable' : 'truncated' });
  if (size.height * size.width > limitMegapixels * 1e6 || Math.max(size.height, size.width) > limitSidePx)
    return fail({ code: 'image-too-large', size, limitMegapixels, limitSidePx });
  if (Math.min(size.height, size.width) < minSidePx)
    return fail({ code: 'image-too-small', size, minSidePx });
  if (!complete) return fail({ code: 'damaged-image', format, problem: 'truncated' });
  return succeed({ format, storedSizePx: size, notices });
}
