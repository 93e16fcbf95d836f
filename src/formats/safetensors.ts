/**
 * The safetensors format: an 8-byte little-endian header length, a JSON header, then the tensors' bytes.
 * Source: the format section of the safetensors documentation.
 */
import { elementCount } from '../core/architecture.ts';
import { FailureError, type Failure } from '../core/failure.ts';
import { fail, succeed, type Result } from '../core/result.ts';
import { isFloatType, toFloat32 } from './float-values.ts';
import { readBytes } from './read-bytes.ts';
import { findRepeatedName } from './repeated-name.ts';
import type { StoredTensor, TensorFile } from './tensor-file.ts';

/** The reference implementation's own limit; a larger header is an attack or another format. */
const maxHeaderBytes = 100_000_000;

const invalid = (problem: string): Result<never, Failure> => fail({ code: 'checkpoint-invalid', problem });

/** @returns whether a file that begins with `head` (9 bytes or more) can be safetensors; cheap, for choosing a reader */
export function matchesSafetensors(head: Uint8Array): boolean {
  if (head.byteLength < 9) return false;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  return view.getBigUint64(0, true) <= BigInt(maxHeaderBytes) && head[8] === 0x7b; // {
}

/** Bytes a value of every type in the format. Future types are unknown. */
const bitsPerValue: ReadonlyMap<string, number> = new Map([
  ...['F64', 'I64', 'U64', 'C64'].map((type) => [type, 64] as const),
  ...['F32', 'I32', 'U32'].map((type) => [type, 32] as const),
  ...['F16', 'BF16', 'I16', 'U16'].map((type) => [type, 16] as const),
  ...['I8', 'U8', 'BOOL', 'F8_E4M3', 'F8_E5M2', 'F8_E8M0'].map((type) => [type, 8] as const),
  ...['F6_E2M3', 'F6_E3M2'].map((type) => [type, 6] as const),
  ['F4', 4],
]);

type HeaderEntry = {
  /** Types that are not floats may be in a file (counters, masks), but their values cannot be read. */
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
  if (
    !Array.isArray(shape) ||
    !shape.every((side): side is number => Number.isSafeInteger(side) && side >= 0)
  )
    return `${name} has no valid shape`;
  const [begin, end] = Array.isArray(offsets) ? (offsets as unknown[]) : [];
  if (!Number.isSafeInteger(begin) || !Number.isSafeInteger(end)) return `${name} has no valid data_offsets`;
  const entry: HeaderEntry = { dtype, shape, begin: Number(begin), end: Number(end) };
  if (entry.begin < 0 || entry.end > dataLength) return `${name} lies outside the file (truncated?)`;
  const byteLength = entry.end - entry.begin;
  const bits = bitsPerValue.get(dtype);
  if (bits === undefined ? byteLength < 0 : byteLength * 8 !== elementCount(shape) * bits)
    return `${name}'s bytes do not fit its shape [${shape.join(', ')}]`;
  return entry;
}

/** The format allows neither gaps nor tensors that share bytes. @returns what is wrong, or null */
function checkLayout(entries: ReadonlyMap<string, HeaderEntry>, dataLength: number): string | null {
  const inOrder = [...entries].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  let last = '';
  for (const [name, entry] of inOrder) {
    if (entry.begin < end) return `${last} and ${name} share bytes of the file`;
    if (entry.begin > end) return `${entry.begin - end} bytes before ${name} belong to no tensor`;
    end = entry.end;
    last = name;
  }
  return end < dataLength ? `${dataLength - end} bytes at its end belong to no tensor` : null;
}

interface Header {
  readonly entries: Readonly<Record<string, unknown>>;
  readonly dataStart: number;
}

async function readHeader(file: Blob): Promise<Result<Header, Failure>> {
  if (file.size < 9) return invalid('it is too short for safetensors');
  const head = await readBytes(file, 0, 8);
  if (head === null) return invalid('it cannot be read');
  const headerLength = Number(new DataView(head.buffer).getBigUint64(0, true));
  if (headerLength > maxHeaderBytes || 8 + headerLength > file.size)
    return invalid('its header is longer than the file');
  const headerBytes = await readBytes(file, 8, 8 + headerLength);
  if (headerBytes === null) return invalid('its header cannot be read');
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(headerBytes);
    header = JSON.parse(text);
  } catch {
    return invalid('its header is not JSON in UTF-8');
  }
  const repeated = findRepeatedName(text);
  if (repeated !== null) return invalid(`its header has ${repeated} twice`);
  if (typeof header !== 'object' || header === null || Array.isArray(header))
    return invalid('its header is not an object');
  return succeed({ entries: header as Readonly<Record<string, unknown>>, dataStart: 8 + headerLength });
}

/**
 * The header's `__metadata__`: texts from the program that wrote the file. Empty where there are none, or where the
 * file is not safetensors.
 */
export async function readSafetensorsMetadata(file: Blob): Promise<Record<string, string>> {
  const header = await readHeader(file);
  const metadata = header.ok ? header.value.entries['__metadata__'] : null;
  if (typeof metadata !== 'object' || metadata === null) return {};
  return Object.fromEntries(
    Object.entries(metadata).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
}

/** Reads the header only. @returns the tensors by name, or 'checkpoint-invalid' with what is wrong */
export async function openSafetensors(file: Blob): Promise<Result<TensorFile, Failure>> {
  const header = await readHeader(file);
  if (!header.ok) return header;
  const { dataStart } = header.value;
  const entries = new Map<string, HeaderEntry>();
  for (const [name, json] of Object.entries(header.value.entries)) {
    if (name === '__metadata__') continue;
    const entry = parseEntry(name, json, file.size - dataStart);
    if (typeof entry === 'string') return invalid(entry);
    entries.set(name, entry);
  }
  const problem = checkLayout(entries, file.size - dataStart);
  if (problem !== null) return invalid(problem);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of entries) {
    const { dtype, shape } = entry;
    tensors.set(name, {
      name,
      shape,
      storedType: dtype,
      read: async () => {
        if (!isFloatType(dtype))
          throw new FailureError({
            code: 'checkpoint-invalid',
            problem: `${name} has the type ${dtype}, which is not a float type`,
          });
        const bytes = await readBytes(file, dataStart + entry.begin, dataStart + entry.end);
        if (bytes === null)
          throw new FailureError({
            code: 'checkpoint-invalid',
            problem: `the values of ${name} cannot be read; the file ends too early or has changed`,
          });
        return toFloat32(bytes, dtype);
      },
    });
  }
  return succeed(tensors);
}
