/**
 * The values of a PNG as they are stored, for masks: a profile, a gamma or a canvas could make two objects one, and
 * they lose the palette's indices. Source: W3C PNG, third edition, chapters 7 to 9.
 */
import type { Size } from '../core/geometry.ts';
import { paeth } from '../core/paeth.ts';
import { ascii, viewOf } from './image-file.ts';
import { chunksOf } from './png-file.ts';

export interface PngValues extends Size {
  readonly kind: 'grey' | 'colour' | 'palette';
  /** shape [height, width, channels], 1 channel for grey and indices, 3 for colour; alpha is left out. */
  readonly values: Uint8Array | Uint16Array;
  /** Red, green, blue of each index; null where the PNG has none. */
  readonly palette: Uint8Array | null;
}

/** What IHDR says. */
interface Header extends Size {
  readonly bitDepth: number;
  readonly kind: PngValues['kind'];
  /** Samples of a pixel in the file, alpha included. */
  readonly samples: number;
  readonly isInterlaced: boolean;
}

/** Colour type → what a pixel is, its samples, and the depths that the standard allows. */
const colourTypes: ReadonlyMap<number, readonly [Header['kind'], number, readonly number[]]> = new Map([
  [0, ['grey', 1, [1, 2, 4, 8, 16]]],
  [2, ['colour', 3, [8, 16]]],
  [3, ['palette', 1, [1, 2, 4, 8]]],
  [4, ['grey', 2, [8, 16]]],
  [6, ['colour', 4, [8, 16]]],
]);

function readHeader(data: Uint8Array): Header | null {
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
interface StoredPass extends Size {
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

function passesOf({ height, width, isInterlaced }: Header): StoredPass[] {
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
const rowBytes = (width: number, { samples, bitDepth }: Header): number =>
  Math.ceil((width * samples * bitDepth) / 8);

/** @returns null where there is not so much memory */
function allocate(count: number, bitDepth: number): Uint8Array | Uint16Array | null {
  try {
    return bitDepth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  } catch {
    return null;
  }
}

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

/**
 * Undoes a row's filter in place.
 * @param before the row above it, undone already; zeros for the first one
 * @param step bytes from a pixel to the next, at least 1
 * @returns false where there is no such filter
 */
function unfilter(filter: number, row: Uint8Array, before: Uint8Array, step: number): boolean {
  const at = (bytes: Uint8Array, i: number): number => (i < 0 ? 0 : (bytes[i] ?? 0));
  switch (filter) {
    case 0:
      return true;
    case 1:
      for (let i = step; i < row.length; i++) row[i] = at(row, i) + at(row, i - step);
      return true;
    case 2:
      for (let i = 0; i < row.length; i++) row[i] = at(row, i) + at(before, i);
      return true;
    case 3:
      for (let i = 0; i < row.length; i++) row[i] = at(row, i) + ((at(row, i - step) + at(before, i)) >> 1);
      return true;
    case 4:
      for (let i = 0; i < row.length; i++)
        row[i] = at(row, i) + paeth(at(row, i - step), at(before, i), at(before, i - step));
      return true;
    default:
      return false;
  }
}

/** @returns the sample at this place in a row */
function sampleAt(row: Uint8Array, place: number, bitDepth: number): number {
  if (bitDepth === 8) return row[place] ?? 0;
  if (bitDepth === 16) return (row[2 * place] ?? 0) * 256 + (row[2 * place + 1] ?? 0);
  const bit = place * bitDepth;
  return ((row[bit >> 3] ?? 0) >> (8 - bitDepth - (bit & 7))) & ((1 << bitDepth) - 1);
}

/** Writes the rows of a pass to their places. @returns where the next pass begins; null where the data is damaged */
function readPass(
  pass: StoredPass,
  header: Header,
  bytes: Uint8Array,
  begin: number,
  values: PngValues['values'],
): number | null {
  const { bitDepth, samples, width } = header;
  const channels = header.kind === 'colour' ? 3 : 1;
  const length = rowBytes(pass.width, header);
  const step = Math.max(1, (samples * bitDepth) >> 3);
  let before: Uint8Array = new Uint8Array(length);
  let at = begin;
  for (let y = 0; y < pass.height; y++) {
    const row = bytes.subarray(at + 1, at + 1 + length);
    if (!unfilter(bytes[at] ?? 5, row, before, step)) return null;
    const target = (pass.top + y * pass.down) * width + pass.left;
    // Most files: a row is stored as it is wanted.
    if (bitDepth === 8 && samples === channels && pass.across === 1) values.set(row, target * channels);
    else
      for (let x = 0; x < pass.width; x++)
        for (let channel = 0; channel < channels; channel++)
          values[(target + x * pass.across) * channels + channel] = sampleAt(
            row,
            x * samples + channel,
            bitDepth,
          );
    before = row;
    at += 1 + length;
  }
  return at;
}

/** As for photographs: a file that states more is not read. */
const maxPixels = 100e6;

/** Of all rows unpacked, with the names of their filters: as many pixels of 8-bit RGBA. */
const mostBytes = 402e6;

/** Deflate makes at most 1032 bytes of one, so a header that states more than its data can hold is wrong. */
const mostInflated = 1032;

/** @returns null where it is no PNG, or damaged, or too large */
export async function readPngValues(bytes: Uint8Array): Promise<PngValues | null> {
  if (bytes[0] !== 0x89 || ascii(bytes, 1, 3) !== 'PNG') return null;
  const chunks = [...chunksOf(bytes)];
  const dataOf = (type: string): Uint8Array | undefined => chunks.find((chunk) => chunk.type === type)?.data;
  const header = readHeader(dataOf('IHDR') ?? new Uint8Array());
  if (header === null || header.height * header.width > maxPixels) return null;
  const { height, width, kind, bitDepth } = header;
  const palette = kind === 'palette' ? dataOf('PLTE') : null;
  if (palette === undefined) return null;
  const passes = passesOf(header);
  const length = passes.reduce((sum, pass) => sum + pass.height * (1 + rowBytes(pass.width, header)), 0);
  const parts = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data);
  const packed = parts.reduce((sum, part) => sum + part.length, 0);
  // Without this a file of a few bytes could ask for hundreds of megabytes.
  if (length > packed * mostInflated || length > mostBytes) return null;
  const stored = await inflate(parts, length);
  if (stored === null) return null;
  const count = height * width * (kind === 'colour' ? 3 : 1);
  const values = allocate(count, bitDepth);
  if (values === null) return null;
  let at: number | null = 0;
  for (const pass of passes) {
    at = readPass(pass, header, stored, at, values);
    if (at === null) return null;
  }
  return { height, width, kind, values, palette };
}
