import { expect, test } from 'vitest';
import {
  comparePaths,
  hasPhotographEnding,
  isMacNote,
  isPngName,
  pathOfFile,
  sharedFolders,
  stemOf,
} from './file-names.ts';

test.each(['._cat.jpg', '._dino.pth', 'stick/._cat.jpg', 'C:\\stick\\._cat.jpg', '._'])(
  '%s is what macOS notes',
  (path) => expect(isMacNote(path)).toBe(true),
);

test.each(['cat.jpg', '.hidden.jpg', 'a._b.jpg', '._folder/cat.jpg', '_cat.jpg'])('%s is not', (path) =>
  expect(isMacNote(path)).toBe(false),
);

test.each(['a.jpg', 'a.JPEG', 'a.jpe', 'a.jfif', 'a.JIF', 'a.mpo', 'a.bmp', 'a.avif', 'a.tif', 'a.b.png'])(
  '%s ends as photographs do',
  (path) => expect(hasPhotographEnding(path)).toBe(true),
);

test.each(['a', 'a.pth', 'a.jpg.txt', 'jpg', 'a.jp', 'a.heic'])('%s does not', (path) =>
  expect(hasPhotographEnding(path)).toBe(false),
);

test.each([
  ['Cat.JPG', 'cat.png', true],
  ['a.b.jpeg', 'a.b.PNG', true],
  ['cat.jpg', 'cat-2.png', false],
  ['cat', 'cat.png', true],
])('%s and %s have the same stem: %s', (a, b, same) => expect(stemOf(a) === stemOf(b)).toBe(same));

test.each([
  ['images/cow/1.jpg', 'masks/cow/1.png', 1],
  ['images/cow/1.jpg', 'masks/dog/1.png', 0],
  ['a/b/1.jpg', 'a/b/1.png', 2],
  ['1.jpg', 'a/1.png', 0],
  ['a\\b\\1.jpg', 'c/b/1.png', 1],
])('%s and %s share %i folders', (a, b, count) => expect(sharedFolders(a, b)).toBe(count));

test('PNG is told by the name', () =>
  expect(['a.png', 'A.PNG', 'a.jpg'].map(isPngName)).toEqual([true, true, false]));

test.each([
  ['/mugs/a.jpg', 'mugs/a.jpg'],
  ['./all/mugs/a.jpg', 'all/mugs/a.jpg'],
  ['./a.jpg', 'a.jpg'],
])('a file that was dropped as %s has the path %s', (path, below) => {
  const file = Object.assign(new File([], 'a.jpg'), { path, webkitRelativePath: '' });
  expect(pathOfFile(file)).toBe(below);
});

test('a file that was chosen with its folder has the path that the browser tells', () => {
  const file = Object.assign(new File([], 'a.jpg'), { webkitRelativePath: 'mugs/a.jpg' });
  expect(pathOfFile(file)).toBe('mugs/a.jpg');
});

test('paths sort by their numbers', () => {
  const sorted = ['b/10.jpg', 'b/9.jpg', 'B/2.jpg', 'a/3.jpg'].toSorted(comparePaths);
  expect(sorted).toEqual(['a/3.jpg', 'B/2.jpg', 'b/9.jpg', 'b/10.jpg']);
});
