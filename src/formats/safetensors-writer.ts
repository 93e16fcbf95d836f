/** Writes named tensors as safetensors, float32. Source: the format section of the safetensors documentation. */
import { elementCount, type NamedTensor } from '../core/architecture.ts';

/** The header is padded with spaces, so that the data begins at a multiple of this. */
const alignment = 8;

/**
 * @param metadata texts for the header's `__metadata__`
 * @returns the file; its parts are the tensors' own arrays, so change none of them while it is in use
 */
export function writeSafetensors(
  tensors: ReadonlyMap<string, NamedTensor>,
  metadata: Readonly<Record<string, string>>,
): Blob {
  const header: Record<string, unknown> = { __metadata__: metadata };
  const parts: BlobPart[] = [];
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    if (elementCount(shape) !== values.length)
      throw new Error(`${name} has ${values.length} values and the shape [${shape.join(', ')}]`);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + values.byteLength] };
    offset += values.byteLength;
    // Every platform that runs this is little-endian, as the format is.
    parts.push(values as Float32Array<ArrayBuffer>);
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const padded = new Uint8Array(Math.ceil(json.byteLength / alignment) * alignment).fill(0x20);
  padded.set(json);
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(padded.byteLength), true);
  return new Blob([length, padded, ...parts]);
}
