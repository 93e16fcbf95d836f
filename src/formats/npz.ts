/** NumPy's .npz: an archive with a .npy file for each array, by its name. */
import { maxNpyHeader, readNpyHeader } from './npy.ts';
import { storeArray } from './numpy-arrays.ts';
import { plainParts, type TensorParts } from './pytorch-tensors.ts';
import { readBytes } from './read-bytes.ts';
import { unreadable, type StoredTensor } from './tensor-file.ts';
import { openEntry, unpackedBytesOf, type ZipEntry } from './zip-directory.ts';

const ending = '.npy';

/** What macOS notes beside the files that it packs. */
const isMacs = (name: string): boolean => name.startsWith('__MACOSX/');

export const isArray = ({ name }: ZipEntry): boolean => name.endsWith(ending) && !isMacs(name);

/** Compressed entries are unpacked twice, for the header and for the values, so that only one at a time is in memory. */
async function openArray(file: Blob, entry: ZipEntry, name: string): Promise<StoredTensor> {
  const content = await openEntry(file, entry);
  const head = await readBytes(content, 0, Math.min(content.size, maxNpyHeader));
  const header = head && readNpyHeader(head);
  if (header === null) return unreadable(name, [], 'numpy.void');
  const { dataBegin } = header;
  return storeArray(name, {
    ...header,
    byteLength: entry.byteLength - dataBegin,
    read: async () => {
      const again = await openEntry(file, entry);
      return readBytes(again, dataBegin, again.size);
    },
  });
}

/** @throws FailureError 'checkpoint-invalid' where its entries are damaged */
export async function openNpz(file: Blob, entries: ReadonlyMap<string, ZipEntry>): Promise<TensorParts> {
  const byteLength = file.size + unpackedBytesOf(file, entries);
  const tree = new Map<string, StoredTensor>();
  for (const entry of [...entries.values()].filter(isArray)) {
    const name = entry.name.slice(0, -ending.length);
    tree.set(name, await openArray(file, entry, name));
  }
  return { ...plainParts, tree, byteLength };
}
