/** A kept collection in memory, small pictures apart, and the ways to change it. */
import { joinBytes } from '../core/bytes.ts';
import { FailureError } from '../core/failure.ts';
import { keyOfName, type PhotographName } from '../core/photograph-name.ts';
import { pooledParts, type PooledFeatures } from '../core/recognition.ts';
import { addToCrc32 } from '../core/crc32.ts';
import type { CollectionItem, RemovedItem, StoredCollection } from '../rpc/recognise-contract.ts';
import { createSerialQueue } from '../rpc/serial-queue.ts';
import { encodeLine, type CollectionRecord, type KeptClass, type KeptItem } from './collection-record.ts';
import {
  dataFiles,
  dataName,
  describeCollection,
  readFile,
  readLines,
  readSlots,
  rowBytesOf,
  writeFile,
  writeRecord,
  type CollectionLines,
  type DataFile,
  type PerFile,
} from './collection-store.ts';
import type { FileStorage, OpenFile } from './file-storage.ts';

/** What a collection is begun with. */
export type CollectionFacts = Omit<CollectionRecord, 'version' | 'generation' | 'data'>;

interface ClassChange {
  readonly index: number;
  readonly className: string | null;
}

/** A class that was given, and the one before it. */
interface GivenClass extends ClassChange {
  readonly serial: number;
  readonly before: string | null;
}

/** What is kept of a photograph, or why nothing can be. */
export type KeptContent = RemovedItem['content'];

const none = new Uint8Array();
const lineEnd = 10;
const noLines: CollectionLines = {
  items: [],
  nextSerial: 0,
  wholeBytes: { 'features.f32': 0, 'thumbnails.bin': 0, 'items.log': 0, 'classes.log': 0 },
};

/** CLS, mean and GeM one after the other. */
function joinParts({ cls, mean, gem }: PooledFeatures): Float32Array<ArrayBuffer> {
  const values = new Float32Array(cls.length * pooledParts);
  for (const [part, own] of [cls, mean, gem].entries()) values.set(own, part * cls.length);
  return values;
}

/** Nothing lies at the front of the file, which is always there. */
const placeOf = ({ byteLength }: { readonly byteLength: number }, end: number): KeptItem['thumbnail'] => ({
  begin: byteLength === 0 ? 0 : end,
  byteLength,
});

const crcOf = (...pieces: readonly Uint8Array[]): number => pieces.reduce(addToCrc32, 0);

export class KeptCollection {
  readonly id: string;
  private readonly folders: FileStorage;
  private record: CollectionRecord;
  private items: KeptItem[];
  private readonly places = new Map<string, number>();
  /** CLS, mean and GeM; [capacity, 3, C]. */
  private rows: Float32Array<ArrayBuffer>;
  private sizes: PerFile<number>;
  private nextSerial: number;
  private changedRows = 0;
  /** Null where nobody writes. */
  private files: PerFile<OpenFile> | null = null;
  private opening: Promise<void> | null = null;
  private users = 0;
  /** Two at once would write the same slot, and one of them would be lost. */
  private readonly changesInTurn = createSerialQueue();

  private constructor(
    folders: FileStorage,
    id: string,
    record: CollectionRecord,
    { items, nextSerial, wholeBytes }: CollectionLines,
    rows: Float32Array<ArrayBuffer>,
  ) {
    this.folders = folders;
    this.id = id;
    this.record = record;
    this.items = [...items];
    this.rows = rows;
    this.sizes = wholeBytes;
    this.nextSerial = nextSerial;
    for (const [at, item] of items.entries()) this.places.set(keyOfName(item), at);
  }

  /** @throws FailureError 'storage-full' and the like; nothing is left then */
  static async create(folders: FileStorage, id: string, facts: CollectionFacts): Promise<KeptCollection> {
    try {
      const record = await writeRecord(folders, id, { ...facts, data: 0 });
      return new KeptCollection(folders, id, record, noLines, new Float32Array());
    } catch (error) {
      await folders.remove(id).catch(() => undefined);
      throw error;
    }
  }

  /**
   * Reads what is whole, and compares it with its checksums: a photograph that differs is not there, and can be taken in again.
   * @throws FailureError 'collection-not-kept'
   */
  static async open(folders: FileStorage, id: string): Promise<KeptCollection> {
    const { current } = await readSlots(folders, id);
    if (current === null) throw new FailureError({ code: 'collection-not-kept' });
    const { record } = current;
    const read = (file: DataFile): Promise<Uint8Array<ArrayBuffer>> =>
      readFile(folders, id, dataName(record.data, file));
    // The lines first: what they speak of was written before them.
    const logs = { 'items.log': await read('items.log'), 'classes.log': await read('classes.log') };
    const [features, pictures] = [await read('features.f32'), await read('thumbnails.bin')];
    const rowBytes = rowBytesOf(record);
    const sizes = { 'features.f32': features.byteLength, 'thumbnails.bin': pictures.byteLength };
    const lines = readLines(record, logs, sizes, ({ row, thumbnail: { begin, byteLength }, crc }) => {
      const own = row === null ? none : features.subarray(row * rowBytes, (row + 1) * rowBytes);
      return crcOf(own, pictures.subarray(begin, begin + byteLength)) === crc;
    });
    const rows = new Float32Array(features.buffer, 0, lines.wholeBytes['features.f32'] / 4);
    return new KeptCollection(folders, id, record, lines, rows);
  }

  get facts(): CollectionRecord {
    return this.record;
  }

  /** N */
  get count(): number {
    return this.items.length;
  }

  describe(): StoredCollection {
    return describeCollection(this.id, this.record, this.items, this.sizes);
  }

  describeItem(index: number): CollectionItem {
    const { path, byteLength, lastModified, className, failure } = this.items[index] as KeptItem;
    const name = path.slice(path.lastIndexOf('/') + 1);
    return { index, path, byteLength, lastModified, name, className, failure };
  }

  /** Of each item; null where it has none. */
  classNames(): readonly (string | null)[] {
    return this.items.map(({ className }) => className);
  }

  /** Whether each item has features. */
  haveFeatures(): readonly boolean[] {
    return this.items.map(({ row }) => row !== null);
  }

  /** @returns the index of the photograph; null where it was never taken in */
  find(name: PhotographName): number | null {
    return this.places.get(keyOfName(name)) ?? null;
  }

  /** How often an item that was there has got other features. */
  get featureChanges(): number {
    return this.changedRows;
  }

  /** CLS, mean and GeM of the items from `first` on, zeros of those that failed; shape [N − first, 3, C]. A copy. */
  pooled(first = 0): Float32Array<ArrayBuffer> {
    const length = pooledParts * this.record.channels;
    const items = this.items.slice(first);
    const pooled = new Float32Array(items.length * length);
    for (const [at, { row }] of items.entries())
      if (row !== null) pooled.set(this.rows.subarray(row * length, (row + 1) * length), at * length);
    return pooled;
  }

  /** Whether no other window has changed or deleted it. */
  async isCurrent(): Promise<boolean> {
    const { current } = await readSlots(this.folders, this.id);
    if (current?.record.generation !== this.record.generation) return false;
    for (const file of ['items.log', 'classes.log'] as const) {
      const size = (await this.folders.read(this.id, dataName(this.record.data, file)))?.size ?? 0;
      if (size < this.sizes[file]) return false;
      if (size === this.sizes[file]) continue;
      // What a crash has left is there until somebody writes.
      const bytes = await readFile(this.folders, this.id, dataName(this.record.data, file));
      if (bytes.subarray(this.sizes[file]).includes(lineEnd)) return false;
    }
    return true;
  }

  /** The small pictures in the order of the items, and where each ends. */
  async readThumbnails(): Promise<{ readonly blob: Blob; readonly ends: Uint32Array<ArrayBuffer> }> {
    // Read now: once the file has grown, the browser refuses to read what it gave before.
    const bytes = await readFile(this.folders, this.id, dataName(this.record.data, 'thumbnails.bin'));
    const ends = new Uint32Array(this.items.length);
    let end = 0;
    const pieces = this.items.map(({ thumbnail: { begin, byteLength } }, index) => {
      end += byteLength;
      ends[index] = end;
      return bytes.subarray(begin, begin + byteLength);
    });
    return { blob: new Blob(pieces, { type: 'image/jpeg' }), ends };
  }

  /** All that is kept of these items, as `append` takes it. */
  async readItems(indices: readonly number[]): Promise<readonly RemovedItem[]> {
    const pictures = await readFile(this.folders, this.id, dataName(this.record.data, 'thumbnails.bin'));
    return indices.flatMap((index): RemovedItem[] => {
      const item = this.items[index];
      if (item === undefined) return [];
      const { path, byteLength, lastModified, className, failure, row, thumbnail } = item;
      const name = { path, byteLength, lastModified };
      if (failure !== null) return [{ name, className, content: { failure } }];
      const picture = pictures.slice(thumbnail.begin, thumbnail.begin + thumbnail.byteLength);
      const content = {
        features: this.featuresAt(row ?? 0),
        thumbnail: picture.byteLength === 0 ? null : picture,
      };
      return [{ name, className, content }];
    });
  }

  /** A copy of what `joinParts` has joined. */
  private featuresAt(row: number): PooledFeatures {
    const { channels } = this.record;
    const partAt = (part: number): Float32Array<ArrayBuffer> =>
      this.rows.slice((row * pooledParts + part) * channels, (row * pooledParts + part + 1) * channels);
    return { cls: partAt(0), mean: partAt(1), gem: partAt(2) };
  }

  /** Keeps the files open while `work` goes on, as `append` needs it. */
  async whileOpen<T>(work: () => Promise<T> | T): Promise<T> {
    this.users += 1;
    try {
      await (this.opening ??= this.openFiles());
      return await work();
    } finally {
      this.users -= 1;
      if (this.users === 0) this.closeFiles();
    }
  }

  private async openFiles(): Promise<void> {
    const files: Partial<Record<DataFile, OpenFile>> = {};
    try {
      for (const file of dataFiles) {
        const opened = await this.folders.open(this.id, dataName(this.record.data, file));
        files[file] = opened;
        opened.truncate(this.sizes[file]);
      }
      this.files = files as PerFile<OpenFile>;
      // What a crash has left while items were being removed.
      await this.removeData(this.record.data - 1);
      await this.removeData(this.record.data + 1);
    } catch (error) {
      for (const file of Object.values(files)) file.close();
      this.files = null;
      throw error;
    }
  }

  private closeFiles(): void {
    const { files } = this;
    this.files = null;
    this.opening = null;
    const open = Object.values(files ?? {});
    try {
      for (const file of open) file.flush();
    } finally {
      // All of them, also after a fault of the disk: nobody could open one that is left open.
      for (const file of open) file.close();
    }
  }

  private async removeData(data: number): Promise<void> {
    if (data < 0) return;
    for (const file of dataFiles) await this.folders.removeFile(this.id, dataName(data, file));
  }

  private get openedFiles(): PerFile<OpenFile> {
    if (this.files === null) throw new Error('a collection is written to that is not open');
    return this.files;
  }

  /** Adds bytes to the ends of files, in this order. All or nothing. @throws FailureError 'storage-full' and the like */
  private addBytes(added: readonly (readonly [DataFile, Uint8Array<ArrayBuffer>])[]): void {
    const files = this.openedFiles;
    try {
      for (const [file, bytes] of added) if (bytes.byteLength > 0) files[file].write(bytes, this.sizes[file]);
    } catch (error) {
      // Where even that fails, a line without its end is left, which counts for nothing.
      for (const [file] of added) {
        try {
          files[file].truncate(this.sizes[file]);
        } catch {
          continue;
        }
      }
      throw error;
    }
    const sizes = { ...this.sizes };
    for (const [file, bytes] of added) sizes[file] += bytes.byteLength;
    this.sizes = sizes;
  }

  /**
   * Takes a photograph in. One that is there already keeps its place and its class.
   * @returns its index @throws FailureError 'storage-full' and the like; it is as if it had not been called then
   */
  append(name: PhotographName, className: string | null, content: KeptContent): number {
    const known = this.find(name);
    const before = known === null ? undefined : this.items[known];
    const values = 'failure' in content ? null : joinParts(content.features);
    const features = values === null ? none : new Uint8Array(values.buffer);
    const thumbnail = ('failure' in content ? null : content.thumbnail) ?? none;
    const row = values === null ? null : this.sizes['features.f32'] / rowBytesOf(this.record);
    const item: KeptItem = {
      serial: before?.serial ?? this.nextSerial,
      path: name.path,
      byteLength: name.byteLength,
      lastModified: name.lastModified,
      className: before === undefined ? className : before.className,
      failure: 'failure' in content ? content.failure : null,
      row,
      thumbnail: placeOf(thumbnail, this.sizes['thumbnails.bin']),
      crc: crcOf(features, thumbnail),
    };
    this.addBytes([
      ['features.f32', features],
      ['thumbnails.bin', thumbnail],
      ['items.log', encodeLine(item)],
    ]);
    if (values !== null && row !== null) this.setRow(row, values);
    return this.place(item, known);
  }

  private place(item: KeptItem, known: number | null): number {
    if (known !== null) this.changedRows += 1;
    const index = known ?? this.items.length;
    this.items[index] = item;
    this.places.set(keyOfName(item), index);
    this.nextSerial = Math.max(this.nextSerial, item.serial + 1);
    return index;
  }

  private setRow(row: number, values: Float32Array): void {
    const end = (row + 1) * values.length;
    if (end > this.rows.length) {
      const larger = new Float32Array(Math.max(end, Math.ceil(this.rows.length * 1.5)));
      larger.set(this.rows);
      this.rows = larger;
    }
    this.rows.set(values, row * values.length);
  }

  /**
   * Gives classes in memory, at once; `keepClasses` writes them. Indices that there are not are left out.
   * @returns what was changed
   */
  giveClasses(changes: readonly ClassChange[]): readonly GivenClass[] {
    return changes.flatMap(({ index, className }) => {
      const item = this.items[index];
      if (item === undefined) return [];
      this.items[index] = { ...item, className };
      return [{ index, serial: item.serial, className, before: item.className }];
    });
  }

  /**
   * Writes classes that were given. Only their own file is opened where the others are not: a person waits for it.
   * @throws FailureError 'storage-full' and the like; the classes are as before then
   */
  async keepClasses(given: readonly GivenClass[]): Promise<void> {
    try {
      const bytes = joinBytes(
        given.map(({ serial, className }) => encodeLine({ serial, className } satisfies KeptClass)),
      );
      // While the files are being opened nobody else may open one.
      await this.opening?.catch(() => undefined);
      if (this.files === null) await this.addClassLines(bytes);
      else this.addBytes([['classes.log', bytes]]);
    } catch (error) {
      this.takeBackClasses(given);
      throw error;
    }
  }

  /** In memory, where they could not be kept. The last one that an item got is taken back first. */
  takeBackClasses(given: readonly GivenClass[]): void {
    for (const { index, serial, before } of given.toReversed()) {
      const item = this.items[index];
      if (item?.serial === serial) this.items[index] = { ...item, className: before };
    }
  }

  private async addClassLines(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const at = this.sizes['classes.log'];
    const file = await this.folders.open(this.id, dataName(this.record.data, 'classes.log'));
    try {
      file.truncate(at);
      try {
        file.write(bytes, at);
      } catch (error) {
        file.truncate(at);
        throw error;
      }
      this.sizes = { ...this.sizes, 'classes.log': at + bytes.byteLength };
      file.flush();
    } finally {
      file.close();
    }
  }

  /** What was written is on the disk afterwards. */
  flush(): void {
    for (const file of Object.values(this.openedFiles)) file.flush();
  }

  /** @throws FailureError 'storage-full' and the like; the record before stays then */
  async change(
    facts: Partial<Pick<CollectionRecord, 'title' | 'savedAt' | 'data' | 'modelHash'>>,
  ): Promise<void> {
    await this.changesInTurn(async () => {
      this.record = await writeRecord(this.folders, this.id, { ...this.record, ...facts });
    });
  }

  /**
   * Writes anew what is left. Not while its files are open. From then on this object is out of date, and it is opened anew.
   * @throws FailureError 'storage-full' and the like; everything is left then, or all of it was removed
   */
  async remove(indices: readonly number[]): Promise<void> {
    if (this.users > 0) throw new Error('items are removed from a collection that is open');
    const gone = new Set(indices);
    const left = this.items.filter((_, index) => !gone.has(index));
    const data = this.record.data + 1;
    try {
      for (const [file, bytes] of await this.filesOf(left))
        await writeFile(this.folders, this.id, dataName(data, file), bytes);
      await this.change({ data });
    } catch (error) {
      const { current } = await readSlots(this.folders, this.id);
      // The record may be whole although the disk reported a fault behind it.
      if (current?.record.data !== data) await this.removeData(data).catch(() => undefined);
      throw error;
    }
    await this.removeData(data - 1);
  }

  /** The files of a collection that has these items and no others. */
  private async filesOf(
    left: readonly KeptItem[],
  ): Promise<readonly (readonly [DataFile, Uint8Array<ArrayBuffer>])[]> {
    const pictures = await readFile(this.folders, this.id, dataName(this.record.data, 'thumbnails.bin'));
    const rowBytes = rowBytesOf(this.record);
    const rows = new Uint8Array(this.rows.buffer);
    const [ownRows, ownPictures, lines]: [Uint8Array[], Uint8Array[], Uint8Array[]] = [[], [], []];
    let end = 0;
    for (const item of left) {
      const { row, thumbnail } = item;
      const { byteLength } = thumbnail;
      lines.push(
        encodeLine({
          ...item,
          row: row === null ? null : ownRows.length,
          thumbnail: placeOf(thumbnail, end),
        }),
      );
      if (row !== null) ownRows.push(rows.subarray(row * rowBytes, (row + 1) * rowBytes));
      ownPictures.push(pictures.subarray(thumbnail.begin, thumbnail.begin + byteLength));
      end += byteLength;
    }
    return [
      ['features.f32', joinBytes(ownRows)],
      ['thumbnails.bin', joinBytes(ownPictures)],
      ['items.log', joinBytes(lines)],
      ['classes.log', none],
    ];
  }
}
