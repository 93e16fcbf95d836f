import { expect, test, vi } from 'vitest';
import { takeFiles, type DroppedItem } from './take-files.ts';

/** A fake DataTransferItem, with the parts that `takeFiles` uses. */
function item(file: File | null, entry: object): DroppedItem & { webkitGetAsEntry: () => object } {
  return { kind: 'file', getAsFile: () => file, webkitGetAsEntry: vi.fn<() => object>(() => entry) };
}

const photo = (name: string, bytes: number, type = 'image/jpeg'): File =>
  new File([new Uint8Array(bytes)], name, { type });

/** The entry of a folder. Its reader gives all entries at once, then an empty list. */
function folder(...files: readonly File[]): object {
  const entries = files.map((file) => ({
    isDirectory: false,
    fullPath: `/day/${file.name}`,
    file: (take: (file: File) => void) => take(file),
  }));
  const pieces = [entries, []];
  return {
    isDirectory: true,
    createReader: () => ({ readEntries: (take: (piece: object[]) => void) => take(pieces.shift() ?? []) }),
  };
}

const isFile = { isDirectory: false, fullPath: '/x' };

test('what is a photograph by its name or type is taken at once; only what may be a folder is asked', async () => {
  const plain = [
    item(photo('a.jpg', 1001), isFile),
    item(photo('b.JFIF', 1003, ''), isFile),
    item(photo('c', 1005, 'image/png'), isFile),
  ];
  // The sizes of a folder on ext4, APFS, NTFS and tmpfs.
  const folders = [4096, 96, 0, 60].map((size) => item(photo('day.jpg', size), folder(photo('d.jpg', 5))));
  const unknown = item(photo('dino.pth', 7, ''), isFile);
  const without = item(null, folder(photo('e.jpg', 5), photo('f.jpg', 6)));
  const files = await takeFiles([...plain, ...folders, unknown, without]);
  expect(files.map(({ name }) => name)).toEqual(
    'a.jpg b.JFIF c d.jpg d.jpg d.jpg d.jpg dino.pth e.jpg f.jpg'.split(' '),
  );
  for (const { webkitGetAsEntry } of plain) expect(webkitGetAsEntry).not.toHaveBeenCalled();
});

test('a folder’s files come by their names, as file managers show them', async () => {
  const names = ['IMG_10.jpg', 'img_2.jpg', 'b.jpg', 'IMG_1.jpg', 'A.jpg'];
  const files = await takeFiles([
    item(photo('z.jpg', 1001), isFile),
    item(null, folder(...names.map((name) => photo(name, 5)))),
    item(photo('c.jpg', 1001), isFile),
  ]);
  expect(files.map(({ name }) => name)).toEqual(
    'z.jpg A.jpg b.jpg IMG_1.jpg img_2.jpg IMG_10.jpg c.jpg'.split(' '),
  );
});

test('every item is asked before anything is waited for: after the event they are empty', () => {
  const items = [item(photo('a.jpg', 33), isFile), item(photo('day', 0, ''), folder())];
  const asked = items.map((each) => vi.spyOn(each, 'getAsFile'));
  void takeFiles(items);
  for (const ask of asked) expect(ask).toHaveBeenCalled();
  expect(items[1]?.webkitGetAsEntry).toHaveBeenCalledOnce();
});

test('what is no file is passed over, and a folder that cannot be read is an error', async () => {
  const text: DroppedItem = { kind: 'string', getAsFile: () => null };
  expect(await takeFiles([text])).toEqual([]);
  const locked = {
    isDirectory: true,
    createReader: () => ({
      readEntries: (_: unknown, fail: (error: Error) => void) => fail(new Error('no')),
    }),
  };
  await expect(takeFiles([item(null, locked)])).rejects.toThrow('no');
});

test('of thousands of items no size is read during the event, and folders are still read', async () => {
  const sizes = vi.fn<() => number>(() => 1001);
  const many = Array.from({ length: 3000 }, (_, at) => {
    const file = photo(`${at}.jpg`, 1);
    Object.defineProperty(file, 'size', { get: sizes });
    return item(file, isFile);
  });
  const files = await takeFiles([...many, item(photo('day', 1001, ''), folder(photo('e.jpg', 5)))]);
  expect(files.map(({ name }) => name)).toEqual([...many.keys()].map((at) => `${at}.jpg`).concat('e.jpg'));
  expect(sizes).not.toHaveBeenCalled();
});
