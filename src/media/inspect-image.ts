/**
 * Inspects a file's bytes before it is decoded: its format, its size, and whether it is complete. Browsers show half of a truncated
 * photograph without an error, and try to decode 400 megapixels.
 */
import { imageSize } from 'image-size';
import type { Failure } from '../core/failure.ts';
import type { Size } from '../core/geometry.ts';
import { archiveHeadBytes, kindOfArchive } from '../core/kind-of-archive.ts';
import type { PhotoNotice } from '../core/photo.ts';
import { recogniseFile } from '../core/recognise-file.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { inspectAvif } from './avif-file.ts';
import { inspectBmp } from './bmp-file.ts';
import { inspectGif } from './gif-file.ts';
import { ascii, type Findings, viewOf } from './image-file.ts';
import { inspectJpeg } from './jpeg-file.ts';
import { inspectPng } from './png-file.ts';
import { hasFurtherDirectory, readTiffTag, tiffTags } from './tiff-tags.ts';
import { inspectWebp } from './webp-file.ts';

export interface ImageFacts {
  readonly format: DecodableFormat;
  /** As stored, before EXIF orientation, in px. */
  readonly storedSizePx: Size;
  readonly notices: readonly PhotoNotice[];
  /** A kind of the format that most decoders do not know: where it cannot be decoded, it need not be damaged. */
  readonly variant?: string;
}

/** RGBA pixels of this size take 400 MB during resampling. Canvases are limited to 16384 px on a side. */
const limitMegapixels = 100;
const limitSidePx = 16384;
/** Photographs must have at least the size of the smallest patch in use. */
const minSidePx = 8;

/** Formats that browsers decode. */
const decodableFormats = ['jpg', 'png', 'webp', 'gif', 'bmp', 'avif'] as const;
export type DecodableFormat = (typeof decodableFormats)[number];

const isDecodable = (format: string): format is DecodableFormat =>
  (decodableFormats as readonly string[]).includes(format);

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

/**
 * The possible lengths of a BMP's header, oldest first. Without this check every text that begins with 'BM' would count as a BMP.
 */
const bmpHeaderLengths = new Set([12, 40, 52, 56, 64, 108, 124]);

const heicBrands = ['heic', 'heix', 'heim', 'heis', 'hevc', 'hevx', 'mif1', 'msf1'];

/** AVIF and HEIC begin with a list of brands, the main one first. @returns the format; null for videos and other files */
function formatOfBrands(bytes: Uint8Array): string | null {
  const boxLength = viewOf(bytes).getUint32(0);
  const list = ascii(bytes, 8, Math.min(boxLength, 256) - 8);
  const brands: readonly string[] = list.match(/.{4}/gs) ?? [];
  if (brands[0] === 'avis') return 'animated AVIF'; // image-size finds no size in it
  if (brands.includes('avif')) return 'avif';
  return brands.some((brand) => heicBrands.includes(brand)) ? 'heic' : null;
}

/** Whether a text begins like an SVG file. An XML declaration and comments may come first, but no other elements. */
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

/** What a TIFF with a sensor's own values says of its colours. */
const sensorColours: readonly (number | null)[] = [32_803, 34_892];

/**
 * Cameras' raw data may be a TIFF with further parts; its first picture is then a small preview, which must not be taken
 * for the photograph. A picture that is alone in its file is the photograph, whatever it calls itself.
 */
const isCameraRaw = (tiff: Uint8Array): boolean =>
  recogniseFile(tiff)?.picture === 'camera raw' ||
  sensorColours.includes(readTiffTag(tiff, tiffTags.colours)) ||
  (((readTiffTag(tiff, tiffTags.subfileType) ?? 0) & 1) === 1 && hasFurtherDirectory(tiff));

/** In either order of bytes; BigTIFF too. */
const tiffSigns: readonly string[] = ['II*\0', 'MM\0*', 'II+\0', 'MM\0+'];

/** @returns the format from the first bytes, which also works for a truncated header; null if unknown */
function recogniseFormat(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'jpg';
  if (bytes[0] === 0x89 && ascii(bytes, 1, 3) === 'PNG') return 'png';
  if (ascii(bytes, 0, 4) === 'GIF8') return 'gif';
  if (ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP') return 'webp';
  if (ascii(bytes, 0, 2) === 'BM' && bmpHeaderLengths.has(bytes[14] ?? 0) && bytes[15] === 0) return 'bmp';
  if (tiffSigns.includes(ascii(bytes, 0, 4))) return isCameraRaw(bytes) ? 'camera raw' : 'tiff';
  if (ascii(bytes, 4, 4) === 'ftyp') return formatOfBrands(bytes);
  return isSvg(bytes) ? 'svg' : null;
}

/** Names rarer image formats, by image-size. */
function nameOtherFormat(bytes: Uint8Array): string | null {
  try {
    const { type = '', height, width } = imageSize(bytes);
    // Formats with a weak signature or none also match texts and zeros.
    return isDecodable(type) || type === 'svg' || !(height > 0 && width > 0) ? null : type.replace(/-.*/, '');
  } catch {
    return null;
  }
}

/** What need not be unpacked. */
const archives = { checkpoint: 'a checkpoint', run: 'a training run' } as const;

/** @returns the size, or a failure if a photograph of this size cannot be used */
export function checkSize(size: Size): Result<Size, Failure> {
  if (size.height * size.width > limitMegapixels * 1e6 || Math.max(size.height, size.width) > limitSidePx)
    return fail({ code: 'image-too-large', size, limitMegapixels, limitSidePx });
  if (Math.min(size.height, size.width) < minSidePx)
    return fail({ code: 'image-too-small', size, minSidePx });
  return succeed(size);
}

/** @param bytes the whole file */
export function inspectImage(bytes: Uint8Array): Result<ImageFacts, Failure> {
  if (bytes.length === 0) return fail({ code: 'empty-file' });
  const format = recogniseFormat(bytes) ?? nameOtherFormat(bytes);
  if (format === null) {
    const archive = kindOfArchive(bytes.subarray(0, archiveHeadBytes));
    if (archive !== null) return fail({ code: 'not-an-image', what: archives[archive] });
    const other = recogniseFile(bytes);
    if (other === null) return fail({ code: 'not-an-image' });
    const { what, picture } = other;
    return fail(
      picture === undefined ? { code: 'not-an-image', what } : { code: 'unsupported-image', format: picture },
    );
  }
  if (format === 'svg') return fail({ code: 'vector-image' });
  if (!isDecodable(format)) return fail({ code: 'unsupported-image', format });
  const { sizePx: size, complete, notices, variant } = inspectFormat(format, bytes);
  // A picture without rows or columns is none.
  if (size === null || size.height === 0 || size.width === 0)
    return fail({ code: 'damaged-image', format, problem: complete ? 'undecodable' : 'truncated' });
  const checked = checkSize(size);
  if (!checked.ok) return checked;
  if (!complete) return fail({ code: 'damaged-image', format, problem: 'truncated' });
  return succeed({ format, storedSizePx: size, notices, ...(variant === undefined ? {} : { variant }) });
}

/** @returns why a file that was inspected has no pixels */
export const undecodable = ({ format, variant }: Pick<ImageFacts, 'format' | 'variant'>): Failure =>
  variant === undefined
    ? { code: 'damaged-image', format, problem: 'undecodable' }
    : { code: 'unsupported-image', format: variant };
