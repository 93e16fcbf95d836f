/**
 * Writes PNG files of exactly the given values. A canvas would do so too, but not everywhere: some browsers add noise to
 * what is read from it, it multiplies colours by alpha, and phones limit its size. Source: W3C PNG, third edition.
 */
import type { Size } from '../core/geometry.ts';
import { paeth } from '../core/paeth.ts';
import { addToCrc32 } from '../core/crc32.ts';

type Bytes = Uint8Array<ArrayBuffer>;

export interface PngRows extends Size {
  /** 1 is grey, 4 is red, green, blue and alpha that they are not multiplied by. */
  readonly channels: 1 | 4;
  /** @returns shape [width, channels]; it may be the same array each time. Called once for each row, from the top. */
  row(y: number): Uint8Array | Uint8ClampedArray;
}

function chunkOf(type: string, data: Bytes): Bytes {
  const chunk = new Uint8Array(12 + data.byteLength);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, data.byteLength);
  chunk.set(new TextEncoder().encode(type), 4);
  chunk.set(data, 8);
  view.setUint32(8 + data.byteLength, addToCrc32(0, chunk.subarray(4, 8 + data.byteLength)));
  return chunk;
}

function headerOf({ height, width, channels }: PngRows): Bytes {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data[8] = 8; // bits a value
  data[9] = channels === 1 ? 0 : 6; // grey, or colour with alpha
  return chunkOf('IHDR', data);
}

/**
 * What is left of a row after it is predicted from its neighbours (Paeth's filter, number 4).
 * @param filtered where it is written, 1 + row.length bytes
 */
function filterRow(
  row: Uint8Array | Uint8ClampedArray,
  above: Uint8Array,
  channels: number,
  filtered: Uint8Array,
): void {
  filtered[0] = 4;
  for (let at = 0; at < row.length; at++) {
    const left = at < channels ? 0 : (row[at - channels] as number);
    const up = above[at] as number;
    const corner = at < channels ? 0 : (above[at - channels] as number);
    filtered[1 + at] = (row[at] as number) - paeth(left, up, corner);
  }
}

/** Rows are filtered and compressed some at a time: a photograph's worth of them would take as much memory as itself. */
const bandBytes = 1024 * 1024;

async function writeRows(rows: PngRows, into: WritableStreamDefaultWriter<BufferSource>): Promise<void> {
  const rowBytes = rows.width * rows.channels;
  const rowsAtOnce = Math.max(1, Math.floor(bandBytes / (rowBytes + 1)));
  const above = new Uint8Array(rowBytes);
  for (let first = 0; first < rows.height; first += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows.height - first);
    const band = new Uint8Array(count * (1 + rowBytes));
    for (let at = 0; at < count; at++) {
      const row = rows.row(first + at);
      filterRow(row, above, rows.channels, band.subarray(at * (1 + rowBytes), (at + 1) * (1 + rowBytes)));
      above.set(row);
    }
    await into.ready;
    await into.write(band);
  }
  await into.close();
}

/** @returns the file; other work of the thread goes on between bands of rows */
export async function encodePng(rows: PngRows): Promise<Blob> {
  const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
  const parts: Bytes[] = [signature, headerOf(rows)];
  const { readable, writable } = new CompressionStream('deflate');
  const collect = async (): Promise<void> => {
    const reader = readable.getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read())
      parts.push(chunkOf('IDAT', piece.value));
  };
  await Promise.all([writeRows(rows, writable.getWriter()), collect()]);
  parts.push(chunkOf('IEND', new Uint8Array()));
  return new Blob(parts, { type: 'image/png' });
}
