/** A photograph in Node: the same inspection and the same rules as in the page (ADR 3), with sharp as the decoder. */
import { readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import type { Failure } from '../../src/core/failure.ts';
import type { PhotoNotice } from '../../src/core/photo.ts';
import { fail, succeed, type Result } from '../../src/core/result.ts';
import { decodeBmp } from '../../src/media/bmp-file.ts';
import { convertCmyk } from '../../src/media/cmyk.ts';
import { decodeGif } from '../../src/media/gif-file.ts';
import { isNearSrgb } from '../../src/media/icc-profile.ts';
import { checkSize, type DecodableFormat, inspectImage, undecodable } from '../../src/media/inspect-image.ts';
import { type Orientation, readOrientation, turnUpright } from '../../src/media/orientation.ts';
import { layOnWhite, withoutAlpha } from '../../src/media/over-white.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { storedImage } from '../../src/media/stored-image.ts';
import { isTiffCut } from '../../src/media/tiff-tags.ts';

/** RGB: upright, over white, colours as they are stored. */
export interface ReadPhoto extends PixelGrid {
  readonly notices: readonly PhotoNotice[];
}

interface StoredPixels {
  readonly pixels: PixelGrid;
  readonly notices: readonly PhotoNotice[];
  readonly orientation: Orientation;
}

/** Profiles are not applied: sharp would take deep pictures to Display P3 on the way. */
const openPlain = (bytes: Uint8Array): Sharp => sharp(bytes, { failOn: 'truncated', ignoreIcc: true });

async function decodeColours(bytes: Uint8Array, hasAlpha: boolean): Promise<PixelGrid> {
  const picture = openPlain(bytes).toColourspace('srgb');
  const { data, info } = await (hasAlpha ? picture.ensureAlpha() : picture.removeAlpha())
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { height: info.height, width: info.width, channels: hasAlpha ? 4 : 3, values: data };
}

/** sharp converts CMYK by a profile of its own where the file has none. */
async function decodeCmyk(bytes: Uint8Array): Promise<PixelGrid> {
  const { data, info } = await openPlain(bytes)
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  return { height: info.height, width: info.width, channels: 3, values: convertCmyk(data) };
}

async function decodeCoded(bytes: Uint8Array): Promise<PixelGrid> {
  const { space, hasAlpha } = await openPlain(bytes).metadata();
  return space === 'cmyk' ? decodeCmyk(bytes) : decodeColours(bytes, hasAlpha);
}

async function decode(format: DecodableFormat, bytes: Uint8Array): Promise<StoredPixels | null> {
  if (format === 'gif' || format === 'bmp') {
    const pixels = format === 'gif' ? decodeGif(bytes) : decodeBmp(bytes);
    return pixels && { pixels, notices: [], orientation: 1 };
  }
  const { parts, orientation, hasOtherColours, isCut } = await storedImage(format, bytes);
  if (isCut === true) return null;
  const pixels = await decodeCoded(Buffer.concat(parts)).catch(() => null);
  return pixels && { pixels, notices: hasOtherColours ? ['colours-as-stored'] : [], orientation };
}

const damagedTiff = (problem: 'truncated' | 'undecodable'): Failure => ({
  code: 'damaged-image',
  format: 'tiff',
  problem,
});

/** No browser opens TIFF, but sharp and Pillow do. A TIFF is itself what EXIF is made of, with the same tag for its orientation. */
async function decodeTiff(bytes: Uint8Array): Promise<Result<StoredPixels, Failure>> {
  const facts = await openPlain(bytes)
    .metadata()
    .catch(() => null);
  if (facts === null) return fail(damagedTiff(isTiffCut(bytes) ? 'truncated' : 'undecodable'));
  const { height, width, depth, icc } = facts;
  const size = checkSize({ height, width });
  if (!size.ok) return size;
  const pixels = await decodeCoded(bytes).catch(() => null);
  if (pixels === null) return fail(damagedTiff('undecodable'));
  const notices: PhotoNotice[] = depth === 'uchar' ? [] : ['sixteen-bit-reduced'];
  if (icc !== undefined && !isNearSrgb(icc)) notices.push('colours-as-stored');
  return succeed({ pixels, notices, orientation: readOrientation(bytes) });
}

async function inspectAndDecode(bytes: Uint8Array): Promise<Result<StoredPixels, Failure>> {
  const facts = inspectImage(bytes);
  if (!facts.ok) {
    const { error } = facts;
    return error.code === 'unsupported-image' && error.format === 'tiff' ? decodeTiff(bytes) : facts;
  }
  const { format, notices } = facts.value;
  const decoded = await decode(format, bytes);
  if (decoded === null) return fail(undecodable(facts.value));
  return succeed({ ...decoded, notices: [...notices, ...decoded.notices] });
}

/** @returns the photograph, or what is wrong with the file */
export async function readPhoto(path: string): Promise<Result<ReadPhoto, Failure>> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) return fail({ code: 'unreadable-file' });
  const decoded = await inspectAndDecode(bytes);
  if (!decoded.ok) return decoded;
  const { pixels, notices, orientation } = decoded.value;
  const wasTransparent = layOnWhite(pixels);
  return succeed({
    ...turnUpright(withoutAlpha(pixels), orientation),
    notices: wasTransparent ? [...notices, 'alpha-flattened'] : notices,
  });
}
