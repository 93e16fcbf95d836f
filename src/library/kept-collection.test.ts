import { beforeEach, describe, expect, test } from 'vitest';
import { FailureError } from '../core/failure.ts';
import { listCollections } from './collection-store.ts';
import { createMemoryStorage, type FileStorage, type OpenFile } from './file-storage.ts';
import { KeptCollection, type CollectionFacts, type KeptContent } from './kept-collection.ts';

const facts: CollectionFacts = {
  title: 'Mugs',
  modelKey: 'embedded',
  modelHash: 'ab12',
  modelTitle: 'mini/16',
  settings: { block: 12, framing: 'square', sidePx: 224 },
  channels: 2,
  savedAt: '2026-11-29T02:00:00.000Z',
};

const nameOf = (at: number) => ({ path: `mugs/${at}.jpg`, byteLength: 100 + at, lastModified: 5 });
const featuresOf = (at: number) => ({
  cls: Float32Array.of(at, 1),
  mean: Float32Array.of(at, 2),
  gem: Float32Array.of(at, 3),
});
const pictureOf = (at: number) => Uint8Array.from({ length: 3 + at }, () => at);
const contentOf = (at: number): KeptContent => ({ features: featuresOf(at), thumbnail: pictureOf(at) });
const broken: KeptContent = { failure: { code: 'empty-file' } };

let folders: FileStorage;
beforeEach(() => {
  folders = createMemoryStorage('refused');
});

const give = (to: KeptCollection, index: number, className: string | null): Promise<void> =>
  to.keepClasses(to.giveClasses([{ index, className }]));

/** Three photographs, of which the second one is broken. */
async function makeThree(used: FileStorage = folders): Promise<KeptCollection> {
  const made = await KeptCollection.create(used, 'c', facts);
  await made.whileOpen(() => {
    made.append(nameOf(0), 'mug', contentOf(0));
    made.append(nameOf(1), 'mug', broken);
    made.append(nameOf(2), null, contentOf(2));
  });
  await give(made, 2, 'no mug');
  return made;
}

/** All that can be read of a collection. */
async function contentsOf(collection: KeptCollection) {
  const { blob, ends } = await collection.readThumbnails();
  return {
    items: Array.from({ length: collection.count }, (_, index) => collection.describeItem(index)),
    pooled: [...collection.pooled()],
    pictures: [...new Uint8Array(await blob.arrayBuffer())],
    ends: [...ends],
  };
}

const openC = async (used: FileStorage = folders) => contentsOf(await KeptCollection.open(used, 'c'));

const three = {
  items: [
    { index: 0, ...nameOf(0), name: '0.jpg', className: 'mug', failure: null },
    { index: 1, ...nameOf(1), name: '1.jpg', className: 'mug', failure: { code: 'empty-file' } },
    { index: 2, ...nameOf(2), name: '2.jpg', className: 'no mug', failure: null },
  ],
  pooled: [0, 1, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 2, 1, 2, 2, 2, 3],
  pictures: [0, 0, 0, 2, 2, 2, 2, 2],
  ends: [3, 3, 8],
};

const logs = ['0-items.log', '0-classes.log'];
const files = ['0-features.f32', '0-thumbnails.bin', ...logs];

async function bytesOf(file: string, used: FileStorage = folders): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array((await (await used.read('c', file))?.arrayBuffer()) ?? new ArrayBuffer());
}

/** The same files once more, one of them other. */
async function copyWith(changed: string, bytes: Uint8Array<ArrayBuffer>): Promise<FileStorage> {
  const copy = createMemoryStorage('refused');
  for (const file of [...files, '0-collection.json', '1-collection.json']) {
    const own = file === changed ? bytes : await bytesOf(file);
    if (own.byteLength > 0) (await copy.open('c', file)).write(own, 0);
  }
  return copy;
}

test('a collection comes out as it went in, before and after it is opened again', async () => {
  const made = await makeThree();
  expect(await contentsOf(made)).toEqual(three);
  expect(await openC()).toEqual(three);
  expect(made.describe()).toMatchObject({
    id: 'c',
    title: 'Mugs',
    items: 3,
    failed: 1,
    classNames: ['mug', 'no mug'],
    settings: facts.settings,
  });
  expect(await listCollections(folders)).toEqual({
    collections: [made.describe()],
    unreadable: [],
    unfinished: [],
  });
});

test('a photograph is known again by path, size and time, and keeps its place and its class when it is tried again', async () => {
  const made = await makeThree();
  expect(made.find(nameOf(1))).toBe(1);
  expect(made.find({ ...nameOf(1), byteLength: 7 })).toBeNull();
  expect(made.find({ ...nameOf(1), lastModified: 7 })).toBeNull();
  await made.whileOpen(async () => {
    await give(made, 1, 'cup');
    expect(made.append(nameOf(1), 'mug', contentOf(1))).toBe(1);
  });
  const opened = await openC();
  expect(opened).toEqual(await contentsOf(made));
  expect(opened.items[1]).toMatchObject({ className: 'cup', failure: null });
  // In the order of the items, though its bytes came last.
  expect(opened.pictures).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
  expect(opened.ends).toEqual([3, 7, 12]);
});

describe('a crash', () => {
  test.each(files)('that cuts %s off at any byte loses only what was there cut', async (file) => {
    await makeThree();
    const bytes = await bytesOf(file);
    for (let length = 0; length < bytes.byteLength; length++) {
      const copy = await copyWith(file, bytes.slice(0, length));
      const opened = await KeptCollection.open(copy, 'c');
      const { items, pooled } = await contentsOf(opened);
      for (const { index, path, failure } of items) {
        const at = Number(/\d/.exec(path)?.[0]);
        const own = pooled.slice(index * 6, index * 6 + 6);
        expect(own, `${file} cut at ${length}`).toEqual(
          failure === null ? [at, 1, at, 2, at, 3] : [0, 0, 0, 0, 0, 0],
        );
      }
      // The whole lines before the cut, and no others.
      if (file === '0-items.log')
        expect(items.length).toBe(bytes.slice(0, length).filter((byte) => byte === 10).length);
      // It goes on from there.
      await opened.whileOpen(() => void opened.append(nameOf(9), 'mug', contentOf(9)));
      const again = await KeptCollection.open(copy, 'c');
      expect(await contentsOf(again)).toEqual(await contentsOf(opened));
      expect(again.find(nameOf(9))).toBe(items.length);
    }
  });

  test.each(files)(
    'or a fault of the disk that changes a byte of %s gives no wrong numbers',
    async (file) => {
      await makeThree();
      const bytes = await bytesOf(file);
      const whole = new Map(three.items.map(({ path, failure }) => [path, failure]));
      for (let at = 0; at < bytes.byteLength; at++) {
        const damaged = bytes.slice();
        damaged[at] = (damaged[at] ?? 0) ^ 0x11;
        const copy = await copyWith(file, damaged);
        const { items, pooled } = await openC(copy);
        for (const { index, path, failure } of items) {
          expect(failure).toEqual(whole.get(path));
          const own = Number(/\d/.exec(path)?.[0]);
          const expected = failure === null ? [own, 1, own, 2, own, 3] : [0, 0, 0, 0, 0, 0];
          expect(pooled.slice(index * 6, index * 6 + 6), `${file} at ${at}`).toEqual(expected);
        }
        if (file !== '0-classes.log') expect(items.length).toBeGreaterThanOrEqual(1);
      }
    },
  );

  test('in the middle of a new record leaves the one before', async () => {
    const made = await makeThree();
    await made.change({ title: 'Cups' });
    const bytes = await bytesOf('1-collection.json');
    for (let length = 0; length < bytes.byteLength; length++) {
      const copy = await copyWith('1-collection.json', bytes.slice(0, length));
      expect((await KeptCollection.open(copy, 'c')).facts.title).toBe('Mugs');
    }
    expect((await KeptCollection.open(folders, 'c')).facts.title).toBe('Cups');
  });
});

const full = new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });

/** A disk with room for so many bytes more: a write that is too long is cut. @param room changed as it fills */
function fillingDisk(used: FileStorage, room: { bytes: number }): FileStorage {
  const limited = (file: OpenFile): OpenFile => ({
    truncate: (byteLength) => file.truncate(byteLength),
    flush: () => file.flush(),
    close: () => file.close(),
    write: (bytes, at) => {
      const part = bytes.slice(0, room.bytes);
      room.bytes -= part.byteLength;
      if (part.byteLength > 0) file.write(part, at);
      if (part.byteLength < bytes.byteLength) throw full;
    },
  });
  return { ...used, open: async (id, file) => limited(await used.open(id, file)) };
}

describe('a disk that is full', () => {
  test('at any byte of a photograph leaves what was there, and the photograph can come later', async () => {
    /** @returns whether there was room for one photograph more */
    const tryWith = async (bytes: number): Promise<boolean> => {
      folders = createMemoryStorage('refused');
      const room = { bytes: Infinity };
      const made = await makeThree(fillingDisk(folders, room));
      const hadRoom = await made.whileOpen(() => {
        room.bytes = bytes;
        try {
          made.append(nameOf(3), 'mug', contentOf(3));
          return true;
        } catch (error) {
          expect(error).toBe(full);
        }
        expect(made.count).toBe(3);
        expect(made.find(nameOf(3))).toBeNull();
        room.bytes = Infinity;
        expect(made.append(nameOf(4), 'mug', contentOf(4))).toBe(3);
        return false;
      });
      const opened = await openC();
      expect(opened).toEqual(await contentsOf(made));
      expect(opened.items.slice(0, 3)).toEqual(three.items);
      return hadRoom;
    };
    let bytes = 0;
    while (!(await tryWith(bytes))) bytes += 1;
    expect(bytes).toBeGreaterThan(100);
  });

  test('changes no class', async () => {
    const room = { bytes: Infinity };
    const made = await makeThree(fillingDisk(folders, room));
    room.bytes = 30;
    await expect(give(made, 0, 'cup')).rejects.toBe(full);
    room.bytes = 30;
    await made.whileOpen(() => expect(give(made, 0, 'cup')).rejects.toBe(full));
    expect(await contentsOf(made)).toEqual(three);
    expect(await openC()).toEqual(three);
  });

  test('begins no collection, and leaves nothing of it', async () => {
    await expect(KeptCollection.create(fillingDisk(folders, { bytes: 40 }), 'c', facts)).rejects.toThrow(
      full,
    );
    expect(await folders.list()).toEqual([]);
  });

  test('at any byte of a removal leaves everything', async () => {
    const tryWith = async (bytes: number): Promise<boolean> => {
      folders = createMemoryStorage('refused');
      const room = { bytes: Infinity };
      const made = await makeThree(fillingDisk(folders, room));
      room.bytes = bytes;
      const isRemoved = await made.remove([0]).then(
        () => true,
        () => false,
      );
      expect((await openC()).items).toHaveLength(isRemoved ? 2 : 3);
      return isRemoved;
    };
    let bytes = 0;
    while (!(await tryWith(bytes))) bytes += 7;
    expect(bytes).toBeGreaterThan(100);
  });
});

const busy = new FailureError({ code: 'collection-busy' });
const fault = new FailureError({ code: 'storage-failed', problem: 'a fault of the disk' });

interface DiskEvents {
  /** Files that cannot be flushed. */
  readonly broken: Set<string>;
  onOpen(file: string): void;
}

/** As in a browser: a file is open once at a time. */
function strictDisk(used: FileStorage, events: DiskEvents): FileStorage {
  const openNow = new Set<string>();
  return {
    ...used,
    open: async (id, file) => {
      events.onOpen(file);
      if (openNow.has(file)) throw busy;
      openNow.add(file);
      const own = await used.open(id, file);
      return {
        truncate: (byteLength) => own.truncate(byteLength),
        write: (bytes, at) => own.write(bytes, at),
        flush: () => {
          if (events.broken.has(file)) throw fault;
        },
        close: () => void openNow.delete(file),
      };
    },
  };
}

describe('a disk with one handle a file', () => {
  let events: DiskEvents;
  let made: KeptCollection;
  beforeEach(async () => {
    events = { broken: new Set(), onOpen: () => undefined };
    made = await makeThree(strictDisk(folders, events));
  });

  test('keeps a class that is given while files are being opened', async () => {
    const given: Promise<void>[] = [];
    events.onOpen = (file) => {
      if (file !== '0-classes.log') return;
      events.onOpen = () => undefined;
      given.push(give(made, 0, 'cup'));
    };
    await made.whileOpen(() => void made.append(nameOf(3), null, contentOf(3)));
    expect(await Promise.all(given)).toHaveLength(1);
    const { items } = await openC();
    expect(items.map(({ className }) => className)).toEqual(['cup', 'mug', 'no mug', null]);
  });

  test('keeps a new title beside the end of a gathering', async () => {
    const savedAt = '2026-11-29T03:00:00.000Z';
    await Promise.all([made.change({ title: 'Cups' }), made.change({ savedAt })]);
    expect((await KeptCollection.open(folders, 'c')).facts).toMatchObject({ title: 'Cups', savedAt });
  });

  test('that has a fault once is written to again afterwards', async () => {
    events.broken.add('0-features.f32');
    await expect(made.whileOpen(() => undefined)).rejects.toBe(fault);
    events.broken.clear();
    await made.whileOpen(() => void made.append(nameOf(3), null, contentOf(3)));
    expect((await openC()).items).toHaveLength(4);
  });

  test('that has a fault behind a new record loses nothing else than what was removed', async () => {
    events.broken.add('1-collection.json');
    await expect(made.remove([0])).rejects.toBe(fault);
    expect((await openC()).items.map(({ path }) => path)).toEqual(['mugs/1.jpg', 'mugs/2.jpg']);
  });
});

describe('photographs that are removed', () => {
  test('leave nothing behind, and the others are counted anew', async () => {
    const made = await makeThree();
    await made.remove([0]);
    expect(await openC()).toEqual({
      items: [
        { ...three.items[1], index: 0 },
        { ...three.items[2], index: 1 },
      ],
      pooled: three.pooled.slice(6),
      pictures: [2, 2, 2, 2, 2],
      ends: [0, 5],
    });
    for (const file of files) expect(await folders.read('c', file)).toBeNull();
    expect(await made.isCurrent()).toBe(false);
  });

  test('are all there or all gone where the window was closed meanwhile', async () => {
    const made = await makeThree();
    const stopping: FileStorage = {
      ...folders,
      // The record is written, and nothing after it.
      removeFile: () => Promise.reject(new Error('closed')),
    };
    const other = await KeptCollection.open(stopping, 'c');
    await expect(other.remove([0])).rejects.toThrow('closed');
    const opened = await KeptCollection.open(folders, 'c');
    expect(opened.count).toBe(2);
    // What was left of the old files goes with the next writing.
    await opened.whileOpen(() => undefined);
    for (const file of files) expect(await folders.read('c', file)).toBeNull();
    expect(await made.isCurrent()).toBe(false);
  });
});

describe('another window', () => {
  test('that takes in a photograph, gives a class, renames or deletes is noticed', async () => {
    const changes: ((other: KeptCollection) => Promise<void>)[] = [
      (other) => other.whileOpen(() => void other.append(nameOf(3), null, contentOf(3))),
      (other) => give(other, 0, null),
      (other) => other.change({ title: 'Cups' }),
      () => folders.remove('c'),
    ];
    for (const change of changes) {
      folders = createMemoryStorage('refused');
      const mine = await makeThree();
      expect(await mine.isCurrent()).toBe(true);
      await change(await KeptCollection.open(folders, 'c'));
      expect(await mine.isCurrent()).toBe(false);
    }
  });

  test('is not blamed for what a crash has left', async () => {
    await makeThree();
    const bytes = await bytesOf('0-items.log');
    folders = await copyWith('0-items.log', bytes.slice(0, -4));
    expect(await (await KeptCollection.open(folders, 'c')).isCurrent()).toBe(true);
  });
});

describe('a list', () => {
  test('tells what another version has kept, or what is damaged, and the folder in which nothing was begun', async () => {
    await makeThree();
    const write = async (id: string, text: string): Promise<void> =>
      (await folders.open(id, '0-collection.json')).write(new TextEncoder().encode(text), 0);
    await write('later', JSON.stringify({ ...facts, version: 2, generation: 1, data: 0 }));
    await write('cut', '{"version":1,"ti');
    await folders.open('begun', '0-items.log');
    const { collections, unreadable, unfinished } = await listCollections(folders);
    expect(collections.map(({ id }) => id)).toEqual(['c']);
    expect(unreadable).toEqual([
      { id: 'later', title: 'Mugs' },
      { id: 'cut', title: null },
    ]);
    expect(unfinished).toEqual(['begun']);
    await expect(KeptCollection.open(folders, 'later')).rejects.toThrow('collection-not-kept');
  });

  test('names one that the disk does not give, and tells the others', async () => {
    await makeThree();
    const { read, list } = folders;
    folders = {
      ...folders,
      list: async () => ['broken', ...(await list())],
      read: (id, name) =>
        id === 'broken' && name.endsWith('.log') ? Promise.reject(fault) : read('c', name),
    };
    const { collections, unreadable } = await listCollections(folders);
    expect(collections.map(({ id }) => id)).toEqual(['c']);
    expect(unreadable).toEqual([{ id: 'broken', title: 'Mugs' }]);
  });

  test('leaves out a collection that another window deletes meanwhile, and tells the others', async () => {
    await makeThree();
    class Deleted extends Blob {
      override readonly size = 8;
      override slice(): Blob {
        throw new DOMException('not there', 'NotFoundError');
      }
    }
    const { read } = folders;
    const list = await folders.list();
    folders = {
      ...folders,
      list: () => Promise.resolve(['deleted', ...list]),
      read: (id, name) =>
        id === 'deleted' && name === '0-items.log' ? Promise.resolve(new Deleted()) : read('c', name),
    };
    const { collections, unreadable, unfinished } = await listCollections(folders);
    expect(collections.map(({ id }) => id)).toEqual(['c']);
    expect([unreadable, unfinished]).toEqual([[], []]);
  });
});
