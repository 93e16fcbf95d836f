/** The rows of a PNG, unpacked. Source: W3C PNG, third edition, chapters 7 to 10. */
import type { Size } from '../core/geometry.ts';
import { viewOf } from './image-file.ts';

/** What IHDR says. */
export interface PngHeader extends Size {
  readonly bitDepth: number;
  readonly kind: 'grey' | 'colour' | 'palette';
  /** Samples of a pixel in the file, alpha included. */
  readonly samples: number;
  readonly isInterlaced: boolean;
}

/** Colour type → what a pixel is, its samples, and the depths that the standard allows. */
const colourTypes: ReadonlyMap<number, readonly [PngHeader['kind'], number, readonly number[]]> = new Map([
  [0, ['grey', 1, [1, 2, 4, 8, 16]]],
  [2, ['colour', 3, [8, 16]]],
  [3, ['palette', 1, [1, 2, 4, 8]]],
  [4, ['grey', 2, [8, 16]]],
  [6, ['colour', 4, [8, 16]]],
]);

/** @param data of IHDR @returns null where the standard does not allow it */
export function readHeader(data: Uint8Array): PngHeader | null {
  const [kind, samples, depths] = colourTypes.get(data[9] ?? -1) ?? [];
  const [bitDepth = 0, , compression, filter, interlace = 2] = data.subarray(8);
  if (kind === undefined || samples === undefined || depths?.includes(bitDepth) !== true) return null;
  if (data.length < 13 || compression !== 0 || filter !== 0 || interlace > 1) return null;
  const view = viewOf(data);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  return height === 0 || width === 0
    ? null
    : { height, width, bitDepth, kind, samples, isInterlaced: interlace === 1 };
}

/** Pixels that are stored together: all of them, or one of the seven passes of an interlaced file. */
export interface StoredPass extends Size {
  readonly top: number;
  readonly left: number;
  readonly down: number;
  readonly across: number;
}

const adam7 = [
  { top: 0, left: 0, down: 8, across: 8 },
  { top: 0, left: 4, down: 8, across: 8 },
  { top: 4, left: 0, down: 8, across: 4 },
  { top: 0, left: 2, down: 4, across: 4 },
  { top: 2, left: 0, down: 4, across: 2 },
  { top: 0, left: 1, down: 2, across: 2 },
  { top: 1, left: 0, down: 2, across: 1 },
] as const;

export function passesOf({ height, width, isInterlaced }: PngHeader): StoredPass[] {
  if (!isInterlaced) return [{ top: 0, left: 0, down: 1, across: 1, height, width }];
  return adam7
    .map((pass) => ({
      ...pass,
      height: Math.ceil((height - pass.top) / pass.down),
      width: Math.ceil((width - pass.left) / pass.across),
    }))
    .filter((pass) => pass.height > 0 && pass.width > 0);
}

/** Without the byte that names the filter. */
export const rowBytes = (width: number, { samples, bitDepth }: PngHeader): number =>
  Math.ceil((width * samples * bitDepth) / 8);

/** @returns exactly `length` bytes; null where the data is damaged or shorter. More is never unpacked */
async function inflate(parts: readonly Uint8Array[], length: number): Promise<Uint8Array | null> {
  const reader = new Blob(parts as Uint8Array<ArrayBuffer>[])
    .stream()
    .pipeThrough(new DecompressionStream('deflate'))
    .getReader();
  let filled = 0;
  try {
    const all = new Uint8Array(length);
    while (filled < length) {
      const { done, value } = await reader.read();
      if (done) return null;
      all.set(value.subarray(0, length - filled), filled);
      filled += value.length;
    }
    await reader.cancel();
    return all;
  } catch {
    return null;
  }
}

/** As for photographs: a file that states more is not read. */
const maxPixels = 100e6;

/** Of all rows unpacked, with the names of their filters: as many pixels of 8-bit RGBA. */
const mostBytes = 402e6;

/** Deflate makes at most 1032 bytes of one, so a header that states more than its data can hold is wrong. */
const mostInflated = 1032;

/**
 * @param parts the data of all IDAT
 * @returns the rows of all passes, each after the byte that names its filter; null where some are missing or damaged, or
 * where they are too many
 */
export async function unpackRows(
  header: PngHeader,
  parts: readonly Uint8Array[],
): Promise<Uint8Array | null> {
  if (header.height * header.width > maxPixels) return null;
  const length = passesOf(header).reduce(
    (sum, pass) => sum + pass.height * (1 + rowBytes(pass.width, header)),
    0,
  );
  const packed = parts.reduce((sum, part) => sum + part.length, 0);
  // Without this a file of a few bytes could ask for hundreds of megabytes.
  if (length > packed * mostInflated || length > mostBytes) return null;
  return inflate(parts, length);
}
