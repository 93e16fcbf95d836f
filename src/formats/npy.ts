/** NumPy's .npy, version 1.0, little-endian float32 in C order: what papers' scripts read. */

import { FailureError } from '../core/failure.ts';

export interface NpyArray {
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer>;
}

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]; // \x93NUMPY, version 1.0

/** @returns the file's bytes; the data begins at a multiple of 64 bytes, as the format asks */
export function encodeNpy({ shape, values }: NpyArray): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`;
  const length = Math.ceil((magic.length + 2 + header.length + 1) / 64) * 64 - magic.length - 2;
  const bytes = new Uint8Array(magic.length + 2 + length + values.byteLength);
  bytes.set(magic);
  new DataView(bytes.buffer).setUint16(magic.length, length, true);
  bytes.set(new TextEncoder().encode(header.padEnd(length - 1) + '\n'), magic.length + 2);
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), magic.length + 2 + length);
  return bytes;
}

const invalid = (problem: string): FailureError => new FailureError({ code: 'array-invalid', problem });

/** @throws FailureError 'array-invalid' where the bytes are not one little-endian float32 array in C order and nothing else */
export function decodeNpy(bytes: Uint8Array): NpyArray {
  if (!magic.every((byte, i) => bytes[i] === byte) || bytes.length < magic.length + 2)
    throw invalid('it is not a .npy file of version 1.0');
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint16(magic.length, true);
  const start = magic.length + 2 + length;
  if (start > bytes.length) throw invalid('it ends within its header');
  const header = new TextDecoder().decode(bytes.subarray(magic.length + 2, start));
  const sides = /'descr': '<f4', 'fortran_order': False, 'shape': \(([\d, ]*)\)/.exec(header)?.[1];
  if (sides === undefined) throw invalid(`it is not a float32 array in C order: ${header.trim()}`);
  const shape = sides.split(',').flatMap((side) => (side.trim() === '' ? [] : [Number(side)]));
  if (!shape.every(Number.isSafeInteger)) throw invalid(`a side of its shape (${sides}) is no number`);
  const count = shape.reduce((product, side) => product * side, 1);
  if (count * 4 !== bytes.length - start)
    throw invalid(`its shape (${sides}) needs ${count} values, and it holds ${(bytes.length - start) / 4}`);
  // Copied with `from`: a Node Buffer's own slice would share the memory, and its alignment.
  return { shape, values: new Float32Array(Uint8Array.from(bytes.subarray(start)).buffer) };
}

/** A header longer than this is of an array of many named fields. */
export const maxNpyHeader = 64 * 1024;

export interface NpyHeader {
  readonly shape: readonly number[];
  /** NumPy's letter and the number of bytes, as in `f4`. */
  readonly type: string;
  readonly isBigEndian: boolean;
  readonly isFortran: boolean;
  /** Where the values begin. */
  readonly dataBegin: number;
}

/** @param head the first bytes of a .npy file of any version @returns null where it is none, or an array of objects or fields */
export function readNpyHeader(head: Uint8Array): NpyHeader | null {
  const major = head[6] ?? 0;
  if (!magic.slice(0, 6).every((byte, i) => head[i] === byte) || major < 1 || major > 3 || head.length < 12)
    return null;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const begin = major === 1 ? 10 : 12;
  const dataBegin = begin + (major === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  const text = new TextDecoder().decode(head.subarray(begin, dataBegin));
  const [, order, type] = /'descr': '([<>|=])([a-zA-Z]\d+)'/.exec(text) ?? [];
  const isFortran = /'fortran_order': (True|False)/.exec(text)?.[1];
  const sides = /'shape': \(([\d, ]*)\)/.exec(text)?.[1];
  if (type === undefined || isFortran === undefined || sides === undefined || dataBegin > head.length)
    return null;
  const shape = sides.split(',').flatMap((side) => (side.trim() === '' ? [] : [Number(side)]));
  if (!shape.every(Number.isSafeInteger)) return null;
  return { shape, type, isBigEndian: order === '>', isFortran: isFortran === 'True', dataBegin };
}
