/** The files of a drop, including all files in dropped folders. */
import { fromEvent } from 'file-selector';
import { comparePaths, hasPhotographEnding, pathOfFile } from '../../../core/file-names.ts';

/** The parts of a DataTransferItem that are used here. */
export type DroppedItem = Pick<DataTransferItem, 'kind' | 'getAsFile'>;

/**
 * Whether the item may be a folder. Only its entry tells for certain, but a browser takes milliseconds to make an entry, and longer the
 * more items there are. A thousand photographs would block the page for seconds, so only items that may be folders are asked for one.
 *
 * The browser also gives a folder as a file, without a type or with a type derived from its name. The size of this file is 0, or the
 * size of the folder's list on the disk: a multiple of 32 bytes (APFS) or more (ext4), or a few bytes an entry (tmpfs, XFS, btrfs). Such
 * a folder is told from a photograph only if it has few entries.
 */
const mayBeFolder = (file: File | null, readsSize: boolean): boolean =>
  file === null ||
  !(file.type.startsWith('image/') || hasPhotographEnding(file.name)) ||
  (readsSize && (file.size < 512 || file.size % 32 === 0));

/**
 * For a size the browser asks the disk, 0.1 ms for each file, and it must be known during the event. Of so many items only those are asked
 * for an entry whose names are no photographs'.
 */
const manyItems = 400;

/** The item's file, or all files of its folder by their paths: the browser gives them in the disk's own order. */
async function filesIn(item: DroppedItem): Promise<File[]> {
  const files = (await fromEvent({ type: 'drop', dataTransfer: { items: [item] } })) as File[];
  return files.toSorted((a, b) => comparePaths(pathOfFile(a), pathOfFile(b)));
}

/** Called for all items during the event; after it they are empty. */
const takeItem = (item: DroppedItem, readsSize: boolean): File | Promise<File[]> => {
  const file = item.getAsFile();
  if (file !== null && !mayBeFolder(file, readsSize)) return file;
  return filesIn(item);
};

/** @param items of a drop's DataTransfer. Call this before the event has ended. Rejects if a folder cannot be read. */
export async function takeFiles(items: Iterable<DroppedItem>): Promise<File[]> {
  const files = [...items].filter(({ kind }) => kind === 'file');
  const taken = files.map((item) => takeItem(item, files.length <= manyItems));
  // A promise for each of ten thousand files would be a long task of its own.
  const inFolders = await Promise.all(taken.filter((each) => each instanceof Promise));
  return taken.flatMap((each) => (each instanceof Promise ? (inFolders.shift() ?? []) : each));
}
