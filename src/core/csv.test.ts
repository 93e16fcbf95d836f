import { expect, test } from 'vitest';
import { fromCsv, toCsv } from './csv.ts';

const cells = (text: string) => fromCsv(text).map((row) => row.cells);

test('commas, or tabs where there are any; quotes as in RFC 4180; empty lines are passed over', () => {
  expect(fromCsv('a.jpg,mugs\r\n\r\n b.jpg , pots\n"c, d.jpg","say ""cheese"""')).toEqual([
    { line: 1, cells: ['a.jpg', 'mugs'] },
    { line: 3, cells: ['b.jpg', 'pots'] },
    { line: 4, cells: ['c, d.jpg', 'say "cheese"'] },
  ]);
  expect(cells('b.jpg\tpots, large')).toEqual([['b.jpg', 'pots, large']]);
  expect(cells('b.jpg,\n,pots')).toEqual([
    ['b.jpg', ''],
    ['', 'pots'],
  ]);
  expect(cells('\uFEFFmugs\rpots')).toEqual([['mugs'], ['pots']]);
  expect(cells('')).toEqual([]);
});

test('a line’s end within quotes belongs to the cell, and the lines after it keep their numbers', () => {
  expect(fromCsv('"a\nb",mugs\nc,pots')).toEqual([
    { line: 1, cells: ['a\nb', 'mugs'] },
    { line: 3, cells: ['c', 'pots'] },
  ]);
});

test('a quote that nobody closes loses no line', () => {
  expect(cells('12" plate.jpg,plates\n"cup.jpg,cups')).toEqual([
    ['12" plate.jpg', 'plates'],
    ['"cup.jpg', 'cups'],
  ]);
});

test('what is written is read as it was', () => {
  const rows = [
    ['a,b', 'c"d', 'e\nf', ''],
    ['1', '2', '3', '4'],
  ];
  expect(cells(toCsv(rows))).toEqual(rows);
});
