/**
 * IEEE 754 binary16 ↔ binary32, by table and bits: `Float16Array` is not in every browser or in Node 20.
 */

/** 65,536 entries: every half-precision pattern's value. Built on first use (about 2 ms). */
let valueOfBits: Float32Array | undefined;

function buildTable(): Float32Array {
  const table = new Float32Array(65536);
  for (let bits = 0; bits < 65536; bits++) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) table[bits] = sign * fraction * 2 ** -24;
    else if (exponent === 31) table[bits] = fraction === 0 ? sign * Infinity : NaN;
    else table[bits] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return table;
}

/**
 * @param bytes little-endian binary16, an even number of bytes
 * @returns one float a value
 */
export function decodeFloat16(bytes: Uint8Array): Float32Array<ArrayBuffer> {
  valueOfBits ??= buildTable();
  const count = bytes.byteLength >> 1;
  const view = new DataView(bytes.buffer, bytes.byteOffset, count * 2);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) values[i] = valueOfBits[view.getUint16(i * 2, true)] ?? 0;
  return values;
}

const floatScratch = new Float32Array(1);
const bitsScratch = new Uint32Array(floatScratch.buffer);

/** @returns the binary16 pattern nearest to `value`, ties to even, as PyTorch's `.half()` rounds */
function float16Bits(value: number): number {
  floatScratch[0] = value;
  const bits = bitsScratch[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // NaN
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // 65520 and above round to infinity
  if (magnitude < 0x38800000) {
    // Subnormal: adding 0.5 lines the value up with a step of 2^-24 and lets the hardware round it to even.
    floatScratch[0] = Math.abs(value) + 0.5;
    return sign | ((bitsScratch[0] ?? 0) - 0x3f000000);
  }
  const roundToEven = 0xfff + ((magnitude >>> 13) & 1);
  return sign | ((magnitude - 0x38000000 + roundToEven) >>> 13);
}

/** @returns the binary16 patterns of these values, or null where one of them is none: nothing is rounded */
export function exactFloat16(values: Float32Array): Uint16Array<ArrayBuffer> | null {
  valueOfBits ??= buildTable();
  const patterns = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    const pattern = float16Bits(value);
    if (valueOfBits[pattern] !== value) return null;
    patterns[i] = pattern;
  }
  return patterns;
}

/** @returns little-endian binary16, two bytes a value, rounded to nearest even */
export function encodeFloat16(values: Float32Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 2);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setUint16(i * 2, float16Bits(values[i] ?? 0), true);
  return bytes;
}
