/**
 * How a weight's values are stored in the tfjs weights format: as float32, or quantized (tfjs's word) to float16 or uint8.
 * Of uint8 tfjs knows one scale and one minimum a tensor: value = byte × scale + min.
 */
import { decodeFloat16, encodeFloat16 } from '../core/float16.ts';

/** What a person chooses for a whole model. */
export type WeightsDtype = 'float32' | 'float16' | 'uint8';

export type WeightEncoding =
  | { readonly dtype: 'float32' }
  | { readonly dtype: 'float16' }
  | { readonly dtype: 'uint8'; readonly scale: number; readonly min: number };

export const bytesPerValue: Readonly<Record<WeightsDtype, number>> = { float32: 4, float16: 2, uint8: 1 };

export interface EncodedWeight {
  readonly encoding: WeightEncoding;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const steps = 255;

/** @returns null where a value is not a finite number, which cannot become a byte */
function encodeUint8(values: Float32Array): EncodedWeight | null {
  let min = Infinity;
  let max = -Infinity;
  for (const value of values) {
    if (!Number.isFinite(value)) return null;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  if (values.length === 0) min = max = 0;
  // Where all values are equal, any scale will do, but not zero.
  const scale = max > min ? (max - min) / steps : 1;
  const bytes = Uint8Array.from(values, (value) => Math.round((value - min) / scale));
  return { encoding: { dtype: 'uint8', scale, min }, bytes };
}

/**
 * Most of a network's values are in matrices, which also tolerate rounding best. With 'uint8' all other values
 * (biases, norms, tokens, positions: a few per cent) become float16; measured in docs/quantization.md.
 */
const isMatrix = (name: string): boolean => /\.(qkv|proj|fc1|fc2)\.weight$/.test(name);

/** The largest number of binary16. A larger value would be rounded to it, or become infinite. */
const largestFloat16 = 65504;

/**
 * @param name the parameter's official name
 * @returns a phrase that says which value `encodeWeight` could not keep, or null
 */
export function describeUnstorable(name: string, values: Float32Array, dtype: WeightsDtype): string | null {
  const isFloat16 = dtype === 'float16' || (dtype === 'uint8' && !isMatrix(name));
  for (const value of values) {
    if (!Number.isFinite(value))
      return `${name} holds ${value}: the file is damaged, or its training has failed`;
    if (isFloat16 && Math.abs(value) > largestFloat16)
      return `${name} holds ${value}, and float16 ends at ${largestFloat16}: take --dtype float32`;
  }
  return null;
}

/**
 * @param name the parameter's official name
 * @param values such that `describeUnstorable` has nothing against
 */
export function encodeWeight(name: string, values: Float32Array, dtype: WeightsDtype): EncodedWeight {
  if (dtype === 'uint8' && isMatrix(name)) {
    const encoded = encodeUint8(values);
    if (encoded !== null) return encoded;
  }
  return dtype === 'float32'
    ? { encoding: { dtype }, bytes: new Uint8Array(Float32Array.from(values).buffer) }
    : { encoding: { dtype: 'float16' }, bytes: encodeFloat16(values) };
}

/** @returns the values as float32, of a buffer of their own */
export function decodeWeight(
  bytes: Uint8Array<ArrayBuffer>,
  encoding: WeightEncoding,
): Float32Array<ArrayBuffer> {
  switch (encoding.dtype) {
    case 'float32':
      // The copy aligns the values, which may begin at any byte.
      return new Float32Array(bytes.slice().buffer);
    case 'float16':
      return decodeFloat16(bytes);
    case 'uint8': {
      const { scale, min } = encoding;
      return Float32Array.from(bytes, (byte) => byte * scale + min);
    }
  }
}
