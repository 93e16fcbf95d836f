/**
 * The values of a PNG as they are stored, for masks: a profile, a gamma or a canvas could make two objects one, and
 * they lose the palette's indices. Source: W3C PNG, third edition, chapter 9.
 */
import type { Size } from '../core/geometry.ts';
import { paeth } from '../core/paeth.ts';
import { ascii } from './image-file.ts';
import { chunksOf } from './png-file.ts';
import { passesOf, readHeader, rowBytes, unpackRows, type PngHeader, type StoredPass } from './png-rows.ts';

export interface PngValues extends Size {
  readonly kind: 'grey' | 'colour' | 'palette';
  /** shape [height, width, channels], 1 channel for grey and indices, 3 for colour; alpha is left out. */
  readonly values: Uint8Array | Uint16Array;
  /** Red, green, blue of each index; null where the PNG has none. */
  readonly palette: Uint8Array | null;
}

/** @returns null where there is not so much memory */
function allocate(count: number, bitDepth: number): Uint8Array | Uint16Array | null {
  try {
    return bitDepth === 16 ? new Uint16Array(count) : new Uint8Array(count);
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
  header: PngHeader,
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

/** @returns null where it is no PNG, or damaged, or too large */
export async function readPngValues(bytes: Uint8Array): Promise<PngValues | null> {
  if (bytes[0] !== 0x89 || ascii(bytes, 1, 3) !== 'PNG') return null;
  const chunks = [...chunksOf(bytes)];
  const dataOf = (type: string): Uint8Array | undefined => chunks.find((chunk) => chunk.type === type)?.data;
  const header = readHeader(dataOf('IHDR') ?? new Uint8Array());
  if (header === null) return null;
  const { height, width, kind, bitDepth } = header;
  const palette = kind === 'palette' ? dataOf('PLTE') : null;
  if (palette === undefined) return null;
  const parts = chunks.filter(({ type }) => type === 'IDAT').map(({ data }) => data);
  const stored = await unpackRows(header, parts);
  if (stored === null) return null;
  const count = height * width * (kind === 'colour' ? 3 : 1);
  const values = allocate(count, bitDepth);
  if (values === null) return null;
  let at: number | null = 0;
  for (const pass of passesOf(header)) {
    at = readPass(pass, header, stored, at, values);
    if (at === null) return null;
  }
  return { height, width, kind, values, palette };
}
