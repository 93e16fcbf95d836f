import { expect, test } from 'vitest';
import { describeProblems, readPastedClasses } from './pasted-classes.ts';

const items = ['cats/1.jpg', 'cats/Tom.JPG', 'dogs/1.jpg', 'rex.png', 'broken.jpg'].map((path, index) => ({
  index,
  path,
  name: path.split('/').at(-1) ?? path,
  failure: path === 'broken.jpg' ? ({ code: 'not-an-image' } as const) : null,
}));

test('a name and a class on each line, by comma or tab; by path, name, or name without its ending; a heading is passed over', () => {
  expect(
    readPastedClasses('File name,class\ntom.jpg,"cats, tame"\n./dogs/1.jpg,dogs\nREX,\n', items, []),
  ).toEqual({
    classes: [
      { index: 1, className: 'cats, tame' },
      { index: 2, className: 'dogs' },
      { index: 3, className: null },
    ],
    problems: [],
  });
  expect(readPastedClasses('rex.png\tdogs', items, [0]).classes).toEqual([{ index: 3, className: 'dogs' }]);
});

test('lines that give no class are told, and the others give theirs', () => {
  const pasted = readPastedClasses(
    '1.jpg,cats\nnobody.jpg,cats\nbroken.jpg,cats\nrex.png\ntom.jpg,cats',
    items,
    [],
  );
  expect(pasted.classes).toEqual([{ index: 1, className: 'cats' }]);
  expect(pasted.problems).toEqual([
    'Line 1: 2 photographs are called “1.jpg”. Give the path.',
    'Line 2: no photograph here is called “nobody.jpg”.',
    'Line 3: no photograph here is called “broken.jpg”.',
    'Line 4: “rex.png” has no class beside it.',
  ]);
  expect(describeProblems(pasted)).toMatch(/^Line 1: .* Line 2: .* Line 3: .* And 1 line more\.$/);
});

test('classes alone go to the selected photographs in turn; one class goes to all of them', () => {
  expect(readPastedClasses('cats\n\ndogs\n', items, [3, 0])).toEqual({
    classes: [
      { index: 3, className: 'cats' },
      { index: 0, className: 'dogs' },
    ],
    problems: [],
  });
  expect(readPastedClasses('cats', items, [2, 1]).classes).toEqual([
    { index: 2, className: 'cats' },
    { index: 1, className: 'cats' },
  ]);
});

test('too many, too few, and none selected: what fits is given, and the rest is told', () => {
  const many = readPastedClasses('cats\ndogs\ncows', items, [0, 1]);
  expect(many.classes).toHaveLength(2);
  expect(describeProblems(many)).toBe(
    '3 classes for 2 selected photographs: the last 1 of the list are left over.',
  );
  const few = readPastedClasses('cats\ndogs', items, [0, 1, 2]);
  expect(few.classes).toHaveLength(2);
  expect(describeProblems(few)).toBe('2 classes for 3 selected photographs: the last 1 of them keep theirs.');
  const none = readPastedClasses('cats\ndogs', items, []);
  expect(none.classes).toEqual([]);
  expect(describeProblems(none)).toMatch(/none is selected/);
});
