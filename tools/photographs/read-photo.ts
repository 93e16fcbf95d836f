/** A photograph in Node: the same inspection and the same rules as in the page (ADR 3), with sharp as the decoder. */
import { readFile } from 'node:fs/promises';
import type { Failure } from '../../src/core/failure.ts';
import type { PhotoNotice } from '../../src/core/photo.ts';
import { fail, succeed, type Result } from '../../src/core/result.ts';
import { decodeBmp } from '../../src/media/bmp-file.ts';
import { decodeGif } from '../../src/media/gif-file.ts';
import { type DecodableFormat, inspectImage, undecodable } from '../../src/media/inspect-image.ts';
import { turnUpright } from '../../src/media/orientation.ts';
import { layOnWhite, withoutAlpha } from '../../src/media/over-white.ts';
import type { PixelGrid } from '../../src/media/resample.ts';
import { storedImage } from '../../src/media/stored-image.ts';
import { decodeChannels, openPlain } from './decode-coded.ts';
import { decodeTiff, type StoredPixels } from './decode-tiff.ts';

/** RGB: upright, over white, colours as they are stored. */
export interface ReadPhoto extends PixelGrid {
  readonly notices: readonly PhotoNotice[];
}

async function decodeCoded(bytes: Uint8Array): Promise<PixelGrid> {
  const { space, depth, hasAlpha } = await openPlain(bytes).metadata();
  return decodeChannels(openPlain(bytes), { space, depth, alphaFromEnd: hasAlpha ? 1 : null });
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
