import { expect, test } from 'vitest';
import { classAt, classLevelOf } from './class-folders.ts';

const classesOf = (paths: readonly string[]): (string | null)[] => {
  const level = classLevelOf(paths);
  return paths.map((path) => classAt(path, level));
};

test.each<[string, Record<string, string | null>]>([
  ['two folders', { 'mugs/a.jpg': 'mugs', 'not mugs/b.jpg': 'not mugs' }],
  ['a folder of folders', { 'all/mugs/a.jpg': 'mugs', './all/pots/b.jpg': 'pots' }],
  [
    'what lies deeper belongs to the class',
    { 'cats/2025/a.jpg': 'cats', 'cats/2026/b.jpg': 'cats', 'dogs/2026/c.jpg': 'dogs' },
  ],
  [
    'Tiny ImageNet',
    { 'tiny/train/n01443537/images/a.jpg': 'n01443537', 'tiny/train/n01629819/images/b.jpg': 'n01629819' },
  ],
  [
    'parts of a data set',
    { 'set/train/cat/a.jpg': 'cat', 'set/val/dog/b.jpg': 'dog', 'set/Test/cat/c.jpg': 'cat' },
  ],
  ['parts without folders in them', { 'train/a.jpg': 'train', 'test/b.jpg': 'test' }],
  ['one folder', { 'all/mugs/a.jpg': 'mugs', 'all/mugs/b.jpg': 'mugs' }],
  ['one folder with another one in it', { 'mugs/a.jpg': 'mugs', 'mugs/old/b.jpg': 'mugs' }],
  [
    'photographs beside the folders',
    { 'all/a.jpg': null, 'b.jpg': null, 'all/mugs/c.jpg': 'mugs', 'all/pots/d.jpg': 'pots' },
  ],
  ['no folder', { 'a.jpg': null }],
  ['as Windows writes it', { 'all\\mugs\\a.jpg': 'mugs', 'all\\pots\\b.jpg': 'pots' }],
])('%s', (_, classes) => {
  expect(classesOf(Object.keys(classes))).toEqual(Object.values(classes));
});

test('nothing at all has a level too', () => expect(classLevelOf([])).toBe(0));
