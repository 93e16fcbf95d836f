import { expect, test } from 'vitest';
import { photographsOf, titleOf, withMasksGuessed } from './files-to-gather.ts';

/** A file as the browser gives it: with a path where it came in a folder that was dropped or chosen. */
function file(
  name: string,
  place: { readonly path?: string; readonly webkitRelativePath?: string } = {},
): File {
  const made = new File(['x'], name);
  for (const [key, value] of Object.entries(place)) Object.defineProperty(made, key, { value });
  return made;
}

const byFolders = { by: 'folders' } as const;

test('folders name classes where they differ, whatever lies below them', () => {
  const found = photographsOf(
    [
      file('b.jpg', { path: '/all/mugs/b.jpg' }),
      file('a.jpg', { webkitRelativePath: 'all/not mugs/old/a.jpg' }),
      file('c.jpg', { path: './c.jpg' }),
    ],
    byFolders,
  );
  expect(found.map(({ path, className }) => [path, className])).toEqual([
    ['all/mugs/b.jpg', 'mugs'],
    ['all/not mugs/old/a.jpg', 'not mugs'],
    ['c.jpg', null],
  ]);
});

test('folders can be left out of it, or all photographs have one class', () => {
  const files = [file('b.jpg', { path: '/mugs/b.jpg' })];
  expect(photographsOf(files, { by: 'name', name: null })[0]?.className).toBeNull();
  expect(photographsOf(files, { by: 'name', name: 'cups' })[0]?.className).toBe('cups');
});

test('what the system left in a folder is passed over; other files are told by the worker', () => {
  const files = ['.DS_Store', 'Thumbs.db', 'desktop.ini', '._a.jpg', 'notes.txt', 'a.jpg'].map((name) =>
    file(name, { path: `/mugs/${name}` }),
  );
  expect(photographsOf(files, byFolders).map(({ path }) => path)).toEqual(['mugs/a.jpg', 'mugs/notes.txt']);
});

test('a PNG with the name of a photograph beside it may be its mask; one in another folder, or beside another PNG, is none', () => {
  const found = photographsOf(
    ['a/x.jpg', 'a/X.png', 'a/y.png', 'b/x.png', 'b/z.png', 'b/z.PNG', 'c/w.png'].map((path) =>
      file(path.slice(2), { path: `/${path}` }),
    ),
    byFolders,
  );
  const there = { path: 'c/w.webp', blob: new Blob(['there']) };
  const guessed = withMasksGuessed(found, [there]);
  expect(
    guessed.flatMap(({ path, mayBeMaskOf }) => (mayBeMaskOf === undefined ? [] : [[path, mayBeMaskOf.name]])),
  ).toEqual([
    ['a/X.png', 'x.jpg'],
    ['c/w.png', 'w.webp'],
  ]);
  expect(guessed.find(({ path }) => path === 'c/w.png')?.mayBeMaskOf?.blob).toBe(there.blob);
});

test('a collection is named after its classes', () => {
  const of = (...names: (string | null)[]) =>
    names.map((className, at) => ({ path: `${at}`, className, blob: new Blob() }));
  expect(titleOf(of('mugs', 'not mugs', 'mugs', null))).toBe('mugs, not mugs');
  expect(titleOf(of('a', 'b', 'c', 'd', 'e'))).toBe('a, b, c and 2 more');
  expect(titleOf(of(null))).toBe('1 photograph');
  expect(titleOf(of(null, null))).toBe('2 photographs');
});
