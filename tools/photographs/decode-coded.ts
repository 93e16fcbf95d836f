/** Files that sharp decodes: pixels as they are stored. */
import sharp, { type Sharp } from 'sharp';
import { convertCmyk } from '../../src/media/cmyk.ts';
import type { PixelGrid } from '../../src/media/resample.ts';

/**
 * What ends the decoding: 'truncated', a file that ends too early; 'error', also what could not be decoded, which is black otherwise. JPEGs that
 * Pillow reads have such errors.
 */
type FailOn = 'truncated' | 'error';

/** Profiles are not applied: sharp would take deep pictures to Display P3 on the way. */
export const openPlain = (bytes: Uint8Array, failOn: FailOn = 'truncated'): Sharp =>
  sharp(bytes, { failOn, ignoreIcc: true });

/** The channels of an opened file. */
interface Channels {
  readonly space: string | undefined;
  readonly depth: string | undefined;
  /** Which one is transparency, where 1 is the last one; null where none is. */
  readonly alphaFromEnd: number | null;
}

/** @param values `channels` for each pixel. @returns only those channels, in their order */
function takeChannels(
  values: Uint8Array,
  channels: number,
  taken: readonly number[],
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = values.length / channels;
  const result = new Uint8ClampedArray(pixels * taken.length);
  for (let pixel = 0; pixel < pixels; pixel++)
    for (const [at, channel] of taken.entries())
      result[pixel * taken.length + at] = values[pixel * channels + channel] as number;
  return result;
}

async function decodeColours(file: Sharp, alphaFromEnd: number | null): Promise<PixelGrid> {
  const picture = file.toColourspace('srgb');
  const { data, info } = await (alphaFromEnd === null ? picture.removeAlpha() : picture.ensureAlpha())
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { height, width, channels } = info;
  const taken = alphaFromEnd === null ? [0, 1, 2] : [0, 1, 2, channels - alphaFromEnd];
  const values = channels === taken.length ? data : takeChannels(data, channels, taken);
  return { height, width, channels: alphaFromEnd === null ? 3 : 4, values };
}

/** sharp converts CMYK by a profile of its own where the file has none, and 16 bits of ink by cutting them off at 255. */
async function decodeCmyk(file: Sharp, { depth, alphaFromEnd }: Channels): Promise<PixelGrid> {
  const isDeep = depth === 'ushort';
  const { data, info } = await file
    .pipelineColourspace('cmyk')
    .toColourspace('cmyk')
    .raw({ depth: isDeep ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const { height, width, channels } = info;
  const inks = isDeep ? highBytes(data) : data;
  const alphaAt = alphaFromEnd === null ? null : channels - alphaFromEnd;
  return { height, width, channels: alphaAt === null ? 3 : 4, values: convertCmyk(inks, channels, alphaAt) };
}

/** @param values of 16 bits, little-endian as all machines are that sharp runs on */
const highBytes = (values: Uint8Array): Uint8Array =>
  Uint8Array.from({ length: values.length / 2 }, (_, at) => values[2 * at + 1] as number);

export const decodeChannels = (file: Sharp, channels: Channels): Promise<PixelGrid> =>
  channels.space === 'cmyk' ? decodeCmyk(file, channels) : decodeColours(file, channels.alphaFromEnd);
