/** NumPy's .npz: an archive with a .npy file for each array, by its name. */
import { maxNpyHeader, readNpyHeader } from './npy.ts';
import { storeArray } from './numpy-arrays.ts';
import { plainParts, type TensorParts } from './pytorch-tensors.ts';
import { readBytes } from './read-bytes.ts';
import { unreadable, type StoredTensor } from './tensor-file.ts';
import type { ZipArchive } from './zip-archive.ts';
import type { ZipEntry } from './zip-directory.ts';

const ending = '.npy';

/** What macOS notes beside the files that it packs. */
const isMacs = (name: string): boolean => name.startsWith('__MACOSX/');

export const isArray = ({ name }: ZipEntry): boolean => name.endsWith(ending) && !isMacs(name);

/** Compressed entries are unpacked twice, their beginning for the header and all for the values, so that few are in memory. */
async function openArray(archive: ZipArchive, entry: ZipEntry, name: string): Promise<StoredTensor> {
  const content = await archive.openBeginning(entry, maxNpyHeader);
  const head = await readBytes(content, 0, content.size);
  const header = head && readNpyHeader(head);
  if (header === null) return unreadable(name, [], 'numpy.void');
  const { dataBegin } = header;
  return storeArray(name, {
    ...header,
    byteLength: entry.byteLength - dataBegin,
    read: async () => {
      const whole = await archive.open(entry);
      return readBytes(whole, dataBegin, whole.size);
    },
  });
}

/** @throws FailureError 'checkpoint-invalid' where its entries are damaged */
export async function openNpz(archive: ZipArchive): Promise<TensorParts> {
  const tree = new Map<string, StoredTensor>();
  for (const entry of [...archive.entries.values()].filter(isArray)) {
    const name = entry.name.slice(0, -ending.length);
    tree.set(name, await openArray(archive, entry, name));
  }
  return { ...plainParts, tree, byteLength: archive.byteLength };
}
