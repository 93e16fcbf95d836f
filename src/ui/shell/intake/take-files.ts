/** The files of a drop, folders taken apart. */
import { fromEvent } from 'file-selector';
import { hasPhotographEnding } from '../../../core/file-names.ts';

/** What this room needs of a DataTransferItem. */
export type DroppedItem = Pick<DataTransferItem, 'kind' | 'getAsFile'>;

/**
 * A folder is told from a file by its entry, and a browser takes milliseconds for each entry that it is asked for, the longer the more
 * there are: a thousand photographs would stop the page for seconds. Only what may be a folder is asked.
 *
 * The browser gives a folder as a file too, without a type, or with one by its name; its size is 0, or what its list takes on the disk, in
 * whole steps of 32 bytes (APFS) or more (ext4).
 */
const mayBeFolder = (file: File | null): boolean =>
  file === null ||
  file.size % 32 === 0 ||
  !(file.type.startsWith('image/') || hasPhotographEnding(file.name));

/** All items are asked at once: after the event they are empty. */
const takeItem = async (item: DroppedItem): Promise<File[]> => {
  const file = item.getAsFile();
  if (file !== null && !mayBeFolder(file)) return [file];
  return (await fromEvent({ type: 'drop', dataTransfer: { items: [item] } })) as File[];
};

/** @param items of a drop's DataTransfer; call it before the event has ended. Rejects where a folder cannot be read. */
export async function takeFiles(items: Iterable<DroppedItem>): Promise<File[]> {
  const taken = [...items].filter(({ kind }) => kind === 'file').map(takeItem);
  return (await Promise.all(taken)).flat();
}
