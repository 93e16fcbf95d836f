/**
 * GIF: the screen, the blocks, and the pixels of the first frame, as Pillow gives them. Decoded here because browsers disagree if the
 * first frame does not cover the screen, and none does the same as Pillow. Source: GIF89a; Pillow's GifImagePlugin.
 */
import type { Size } from '../core/geometry.ts';
import { type Findings, viewOf } from './image-file.ts';
import type { PixelGrid } from './resample.ts';

interface GifFrame extends Size {
  readonly top: number;
  readonly left: number;
  readonly isInterlaced: boolean;
  /** RGB values of the table; empty if the file has none. */
  readonly colours: Uint8Array;
  /** Index of the transparent colour, or null. */
  readonly transparent: number | null;
  readonly minimumCodeSize: number;
  /** Sub-blocks with the coded pixels. */
  readonly data: readonly Uint8Array[];
}

interface GifFile {
  /** The size of the screen, enlarged if the first frame extends beyond it. */
  readonly sizePx: Size | null;
  /** null if the first frame is incomplete. */
  readonly frame: GifFrame | null;
  readonly frameCount: number;
  readonly hasTrailer: boolean;
}

const blocks = { extension: 0x21, image: 0x2c, trailer: 0x3b, graphicControl: 0xf9 } as const;

const colourTableBytes = (flags: number): number => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);

/** @returns the sub-blocks up to the empty one, and the offset after it; null if the file ends before it */
function readSubBlocks(
  bytes: Uint8Array,
  start: number,
): { readonly pieces: Uint8Array[]; readonly end: number } | null {
  const pieces: Uint8Array[] = [];
  for (let at = start; at < bytes.length;) {
    const length = bytes[at] ?? 0;
    if (length === 0) return { pieces, end: at + 1 };
    pieces.push(bytes.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return null;
}

/** After the first frame, reading stops at an unknown block, since its length is not known. Before it, stray bytes are passed over, as Pillow does. */
function readGif(bytes: Uint8Array): GifFile {
  if (bytes.length < 13) return { sizePx: null, frame: null, frameCount: 0, hasTrailer: false };
  const view = viewOf(bytes);
  const globalColours = bytes.subarray(13, 13 + colourTableBytes(bytes[10] ?? 0));
  let sizePx: Size = { height: view.getUint16(8, true), width: view.getUint16(6, true) };
  let frame: GifFrame | null = null;
  let frameCount = 0;
  let transparent: number | null = null;
  let at = 13 + globalColours.length;
  while (at < bytes.length) {
    const block = bytes[at];
    if (block === blocks.extension) {
      const extension = readSubBlocks(bytes, at + 2);
      if (extension === null) break;
      const [control] = extension.pieces;
      if (bytes[at + 1] === blocks.graphicControl && control !== undefined && control.length >= 4)
        transparent = ((control[0] ?? 0) & 1) === 1 ? (control[3] ?? 0) : null;
      at = extension.end;
    } else if (block === blocks.image && at + 11 <= bytes.length) {
      const flags = bytes[at + 9] ?? 0;
      const tableEnd = at + 10 + colourTableBytes(flags);
      const place = {
        left: view.getUint16(at + 1, true),
        top: view.getUint16(at + 3, true),
        width: view.getUint16(at + 5, true),
        height: view.getUint16(at + 7, true),
      };
      if (frameCount === 0)
        sizePx = {
          height: Math.max(sizePx.height, place.top + place.height),
          width: Math.max(sizePx.width, place.left + place.width),
        };
      const coded = readSubBlocks(bytes, tableEnd + 1);
      if (coded === null) break;
      frameCount += 1;
      frame ??= {
        ...place,
        isInterlaced: (flags & 0x40) !== 0,
        colours: (flags & 0x80) === 0 ? globalColours : bytes.subarray(at + 10, tableEnd),
        transparent,
        minimumCodeSize: bytes[tableEnd] ?? 0,
        data: coded.pieces,
      };
      at = coded.end;
    } else if (frame === null) at += 1;
    else break;
  }
  return { sizePx, frame, frameCount, hasTrailer: bytes[at] === blocks.trailer };
}

/** A file with a complete first frame is accepted, even if it ends in a later frame or its trailer is missing or another byte. */
export function inspectGif(bytes: Uint8Array): Findings {
  const { sizePx, frame, frameCount, hasTrailer } = readGif(bytes);
  return {
    sizePx,
    complete: frame !== null,
    notices: [
      ...(frameCount > 1 ? (['animation-first-frame'] as const) : []),
      ...(frame !== null && !hasTrailer ? (['end-missing'] as const) : []),
    ],
  };
}

const maxCodeSize = 12;

/** Decodes GIF's LZW. @returns one index for each pixel; null if the data ends before the last pixel */
function decodeIndices({ height, width, minimumCodeSize, data }: GifFrame): Uint8Array | null {
  if (minimumCodeSize < 1 || minimumCodeSize > 8) return null;
  const indices = new Uint8Array(height * width);
  const clear = 1 << minimumCodeSize;
  const end = clear + 1;
  // Each entry is an earlier entry plus one more index.
  const before = new Int16Array(1 << maxCodeSize);
  const last = new Uint8Array(1 << maxCodeSize);
  const first = new Uint8Array(1 << maxCodeSize);
  const lengths = new Uint16Array(1 << maxCodeSize);
  for (let i = 0; i < clear; i++) {
    last[i] = i;
    first[i] = i;
    lengths[i] = 1;
  }
  let next = clear + 2;
  let codeSize = minimumCodeSize + 1;
  let previous = -1;
  let filled = 0;
  let bits = 0;
  let bitCount = 0;
  const write = (code: number): void => {
    const length = lengths[code] as number;
    for (let at = filled + length - 1, entry = code; at >= filled; at--) {
      if (at < indices.length) indices[at] = last[entry] as number;
      entry = before[entry] as number;
    }
    filled += length;
  };
  for (const piece of data)
    for (const byte of piece) {
      bits |= byte << bitCount;
      bitCount += 8;
      while (bitCount >= codeSize) {
        const code = bits & ((1 << codeSize) - 1);
        bits >>>= codeSize;
        bitCount -= codeSize;
        if (code === clear) {
          next = clear + 2;
          codeSize = minimumCodeSize + 1;
          previous = -1;
          continue;
        }
        if (code === end) return filled >= indices.length ? indices : null;
        if (code > next || (code === next && previous < 0)) return null;
        if (previous >= 0 && next < 1 << maxCodeSize) {
          before[next] = previous;
          first[next] = first[previous] as number;
          last[next] = first[code === next ? previous : code] as number;
          lengths[next] = (lengths[previous] as number) + 1;
          next += 1;
          if (next === 1 << codeSize && codeSize < maxCodeSize) codeSize += 1;
        } else if (code >= next) return null;
        write(code);
        previous = code;
        if (filled >= indices.length) return indices;
      }
    }
  return null;
}

/** The passes of interlaced frames: every eighth row first, then the rows between. */
const passes = [
  [0, 8],
  [4, 8],
  [2, 4],
  [1, 2],
] as const;

function rowOrder(height: number, isInterlaced: boolean): number[] {
  const rows = Array.from({ length: height }, (_, row) => row);
  return isInterlaced
    ? passes.flatMap(([start, step]) => rows.filter((row) => row % step === start % step && row >= start))
    : rows;
}

/**
 * The first frame on its screen. The uncovered part of the screen follows Pillow's rule: the transparent colour if there is one, else
 * the first colour of the table.
 * @returns RGBA with its alpha; null if the pixels cannot be decoded
 */
export function decodeGif(bytes: Uint8Array): PixelGrid | null {
  const { sizePx, frame } = readGif(bytes);
  if (sizePx === null || frame === null) return null;
  const indices = decodeIndices(frame);
  if (indices === null) return null;
  const { colours, transparent } = frame;
  const palette = new Uint32Array(256);
  const paletteBytes = new Uint8ClampedArray(palette.buffer);
  for (let i = 0; i < 256; i++) {
    for (let channel = 0; channel < 3; channel++)
      // Without a table they are grey levels, and what a table lacks is black, as in Pillow.
      paletteBytes[4 * i + channel] = colours.length === 0 ? i : (colours[3 * i + channel] ?? 0);
    paletteBytes[4 * i + 3] = i === transparent ? 0 : 255;
  }
  const pixels = new Uint32Array(sizePx.height * sizePx.width).fill(palette[transparent ?? 0] as number);
  for (const [line, row] of rowOrder(frame.height, frame.isInterlaced).entries()) {
    const to = (frame.top + row) * sizePx.width + frame.left;
    for (let column = 0; column < frame.width; column++)
      pixels[to + column] = palette[indices[line * frame.width + column] as number] as number;
  }
  return { ...sizePx, channels: 4, values: new Uint8ClampedArray(pixels.buffer) };
}
