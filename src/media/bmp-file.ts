/**
 * BMP: header and pixels, as Pillow gives them. Decoded here so that all browsers and the command line, whose decoder does not support
 * BMP, get the same pixels. Source: BITMAPINFOHEADER of the Windows API; Pillow's BmpImagePlugin.
 */
import { type Findings, viewOf } from './image-file.ts';
import type { PixelGrid } from './resample.ts';

const compressions = { none: 0, rle8: 1, rle4: 2, masks: 3, alphaMasks: 6 } as const;

interface BmpHeader {
  readonly height: number;
  readonly width: number;
  readonly isFromAbove: boolean;
  readonly bits: number;
  readonly compression: number;
  readonly dataBegin: number;
  /** Offset of the colour table, and bytes of a colour in it. */
  readonly coloursBegin: number;
  readonly colourBytes: 3 | 4;
  readonly colourCount: number;
  /** Masks of red, green, blue and alpha; null if the header has none. */
  readonly masks: readonly [number, number, number, number] | null;
}

/** The length of the oldest header, which has 16-bit sides and 3-byte colours. */
const oldHeaderLength = 12;

function readHeader(bytes: Uint8Array): BmpHeader | null {
  if (bytes.length < 26) return null;
  const view = viewOf(bytes);
  const dataBegin = view.getUint32(10, true);
  const headerLength = view.getUint32(14, true);
  if (headerLength === oldHeaderLength) {
    const bits = view.getUint16(24, true);
    return {
      height: view.getUint16(20, true),
      width: view.getUint16(18, true),
      isFromAbove: false,
      bits,
      compression: compressions.none,
      dataBegin,
      coloursBegin: 26,
      colourBytes: 3,
      colourCount: bits <= 8 ? 2 ** bits : 0,
      masks: null,
    };
  }
  // Fields that are missing from a truncated header are 0.
  const field = (at: number): number => (at + 4 <= bytes.length ? view.getUint32(at, true) : 0);
  const storedHeight = view.getInt32(22, true);
  const bits = field(26) >>> 16;
  const compression = field(30);
  const hasMasks = compression === compressions.masks || compression === compressions.alphaMasks;
  const hasAlphaMask = compression === compressions.alphaMasks || headerLength >= 56;
  // The masks follow the plain header; in all other headers they are inside.
  const masksBehind =
    headerLength === 40 && hasMasks ? (compression === compressions.alphaMasks ? 16 : 12) : 0;
  return {
    height: Math.abs(storedHeight),
    width: view.getInt32(18, true),
    isFromAbove: storedHeight < 0,
    bits,
    compression,
    dataBegin,
    coloursBegin: 14 + headerLength + masksBehind,
    colourBytes: 4,
    colourCount: bits <= 8 ? field(46) || 2 ** bits : 0,
    masks: hasMasks ? [field(54), field(58), field(62), hasAlphaMask ? field(66) : 0] : null,
  };
}

/** Does not check whether all pixels are present; `decodeBmp` does. */
export function inspectBmp(bytes: Uint8Array): Findings {
  const header = readHeader(bytes);
  return {
    sizePx: header && { height: header.height, width: header.width },
    complete: header !== null,
    notices: [],
  };
}

const rowBytesOf = ({ width, bits }: BmpHeader): number => Math.floor((width * bits + 31) / 32) * 4;

/** @returns one index for each pixel, the lowest row first as in the file; null if some are missing */
function unpackIndices(bytes: Uint8Array, header: BmpHeader): Uint8Array | null {
  const { height, width, bits, dataBegin } = header;
  const rowBytes = rowBytesOf(header);
  if (dataBegin + rowBytes * height > bytes.length) return null;
  const indices = new Uint8Array(height * width);
  const mask = 2 ** bits - 1;
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const bit = column * bits;
      const byte = bytes[dataBegin + row * rowBytes + (bit >> 3)] as number;
      indices[row * width + column] = (byte >> (8 - bits - (bit & 7))) & mask;
    }
  return indices;
}

/** Decodes run lengths. Pixels without a run get the first colour. @returns as `unpackIndices` */
function unpackRuns(bytes: Uint8Array, { height, width, bits, dataBegin }: BmpHeader): Uint8Array | null {
  const indices = new Uint8Array(height * width);
  const nibble = (byte: number, i: number): number =>
    bits === 8 ? byte : i % 2 === 0 ? byte >> 4 : byte & 15;
  let row = 0;
  let column = 0;
  const put = (index: number): void => {
    if (column < width && row < height) indices[row * width + column] = index;
    column += 1;
  };
  for (let at = dataBegin; row < height;) {
    const count = bytes[at];
    const value = bytes[at + 1];
    if (count === undefined || value === undefined) return null;
    at += 2;
    if (count > 0) {
      for (let i = 0; i < count; i++) put(nibble(value, i));
    } else if (value === 0) {
      row += 1;
      column = 0;
    } else if (value === 1) {
      return indices;
    } else if (value === 2) {
      column += bytes[at] ?? 0;
      row += bytes[at + 1] ?? 0;
      at += 2;
    } else {
      const length = bits === 8 ? value : Math.ceil(value / 2);
      if (at + length > bytes.length) return null;
      for (let i = 0; i < value; i++) put(nibble(bytes[at + (bits === 8 ? i : i >> 1)] as number, i));
      at += length + (length & 1);
    }
  }
  return indices;
}

/** Opaque RGBA from the colour table; black for indices outside of it. */
function paintIndices(
  bytes: Uint8Array,
  header: BmpHeader,
  indices: Uint8Array,
): Uint8ClampedArray<ArrayBuffer> {
  const { height, width, coloursBegin, colourBytes, colourCount } = header;
  const values = new Uint8ClampedArray(height * width * 4);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const index = indices[pixel] as number;
    const from = coloursBegin + index * colourBytes;
    const isListed = index < colourCount;
    for (let channel = 0; channel < 3; channel++)
      values[4 * pixel + channel] = isListed ? (bytes[from + 2 - channel] ?? 0) : 0;
    values[4 * pixel + 3] = 255;
  }
  return values;
}

/** The shift of a channel's bits, and their largest value. */
function fieldOf(mask: number): { readonly shift: number; readonly largest: number } {
  const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
  return { shift, largest: mask >>> shift };
}

const masksByBits: Readonly<Record<number, BmpHeader['masks']>> = {
  16: [0x7c00, 0x03e0, 0x001f, 0],
  24: [0xff0000, 0xff00, 0xff, 0],
  32: [0xff0000, 0xff00, 0xff, 0],
};

/** Reads pixels that are stored without a table. @returns RGBA, the lowest row first as in the file; null if some are missing */
function unpackColours(bytes: Uint8Array, header: BmpHeader): Uint8ClampedArray<ArrayBuffer> | null {
  const { height, width, bits, dataBegin } = header;
  const rowBytes = rowBytesOf(header);
  const masks = header.masks ?? masksByBits[bits] ?? null;
  if (masks === null || dataBegin + rowBytes * height > bytes.length) return null;
  const fields = masks.map(fieldOf);
  const pixelBytes = bits / 8;
  const values = new Uint8ClampedArray(height * width * 4);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++) {
      const at = dataBegin + row * rowBytes + column * pixelBytes;
      let pixel = 0;
      for (let i = pixelBytes - 1; i >= 0; i--) pixel = (pixel << 8) | (bytes[at + i] as number);
      const to = 4 * (row * width + column);
      for (let channel = 0; channel < 4; channel++) {
        const { shift, largest } = fields[channel] as { shift: number; largest: number };
        const value = (pixel >>> shift) & largest;
        // Rounded down, as Pillow does.
        values[to + channel] = largest === 0 ? 255 : Math.floor((value * 255) / largest);
      }
    }
  return values;
}

function turnOver(values: Uint8ClampedArray, height: number, rowLength: number): void {
  for (let row = 0; row < height >> 1; row++) {
    const upper = values.slice(row * rowLength, (row + 1) * rowLength);
    values.copyWithin(row * rowLength, (height - 1 - row) * rowLength, (height - row) * rowLength);
    values.set(upper, (height - 1 - row) * rowLength);
  }
}

/**
 * Programs that know no transparency leave a header's channel for it at zero, as where a picture was copied from the screen. Browsers and
 * editors show such a picture whole.
 */
function fillUnusedAlpha(values: Uint8ClampedArray): void {
  for (let at = 3; at < values.length; at += 4) if (values[at] !== 0) return;
  for (let at = 3; at < values.length; at += 4) values[at] = 255;
}

/** @returns RGBA with its alpha; null if pixels are missing or packed in a way that Pillow does not open either */
export function decodeBmp(bytes: Uint8Array): PixelGrid | null {
  const header = readHeader(bytes);
  if (header === null || header.width <= 0) return null;
  const { height, width, bits, compression } = header;
  let values: Uint8ClampedArray<ArrayBuffer> | null = null;
  const isIndexed = [1, 4, 8].includes(bits);
  if (isIndexed) {
    const isPacked =
      (compression === compressions.rle8 && bits === 8) || (compression === compressions.rle4 && bits === 4);
    if (!isPacked && compression !== compressions.none) return null;
    const indices = (isPacked ? unpackRuns : unpackIndices)(bytes, header);
    values = indices && paintIndices(bytes, header, indices);
  } else if (compression === compressions.none || header.masks !== null) {
    values = unpackColours(bytes, header);
  }
  if (values === null) return null;
  fillUnusedAlpha(values);
  if (!header.isFromAbove) turnOver(values, height, width * 4);
  return { height, width, channels: 4, values };
}
