/** Arrays of NumPy's, in pickles and in .npz files, as tensors. Source: NumPy's numpy/core/src/multiarray/methods.c, array_reduce. */
import { elementCount } from '../core/architecture.ts';
import { FailureError } from '../core/failure.ts';
import { bytesPerFloat, toFloat32, type FloatType } from './float-values.ts';
import { isKind, itemsOf, type PickleBytes, type PickleOpaque, type PickleValue } from './pickle-values.ts';
import { readBytes } from './read-bytes.ts';
import { gather, isContiguous, reverseElements } from './strided-values.ts';
import { unreadable, type StoredTensor } from './tensor-file.ts';

/** How an array's values are stored. */
interface ArrayLayout {
  readonly shape: readonly number[];
  /** NumPy's letter and the number of bytes, as in `f4`. */
  readonly type: string;
  readonly isBigEndian: boolean;
  /** Column-major, as in Fortran. */
  readonly isFortran: boolean;
}

export interface PackedArray extends ArrayLayout {
  /** Of its values; at most, where that is not known before they are read. */
  readonly byteLength: number;
  /** @returns null where they cannot be read */
  read(): Promise<Uint8Array<ArrayBuffer> | null>;
}

const floats: Readonly<Record<string, FloatType>> = { f2: 'F16', f4: 'F32', f8: 'F64' };

const bytesPerValue = (type: string): number => Number(/\d+$/.exec(type)?.[0] ?? NaN);

/** In values. */
function stridesOf({ shape, isFortran }: ArrayLayout): number[] {
  const strides = shape.map(() => 1);
  const order = shape.map((_, axis) => axis);
  let stride = 1;
  for (const axis of isFortran ? order : order.toReversed()) {
    strides[axis] = stride;
    stride *= shape[axis] ?? 0;
  }
  return strides;
}

/** @returns the array as a tensor, whose values are read only on request */
export function storeArray(name: string, array: PackedArray): StoredTensor {
  const { shape, type, isBigEndian } = array;
  const float = Object.hasOwn(floats, type) ? floats[type] : undefined;
  const expectedBytes = elementCount(shape) * bytesPerValue(type);
  if (float === undefined || !(expectedBytes <= array.byteLength))
    return unreadable(name, shape, `numpy.${type}`);
  return {
    name,
    shape,
    storedType: float,
    read: async () => {
      const bytes = await array.read();
      if (bytes?.byteLength !== expectedBytes)
        throw new FailureError({
          code: 'checkpoint-invalid',
          problem: `the values of ${name} cannot be read; they are damaged, or the file has changed`,
        });
      if (isBigEndian) reverseElements(bytes, bytesPerFloat[float]);
      const strided = { shape, strides: stridesOf(array) };
      const values = toFloat32(bytes, float);
      return isContiguous(strided) ? values : gather(values, strided, elementCount(shape));
    },
  };
}

/** @param utf8 a text of letters up to 255 @returns a byte a letter; null for other letters */
function bytesOfLatin1(utf8: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const bytes = new Uint8Array(utf8.length);
  let count = 0;
  for (let at = 0; at < utf8.length; at++) {
    const first = utf8[at] ?? 0;
    if (first < 0x80) bytes[count++] = first;
    else if (first === 0xc2 || first === 0xc3)
      bytes[count++] = ((first & 3) << 6) | ((utf8[++at] ?? 0) & 0x3f);
    else return null;
  }
  return bytes.slice(0, count);
}

const codeOf = (letter: string): number => letter.charCodeAt(0);
const isLatin1 = (text: string): boolean => Array.from(text).every((letter) => codeOf(letter) <= 0xff);

type Packed = Pick<PackedArray, 'byteLength' | 'read'>;

/** @returns null where these are no bytes, or of no use */
export function packedOf(value: PickleBytes): Packed | null {
  const { content } = value;
  if (content === undefined) return null;
  if (typeof content === 'string')
    return {
      byteLength: content.length,
      read: () => Promise.resolve(isLatin1(content) ? Uint8Array.from(content, codeOf) : null),
    };
  const { file, begin, byteLength, form } = content;
  if (form === 'text') return null;
  return {
    byteLength,
    read: async () => {
      const bytes = await readBytes(file, begin, begin + byteLength);
      return form === 'latin1' && bytes !== null ? bytesOfLatin1(bytes) : bytes;
    },
  };
}

const isCount = (value: PickleValue): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** NumPy's own limit; 32 before its version 2. */
const maxDimensions = 64;

/** @param dtype `numpy.dtype('f4', False, True)` and its state, whose second part is the order of bytes */
export function readType(dtype: PickleValue | undefined): Pick<ArrayLayout, 'type' | 'isBigEndian'> | null {
  if (!isKind(dtype, 'opaque') || dtype.name !== 'numpy.dtype') return null;
  const [type] = dtype.args ?? [];
  const [, order] = itemsOf(dtype.state) ?? [];
  if (typeof type !== 'string' || !/^[a-zA-Z]\d+$/.test(type)) return null;
  return { type, isBigEndian: order === '>' };
}

function makeArray(
  shape: PickleValue | undefined,
  dtype: PickleValue | undefined,
  isFortran: boolean,
  data: PickleValue | undefined,
): PackedArray | null {
  const sides = itemsOf(shape);
  const type = readType(dtype);
  const packed = isKind(data, 'bytes') ? packedOf(data) : null;
  if (sides === null || sides.length > maxDimensions || !sides.every(isCount)) return null;
  return type === null || packed === null ? null : { shape: sides, ...type, isFortran, ...packed };
}

/** @returns the array that this would be; null where it is none, or one of objects */
export function arrayOf({ name, args = [], state }: PickleOpaque): PackedArray | null {
  if (/^numpy\._?core\.multiarray\._reconstruct$/.test(name)) {
    // The version of the state, and what follows.
    const [version, shape, dtype, isFortran, data] = itemsOf(state) ?? [];
    return version === 1 ? makeArray(shape, dtype, isFortran === true, data) : null;
  }
  if (/^numpy\._?core\.numeric\._frombuffer$/.test(name)) {
    const [data, dtype, shape, order] = args;
    return order === 'C' || order === 'F' ? makeArray(shape, dtype, order === 'F', data) : null;
  }
  return null;
}
