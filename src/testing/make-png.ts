/** Writes PNGs with chosen indices, palettes and depths, which encoders decide for themselves. Node only. */
import { deflateSync } from 'node:zlib';
import { pngChunk } from './png-chunks.ts';

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

function headerOf(height: number, width: number, bitDepth: number, colourType: number): Uint8Array {
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint8(8, bitDepth);
  header.setUint8(9, colourType);
  return new Uint8Array(header.buffer);
}

/** @param rows the bytes of each row, without a filter */
function png(header: Uint8Array, rows: readonly (readonly number[])[], ...before: readonly Buffer[]): Buffer {
  const data = deflateSync(Uint8Array.from(rows.flatMap((row) => [0, ...row])));
  const chunks = [
    pngChunk('IHDR', header),
    ...before,
    pngChunk('IDAT', data),
    pngChunk('IEND', new Uint8Array()),
  ];
  return Buffer.concat([signature, ...chunks]);
}

/** @param rows grey values, one byte a pixel */
export const greyPng = (rows: readonly (readonly number[])[]): Buffer =>
  png(headerOf(rows.length, rows[0]?.length ?? 0, 8, 0), rows);

/** @param rows red, green, blue of each pixel */
export const colourPng = (rows: readonly (readonly (readonly [number, number, number])[])[]): Buffer =>
  png(
    headerOf(rows.length, rows[0]?.length ?? 0, 8, 2),
    rows.map((row) => row.flat()),
  );

/** @param rows indices, one byte a pixel @param palette red, green, blue of each index */
export const indexPng = (
  rows: readonly (readonly number[])[],
  palette: readonly (readonly [number, number, number])[],
): Buffer =>
  png(
    headerOf(rows.length, rows[0]?.length ?? 0, 8, 3),
    rows,
    pngChunk('PLTE', Uint8Array.from(palette.flat())),
  );

/**
 * PASCAL VOC's palette, as its development kit's VOClabelcolormap makes it: the bits of an index, three at a time, are
 * the highest bits of red, green and blue.
 */
export const vocPalette = Array.from({ length: 256 }, (_, index): [number, number, number] => {
  const colour: [number, number, number] = [0, 0, 0];
  for (let bit = 0; bit < 8; bit++)
    for (let channel = 0; channel < 3; channel++)
      colour[channel as 0 | 1 | 2] |= ((index >> (3 * bit + channel)) & 1) << (7 - bit);
  return colour;
});
