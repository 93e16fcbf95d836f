/**
 * Storages within a pickle of Python's own: each is a whole file of torch.save's, in the older layout and of one storage. So a
 * tensor is pickled where nobody says how. Source: PyTorch's torch/storage.py, `_load_from_bytes`.
 */
import { FailureError } from '../core/failure.ts';
import { packedOf } from './numpy-arrays.ts';
import { isKind, type PickleBytes, type PickleStorage } from './pickle-values.ts';
import type { EmbeddedStorage } from './pytorch-host.ts';
import { readLegacyPickles } from './pytorch-legacy.ts';
import { legacyStorages, type StorageFile } from './pytorch-storages.ts';

const invalid = (problem: string): FailureError => new FailureError({ code: 'checkpoint-invalid', problem });

/** A part of the file where the bytes are in it as they are, else a copy. */
async function blobOf(bytes: PickleBytes): Promise<Blob | null> {
  const { content } = bytes;
  if (typeof content === 'object' && content.form === 'bytes')
    return content.file.slice(content.begin, content.begin + content.byteLength);
  const read = (await packedOf(bytes)?.read()) ?? null;
  return read === null ? null : new Blob([read]);
}

interface Inner {
  readonly source: StorageFile;
  readonly storage: PickleStorage;
}

/** The bytes hold one storage; what lies within that again is not looked for. */
async function openStorage(bytes: PickleBytes): Promise<Inner> {
  const file = await blobOf(bytes);
  const pickles = file === null ? null : await readLegacyPickles(file);
  const root = pickles !== null && 'root' in pickles ? pickles.root : null;
  if (file === null || pickles === null || !('root' in pickles) || !isKind(root, 'storage'))
    throw invalid('its pickle has a storage whose bytes are none of torch.save’s');
  return { source: legacyStorages(file, pickles.end, pickles.keys, pickles.storages), storage: root };
}

/**
 * Reads what each of them is, and fills that in. Their values are read on request.
 * @throws FailureError 'checkpoint-invalid' where one of them is damaged
 */
export async function embeddedStorages(
  file: Blob,
  embedded: readonly EmbeddedStorage[],
): Promise<StorageFile> {
  const opened = new Map<string, Inner>();
  for (const { bytes, storage } of embedded) {
    const inner = await openStorage(bytes);
    opened.set(storage.key, inner);
    Object.assign(storage, { ...inner.storage, key: storage.key });
  }
  return {
    byteLength: file.size,
    isBigEndian: false,
    check: ({ key }) => {
      const inner = opened.get(key);
      return inner === undefined ? `the storage ${key} is missing` : inner.source.check(inner.storage);
    },
    read: ({ key }, from, to) => {
      const inner = opened.get(key);
      if (inner === undefined) throw new Error(`no storage ${key}: it was checked before`);
      return inner.source.read(inner.storage, from, to);
    },
  };
}
