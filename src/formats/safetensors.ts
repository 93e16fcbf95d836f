/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
 * Source: the format section of the safetensors documentation.
 */
import { elementCount } from '../core/architecture.ts';
import { FailureError, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { decodeFloat16 } from '../core/float16.ts';
import type { StoredTensor, TensorFile } from './tensor-file.ts';

/** The reference implementation's own limit; a larger header is an attack or another format. */
const maxHeaderBytes = 100_000_000;

const bytesPerValue: ReadonlyMap<string, number> = new Map([
  ['F64', 8],
  ['F32', 4],
  ['F16', 2],
  ['BF16', 2],
]);

const invalid = (problem: string): Result<never, Failure> => fail({ code: 'checkpoint-invalid', problem });

/** Every float type as float32; bfloat16 is the upper half of a float32. */
function toFloat32(bytes: Uint8Array<ArrayBuffer>, storedType: string): Float32Array<ArrayBuffer> {
  switch (storedType) {
    case 'F32':
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
    case 'F64':
      return Float32Array.from(new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8));
    case 'F16':
      return decodeFloat16(bytes);
    default: {
      const halves = new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 2);
      return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
    }
  }
}

/** @returns whether a file that begins with `head` (9 bytes or more) can be safetensors; cheap, for choosing a reader */
export function matchesSafetensors(head: Uint8Array): boolean {
  if (head.byteLength < 9) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return view.getBigUint64(0, true) <= BigInt(maxHeaderBytes) && head[8] === 0x7b; // {
}

type HeaderEntry = {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
};

/** @returns the entry, or a phrase that says what is wrong */
function parseEntry(name: string, json: unknown, dataLength: number): HeaderEntry | string {
  if (typeof json !== 'object' || json === null) return `the entry of ${name} is not an object`;
  const { dtype, shape, data_offsets: offsets } = json as Readonly<Record<string, unknown>>;
  if (typeof dtype !== 'string') return `${name} has no type`;
  const valueBytes = bytesPerValue.get(dtype);
  if (valueBytes === undefined) return `${name} has the type ${dtype}, which is not a float type`;
  if (
    !Array.isArray(shape) ||
    !shape.every((side): side is number => Number.isSafeInteger(side) && side >= 0)
  )
    return `${name} has no valid shape`;
  const [begin, end] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end)) return `${name} has no valid data_offsets`;
  const entry: HeaderEntry = { dtype, shape, begin: Number(begin), end: Number(end) };
  if (entry.begin < 0 || entry.end > dataLength) return `${name} lies outside the file (truncated?)`;
  if (entry.end - entry.begin !== elementCount(shape) * valueBytes)
    return `${name}'s bytes do not fit its shape [${shape.join(', ')}]`;
  return entry;
}

/** @returns the bytes, or null where the file has become shorter, has changed or has gone since it was chosen */
async function readBytes(file: Blob, begin: number, end: number): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const bytes = new Uint8Array(await file.slice(begin, end).arrayBuffer());
    return bytes.byteLength === end - begin ? bytes : null;
  } catch {
    return null;
  }
}

/** Reads the header only. @returns the tensors by name, or 'checkpoint-invalid' with what is wrong */
export async function openSafetensors(file: Blob): Promise<Result<TensorFile, Failure>> {
  if (file.size < 9) return invalid('it is too short for safetensors');
  const head = await readBytes(file, 0, 8);
  if (head === null) return invalid('it cannot be read');
  const headerLength = Number(new DataView(head.buffer).getBigUint64(0, true));
  if (headerLength > maxHeaderBytes || 8 + headerLength > file.size)
    return invalid('its header is longer than the file');
  const headerBytes = await readBytes(file, 8, 8 + headerLength);
  if (headerBytes === null) return invalid('its header cannot be read');
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder().decode(headerBytes));
  } catch {
    return invalid('its header is not JSON');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    return invalid('its header is not an object');

  const dataStart = 8 + headerLength;
  const tensors = new Map<string, StoredTensor>();
  for (const [name, json] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const entry = parseEntry(name, json, file.size - dataStart);
    if (typeof entry === 'string') return invalid(entry);
    tensors.set(name, {
      name,
      shape: entry.shape,
      storedType: entry.dtype,
      read: async () => {
        const bytes = await readBytes(file, dataStart + entry.begin, dataStart + entry.end);
        if (bytes === null)
          throw new FailureError({
            code: 'checkpoint-invalid',
            problem: `the values of ${name} cannot be read; the file ends too early or has changed`,
          });
        return toFloat32(bytes, entry.dtype);
      },
    });
  }
  return succeed(tensors);
}
