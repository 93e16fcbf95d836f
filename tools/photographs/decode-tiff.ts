/** No browser opens TIFF, but sharp and Pillow do. */
import type { Sharp } from 'sharp';
import type { Failure } from '../../src/core/failure.ts';
import type { PhotoNotice } from '../../src/core/photo.ts';
import { fail, succeed, type Result } from '../../src/core/result.ts';
import { isNearSrgb } from '../../src/media/icc-profile.ts';
import { checkSize } from '../../src/media/inspect-image.ts';
import { type Orientation, readOrientation } from '../../src/media/orientation.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { isTiffCut, readTiffTag, readTiffTags, tiffTags } from '../../src/media/tiff-tags.ts';
import { decodeChannels, openPlain } from './decode-coded.ts';

export interface StoredPixels {
  readonly pixels: PixelGrid;
  readonly notices: readonly PhotoNotice[];
  readonly orientation: Orientation;
}

/** Compressions by their names, where sharp may not know them. */
const compressions: ReadonlyMap<number, string> = new Map([
  [6, 'Old-style JPEG'],
  [34_712, 'JPEG 2000'],
  [34_887, 'LERC'],
  [34_925, 'LZMA'],
  [50_000, 'ZSTD'],
  [50_002, 'JPEG XL'],
]);

/** Those that sharp knows: none, three of fax, LZW, JPEG, deflate by two numbers, PackBits and WebP. */
const known = new Set([1, 2, 3, 4, 5, 7, 8, 32_773, 32_946, 50_001]);

const unsupported = (format: string): Failure => ({ code: 'unsupported-image', format });

/** @returns why it has no pixels, after the decoder gave none */
function whyUndecodable(bytes: Uint8Array): Failure {
  if (isTiffCut(bytes)) return { code: 'damaged-image', format: 'tiff', problem: 'truncated' };
  const compression = readTiffTag(bytes, tiffTags.compression);
  return compression === null || known.has(compression)
    ? { code: 'damaged-image', format: 'tiff', problem: 'undecodable' }
    : unsupported(`${compressions.get(compression) ?? 'unusually'} compressed TIFF`);
}

/** Sample formats by their numbers; 1 is whole numbers without a sign, 4 is unknown. Source: TIFF 6.0, section 19. */
const sampleKinds: ReadonlyMap<number, string> = new Map([
  [2, 'signed-integer TIFF'],
  [3, 'floating-point TIFF'],
  [5, 'complex-number TIFF'],
  [6, 'complex-number TIFF'],
]);

/** Kinds of colours by their numbers: not red, green and blue, nor inks. Sources: TIFF 6.0, section 23; its supplement 2; libtiff. */
const otherColours: ReadonlyMap<number, string> = new Map([
  ...[8, 9, 10].map((number) => [number, 'CIELAB TIFF'] as const),
  ...[32_844, 32_845].map((number) => [number, 'LogLuv TIFF'] as const),
]);

/** Bits of a value that sharp knows. */
const knownBits = new Set([1, 2, 4, 8, 16]);

/** Luma and two differences. sharp makes red, green and blue of them only where JPEG compressed them; else it takes them for these. */
const lumaAndChroma = 6;
const jpegCompressions = new Set([6, 7]);

/** @returns a kind of TIFF of which nothing says which numbers are black and white, or which inks, or of other colours; null for all others */
function unsupportedKind(bytes: Uint8Array): string | null {
  const colours = readTiffTag(bytes, tiffTags.colours);
  const kind =
    otherColours.get(colours ?? 0) ?? sampleKinds.get(readTiffTag(bytes, tiffTags.sampleFormat) ?? 1);
  if (kind !== undefined) return kind;
  const bits = Math.max(...readTiffTags(bytes, tiffTags.bits), 1);
  if (!knownBits.has(bits)) return `${bits}-bit TIFF`;
  if (colours === lumaAndChroma && !jpegCompressions.has(readTiffTag(bytes, tiffTags.compression) ?? 1))
    return 'YCbCr TIFF';
  return colours === 5 && readTiffTag(bytes, tiffTags.inks) === 2 ? 'spot-colour TIFF' : null;
}

/**
 * @returns which channel is transparency, where 1 is the last one, by what the file says of those behind its colours; of a fourth of
 * which it says nothing Pillow takes that it is
 */
function findAlpha(bytes: Uint8Array, channels: number, hasAlpha: boolean): number | null {
  const extra = readTiffTags(bytes, tiffTags.extraSamples);
  if (extra.length === 0) return hasAlpha && channels === 4 ? 1 : null;
  const at = extra.findIndex((meaning) => meaning === 1 || meaning === 2);
  return at < 0 ? null : extra.length - at;
}

/** A TIFF is itself what EXIF is made of, with the same tag for its orientation. */
export async function decodeTiff(bytes: Uint8Array): Promise<Result<StoredPixels, Failure>> {
  const [height, width] = [readTiffTag(bytes, tiffTags.height), readTiffTag(bytes, tiffTags.width)];
  if (height === null || width === null || height === 0 || width === 0) return fail(whyUndecodable(bytes));
  const size = checkSize({ height, width });
  if (!size.ok) return size;
  const kind = unsupportedKind(bytes);
  if (kind !== null) return fail(unsupported(kind));
  const open = (): Sharp => openPlain(bytes, 'error');
  const facts = await open()
    .metadata()
    .catch(() => null);
  if (facts === null) return fail(whyUndecodable(bytes));
  const { space, depth, icc, channels, hasAlpha } = facts;
  const alphaFromEnd = findAlpha(bytes, channels, hasAlpha);
  const pixels = await decodeChannels(open(), { space, depth, alphaFromEnd }).catch(() => null);
  if (pixels === null) return fail(whyUndecodable(bytes));
  const notices: PhotoNotice[] = depth === 'uchar' ? [] : ['sixteen-bit-reduced'];
  if (space === 'cmyk') notices.push('cmyk-converted');
  if (icc !== undefined && !isNearSrgb(icc)) notices.push('colours-as-stored');
  return succeed({ pixels, notices, orientation: readOrientation(bytes) });
}
