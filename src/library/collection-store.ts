/**
 * Collections in the browser's storage: a folder each. What is kept of a photograph is added to the ends of three files: its features,
 * its small picture, and last a line that says where both lie. Classes that the person gives are lines of a fourth one. A crash at any
 * moment, or a full disk, loses only the photograph that was being added: what no whole line speaks of is cut off. The record, with
 * title and model, is written into two slots in turn. Whoever writes holds the collection's lock.
 */
import { FailureError, type FailureCode } from '../core/failure.ts';
import { keyOfName } from '../core/photograph-name.ts';
import { pooledParts } from '../core/recognition.ts';
import { readBytes } from '../formats/read-bytes.ts';
import type { StoredCollection, UnreadableCollection } from '../rpc/recognise-contract.ts';
import {
  parseClass,
  parseCollectionRecord,
  parseItem,
  parseLines,
  type CollectionRecord,
  type KeptClass,
  type KeptItem,
} from './collection-record.ts';
import type { FileStorage } from './file-storage.ts';

/** In the order in which a photograph is written: the line that speaks of the others is the last. */
export const dataFiles = ['features.f32', 'thumbnails.bin', 'items.log', 'classes.log'] as const;
export type DataFile = (typeof dataFiles)[number];
export type PerFile<T> = Readonly<Record<DataFile, T>>;

/** @param data the record's */
export const dataName = (data: number, file: DataFile): string => `${data}-${file}`;
const recordName = (slot: number): string => `${slot}-collection.json`;

/** CLS, mean and GeM of one photograph. */
export const rowBytesOf = ({ channels }: Pick<CollectionRecord, 'channels'>): number =>
  pooledParts * channels * Float32Array.BYTES_PER_ELEMENT;

/** @returns nothing of a file that is not there */
export async function readFile(
  folders: FileStorage,
  id: string,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const blob = await folders.read(id, name);
  const bytes = blob === null ? new Uint8Array() : await readBytes(blob, 0, blob.size);
  if (bytes === null) throw new FailureError({ code: 'collection-not-kept' });
  return bytes;
}

/** @throws FailureError 'storage-full' and the like */
export async function writeFile(
  folders: FileStorage,
  id: string,
  name: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const file = await folders.open(id, name);
  try {
    file.truncate(0);
    if (bytes.byteLength > 0) file.write(bytes, 0);
    file.flush();
  } finally {
    file.close();
  }
}

async function readSlot(folders: FileStorage, id: string, slot: number): Promise<unknown> {
  const blob = await folders.read(id, recordName(slot));
  if (blob === null) return null;
  try {
    return JSON.parse(await blob.text());
  } catch {
    return {}; // cut off by a crash
  }
}

interface Slots {
  /** The latest complete one; null where there is none. */
  readonly current: { readonly slot: number; readonly record: CollectionRecord } | null;
  /** What stands in the two; null where nothing was ever written. */
  readonly json: readonly unknown[];
}

export async function readSlots(folders: FileStorage, id: string): Promise<Slots> {
  const json = [await readSlot(folders, id, 0), await readSlot(folders, id, 1)];
  const complete = json.flatMap((each, slot) => {
    const record = parseCollectionRecord(each);
    return record === null ? [] : [{ slot, record }];
  });
  complete.sort((a, b) => b.record.generation - a.record.generation);
  return { current: complete[0] ?? null, json };
}

/** @returns the record as it is kept now; the slot before stays until this one is whole @throws FailureError 'storage-full' and the like */
export async function writeRecord(
  folders: FileStorage,
  id: string,
  facts: Omit<CollectionRecord, 'version' | 'generation'>,
): Promise<CollectionRecord> {
  const { current } = await readSlots(folders, id);
  const generation = (current?.record.generation ?? 0) + 1;
  const record: CollectionRecord = { ...facts, version: 1, generation };
  const bytes = new TextEncoder().encode(JSON.stringify(record));
  await writeFile(folders, id, recordName(current?.slot === 0 ? 1 : 0), bytes);
  return record;
}

/** What the whole lines of a collection say. */
export interface CollectionLines {
  /** The latest line of each photograph, in the order in which their first ones came; with the class that the person gave it. */
  readonly items: readonly KeptItem[];
  /** No line has it, nor a higher one. */
  readonly nextSerial: number;
  /** How long each file is without what a crash has left of a photograph that was being added. */
  readonly wholeBytes: PerFile<number>;
}

function withClasses(items: readonly KeptItem[], classes: readonly KeptClass[]): KeptItem[] {
  const given = new Map(classes.map(({ serial, className }) => [serial, className]));
  return items.map((item) => {
    const className = given.get(item.serial);
    return className === undefined ? item : { ...item, className };
  });
}

/**
 * @param sizes of the files, in bytes
 * @param isWhole whether what is kept of an item is what was written
 */
export function readLines(
  record: CollectionRecord,
  lines: Readonly<Record<'items.log' | 'classes.log', Uint8Array>>,
  sizes: Readonly<Record<'features.f32' | 'thumbnails.bin', number>>,
  isWhole: (item: KeptItem) => boolean = () => true,
): CollectionLines {
  const rowBytes = rowBytesOf(record);
  const items = parseLines(lines['items.log'], parseItem);
  const classes = parseLines(lines['classes.log'], parseClass);
  const latest = new Map<string, KeptItem>();
  let [rows, pictureBytes] = [0, 0];
  for (const item of items.entries) {
    const endRow = (item.row ?? -1) + 1;
    const end = item.thumbnail.begin + item.thumbnail.byteLength;
    if (endRow * rowBytes > sizes['features.f32'] || end > sizes['thumbnails.bin'] || !isWhole(item))
      continue;
    latest.set(keyOfName(item), item);
    rows = Math.max(rows, endRow);
    pictureBytes = Math.max(pictureBytes, end);
  }
  return {
    items: withClasses([...latest.values()], classes.entries),
    nextSerial: [...items.entries, ...classes.entries].reduce(
      (next, { serial }) => Math.max(next, serial + 1),
      0,
    ),
    wholeBytes: {
      'items.log': items.endsAt,
      'classes.log': classes.endsAt,
      'features.f32': rows * rowBytes,
      'thumbnails.bin': pictureBytes,
    },
  };
}

/** A folder of which no file could be used is no class. */
const classNamesOf = (items: readonly KeptItem[]): string[] =>
  [...new Set(items.flatMap(({ className, failure }) => (failure === null ? (className ?? []) : [])))].sort(
    (a, b) => a.localeCompare(b, 'en'),
  );

export function describeCollection(
  id: string,
  { title, modelKey, modelHash, modelTitle, settings, savedAt }: CollectionRecord,
  items: readonly KeptItem[],
  wholeBytes: PerFile<number>,
): StoredCollection {
  return {
    id,
    title,
    modelKey,
    modelHash,
    modelTitle,
    settings,
    savedAt,
    byteLength: Object.values(wholeBytes).reduce((sum, size) => sum + size, 0),
    items: items.length,
    failed: items.filter(({ failure }) => failure !== null).length,
    classNames: classNamesOf(items),
  };
}

async function describeKept(
  folders: FileStorage,
  id: string,
  record: CollectionRecord,
): Promise<StoredCollection> {
  const sizeOf = async (file: DataFile): Promise<number> =>
    (await folders.read(id, dataName(record.data, file)))?.size ?? 0;
  const linesOf = (file: DataFile): Promise<Uint8Array> => readFile(folders, id, dataName(record.data, file));
  const { items, wholeBytes } = readLines(
    record,
    { 'items.log': await linesOf('items.log'), 'classes.log': await linesOf('classes.log') },
    { 'features.f32': await sizeOf('features.f32'), 'thumbnails.bin': await sizeOf('thumbnails.bin') },
  );
  return describeCollection(id, record, items, wholeBytes);
}

const titleIn = (json: unknown): string | null => {
  const title = (json as { title?: unknown } | null)?.title;
  return typeof title === 'string' ? title : null;
};

/**
 * One that cannot be read does not hide the others, nor keep them from being deleted.
 * @returns the code of the failure @throws what is none
 */
function codeOf(error: unknown): FailureCode {
  if (error instanceof FailureError) return error.failure.code;
  throw error;
}

/** What is kept, the latest first; what cannot be read; and folders in which a crash has left no collection. */
export async function listCollections(folders: FileStorage): Promise<{
  readonly collections: StoredCollection[];
  readonly unreadable: UnreadableCollection[];
  readonly unfinished: string[];
}> {
  const collections: StoredCollection[] = [];
  const unreadable: UnreadableCollection[] = [];
  const unfinished: string[] = [];
  for (const id of await folders.list()) {
    let title: string | null = null;
    try {
      const { current, json } = await readSlots(folders, id);
      title = current?.record.title ?? titleIn(json[0]) ?? titleIn(json[1]);
      if (current !== null) collections.push(await describeKept(folders, id, current.record));
      else if (json.every((each) => each === null)) unfinished.push(id);
      else unreadable.push({ id, title });
    } catch (error) {
      // Another window may have deleted it meanwhile.
      if (codeOf(error) !== 'collection-not-kept') unreadable.push({ id, title });
    }
  }
  return {
    collections: collections.sort((a, b) => (a.savedAt < b.savedAt ? 1 : -1)),
    unreadable,
    unfinished,
  };
}
