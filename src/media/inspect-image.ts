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

/** What browsers and the command line both decode. */
const decodableFormats = new Set(['jpg', 'png', 'webp', 'gif', 'bmp', 'avif']);

interface Findings {
  readonly complete: boolean;
  readonly notices: readonly PhotoNotice[];
}

const ascii = (bytes: Uint8Array, begin: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(begin, begin + length));

/** JPEG: walk the marker segments to the first scan, note the frame's components, then look for the end marker. */
function inspectJpeg(bytes: Uint8Array): Findings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let components = 3;
  let offset = 2;
  while (offset + 4 <= bytes.length) {
    if (bytes[offset] !== 0xff) break;
    const marker = bytes[offset + 1] ?? 0;
    if (marker === 0xff) {
      offset++; // fill byte
      continue;
    }
    // Start of frame: C0–CF but for DHT (C4), JPG (C8) and DAC (CC); the component count is its tenth byte.
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc)
      components = bytes[offset + 9] ?? 3;
    if (marker === 0xda) {
      // In entropy-coded data FF is always stuffed, so FF D9 after the first scan begins is the end of the image.
      for (let i = offset + 2; i + 1 < bytes.length; i++) {
        if (bytes[i] === 0xff && bytes[i + 1] === 0xd9)
          return { complete: true, notices: components === 4 ? ['cmyk-converted'] : [] };
      }
      break;
    }
    offset += 2 + view.getUint16(offset + 2);
  }
  return { complete: false, notices: [] };
}

/** PNG: walk the chunks; bit depth is in IHDR, acTL means animation, IEND closes. */
function inspectPng(bytes: Uint8Array): Findings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const notices: PhotoNotice[] = [];
  for (let offset = 8; offset + 12 <= bytes.length;) {
    const length = view.getUint32(offset);
    const type = ascii(bytes, offset + 4, 4);
    if (type === 'IHDR' && bytes[offset + 16] === 16) notices.push('sixteen-bit-reduced');
    if (type === 'acTL' && offset + 12 <= bytes.length && view.getUint32(offset + 8) > 1)
      notices.push('animation-first-frame');
    if (type === 'IEND') return { complete: true, notices };
    offset += 12 + length;
  }
  return { complete: false, notices };
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
  return { complete: bytes[offset] === 0x3b, notices: images > 1 ? ['animation-first-frame'] : [] };
}

/** WebP: the RIFF header says how long the file is; the extended header has an animation flag. */
function inspectWebp(bytes: Uint8Array): Findings {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const animated = ascii(bytes, 12, 4) === 'VP8X' && ((bytes[20] ?? 0) & 2) !== 0;
  return {
    complete: view.getUint32(4, true) + 8 <= bytes.length,
    notices: animated ? ['animation-first-frame'] : [],
  };
}

function inspectFormat(format: string, bytes: Uint8Array): Findings {
  switch (format) {
    case 'jpg':
      return inspectJpeg(bytes);
    case 'png':
      return inspectPng(bytes);
    case 'gif':
      return inspectGif(bytes);
    case 'webp':
      return inspectWebp(bytes);
    default:
      return { complete: true, notices: [] }; // the decoder will tell
  }
}

/**
 * A first guess by the leading bytes, so that a file whose header is cut short still gets its name.
 * @returns the format, or null
 */
function guessFormat(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff) return 'jpg';
  if (ascii(bytes, 1, 3) === 'PNG' && bytes[0] === 0x89) return 'png';
  if (ascii(bytes, 0, 4) === 'GIF8') return 'gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return 'webp';
  return null;
}

/** @param bytes the whole file */
export function inspectImage(bytes: Uint8Array): Result<ImageFacts, Failure> {
  if (bytes.length === 0) return fail({ code: 'empty-file' });
  const guess = guessFormat(bytes);
  let header: ReturnType<typeof imageSize>;
  try {
    header = imageSize(bytes);
  } catch {
    return guess === null
      ? fail({ code: 'not-an-image' })
      : fail({ code: 'damaged-image', format: guess, problem: 'truncated' });
  }
  const format = guess ?? header.type ?? 'unknown';
  if (format === 'svg') return fail({ code: 'vector-image' });
  if (!decodableFormats.has(format)) return fail({ code: 'unsupported-image', format });
  const size = { height: header.height, width: header.width };
  if (size.height * size.width > limitMegapixels * 1e6 || Math.max(size.height, size.width) > limitSidePx)
    return fail({ code: 'image-too-large', size, limitMegapixels, limitSidePx });
  if (Math.min(size.height, size.width) < minSidePx)
    return fail({ code: 'image-too-small', size, minSidePx });
  const { complete, notices } = inspectFormat(format, bytes);
  if (!complete) return fail({ code: 'damaged-image', format, problem: 'truncated' });
  return succeed({ format, storedSizePx: size, notices });
}
