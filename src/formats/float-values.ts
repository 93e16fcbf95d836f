/** The float types of checkpoints, and their conversion to float32. */
import { decodeFloat16 } from '../core/float16.ts';

/** Named as safetensors names them. */
export type FloatType = 'F64' | 'F32' | 'F16' | 'BF16';

export const bytesPerFloat: Readonly<Record<FloatType, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 };

/** @param bytes little-endian, of a buffer of their own (a view may be returned); bfloat16 is a float32's upper half */
export function toFloat32(bytes: Uint8Array<ArrayBuffer>, type: FloatType): Float32Array<ArrayBuffer> {
  switch (type) {
    case 'F32':
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    case 'F64':
      return Float32Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8));
    case 'F16':
      return decodeFloat16(bytes);
    case 'BF16': {
      const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
      return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
    }
  }
}

export const isFloatType = (type: string): type is FloatType => Object.hasOwn(bytesPerFloat, type);
