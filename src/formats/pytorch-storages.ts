/** PyTorch's storages: their types, and each one's bytes in the file. */
import { FailureError } from '../core/failure.ts';
import type { FloatType } from './float-values.ts';
import type { PickleStorage } from './pickle-values.ts';
import { readBytes } from './read-bytes.ts';
import type { ZipArchive } from './zip-archive.ts';
import type { ZipEntry } from './zip-directory.ts';

interface StorageType {
  readonly bytesPerElement: number;
  /** Null for types that are not weights: whole numbers, booleans, complex and quantized numbers. */
  readonly float: FloatType | null;
}

const others = (bytesPerElement: number): StorageType => ({ bytesPerElement, float: null });

export const storageTypes: ReadonlyMap<string, StorageType> = new Map([
  ['DoubleStorage', { bytesPerElement: 8, float: 'F64' }],
  ['FloatStorage', { bytesPerElement: 4, float: 'F32' }],
  ['HalfStorage', { bytesPerElement: 2, float: 'F16' }],
  ['BFloat16Storage', { bytesPerElement: 2, float: 'BF16' }],
  ['LongStorage', others(8)],
  ['IntStorage', others(4)],
  ['ShortStorage', others(2)],
  ['CharStorage', others(1)],
  ['ByteStorage', others(1)],
  ['BoolStorage', others(1)],
  ['UntypedStorage', others(1)],
  ['ComplexFloatStorage', others(8)],
  ['ComplexDoubleStorage', others(16)],
  ['QInt8Storage', others(1)],
  ['QUInt8Storage', others(1)],
  ['QInt32Storage', others(4)],
  ['QUInt4x2Storage', others(1)],
  ['QUInt2x4Storage', others(1)],
]);

/** Storages in one of the two file layouts. */
export interface StorageFile {
  /** All that the file can hold, unpacked. */
  readonly byteLength: number;
  readonly isBigEndian: boolean;
  /** @returns what is wrong with the storage, or null; cheap */
  check(storage: PickleStorage): string | null;
  /**
   * @returns the bytes from `from` to `to` of the storage; null where the file has changed. Rejects with a `FailureError` where they
   * are not there
   */
  read(storage: PickleStorage, from: number, to: number): Promise<Uint8Array<ArrayBuffer> | null>;
}

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

const bytesOf = (storage: PickleStorage): number =>
  storage.elements * (storageTypes.get(storage.type)?.bytesPerElement ?? Infinity);

/** @param folder the archive's own top folder, with its slash */
export function zipStorages(
  file: Blob,
  archive: ZipArchive,
  folder: string,
  isBigEndian: boolean,
): StorageFile {
  const entryOf = ({ key }: PickleStorage): ZipEntry | undefined =>
    archive.entries.get(`${folder}data/${key}`);
  // Several tensors may lie in one storage, which is not unpacked for each.
  let last: { readonly entry: ZipEntry; readonly content: Promise<Blob> } | null = null;
  return {
    byteLength: archive.byteLength,
    isBigEndian,
    check: (storage) => {
      const entry = entryOf(storage);
      if (entry === undefined) return `the storage ${storage.key} is missing`;
      if (entry.byteLength < bytesOf(storage) || entry.headerOffset + entry.packedBytes > file.size)
        return `the storage ${storage.key} is shorter than it says`;
      return null;
    },
    read: async (storage, from, to) => {
      const entry = entryOf(storage);
      if (entry === undefined) throw new Error(`no entry for ${storage.key}: it was checked before`);
      if (last?.entry !== entry) last = { entry, content: archive.open(entry) };
      return readBytes(await last.content, from, to);
    },
  };
}

/**
 * The older layout: after the pickles, each storage as a count (8 bytes) and its elements, in the order of `keys`.
 * @param storages all that the pickle refers to, by key
 * @throws FailureError 'checkpoint-invalid' where they do not fit the file
 */
export function legacyStorages(
  file: Blob,
  begin: number,
  keys: readonly string[],
  storages: ReadonlyMap<string, PickleStorage>,
): StorageFile {
  const offsets = new Map<string, number>();
  let offset = begin;
  for (const key of keys) {
    const storage = storages.get(key);
    if (storage === undefined) throw invalid(`its storage ${key} belongs to no tensor`);
    if (!storageTypes.has(storage.type)) throw invalid(`its storage type ${storage.type} is not known`);
    offsets.set(key, offset);
    offset += 8 + bytesOf(storage);
  }
  if (offset > file.size)
    throw invalid(`its storages end ${offset - file.size} bytes beyond the file; it was cut short`);
  return {
    byteLength: file.size,
    isBigEndian: false, // This layout is little-endian, whatever the machine.
    check: ({ key }) => (offsets.has(key) ? null : `the storage ${key} is missing`),
    read: async (storage, from, to) => {
      const at = offsets.get(storage.key) ?? file.size;
      const count = await readBytes(file, at, at + 8);
      if (count === null || new DataView(count.buffer).getBigInt64(0, true) !== BigInt(storage.elements))
        throw invalid(`the storage ${storage.key} is not where it should be`);
      return readBytes(file, at + 8 + from, at + 8 + to);
    },
  };
}
