/** Builds valid and invalid safetensors files for tests of their readers. */
import type { NamedTensor } from '../core/architecture.ts';

/** @param header as JSON text; its length is written before it, unless another length is given */
export function safetensorsBytes(
  header: string,
  data: Uint8Array,
  headerLength = BigInt(Buffer.byteLength(header)),
): Uint8Array<ArrayBuffer> {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(headerLength);
  return Uint8Array.from(Buffer.concat([length, Buffer.from(header), data]));
}

/** @returns a whole file of float32 tensors */
export function makeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array<ArrayBuffer> {
  const header: Record<string, unknown> = metadata === undefined ? {} : { __metadata__: metadata };
  const pieces: Buffer[] = [];
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    const piece = Buffer.alloc(values.length * 4);
    for (const [i, value] of values.entries()) piece.writeFloatLE(value, i * 4);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + piece.length] };
    offset += piece.length;
    pieces.push(piece);
  }
  return safetensorsBytes(JSON.stringify(header), Buffer.concat(pieces));
}
