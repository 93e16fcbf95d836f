import { expect, test } from 'vitest';
import { Remembered } from './remembered.ts';

const bytes = (value: number): number => value;

test('what is asked twice is made once', () => {
  const remembered = new Remembered(100);
  let made = 0;
  const ask = (key: string, value: number): number =>
    remembered.recall(key, bytes, () => {
      made += 1;
      return value;
    });
  expect([ask('a', 40), ask('b', 40), ask('a', 0), ask('b', 0)]).toEqual([40, 40, 40, 40]);
  expect(made).toBe(2);
});

test('what was used longest ago goes when there are too many bytes', () => {
  const remembered = new Remembered(100);
  for (const key of ['a', 'b']) remembered.recall(key, bytes, () => 40);
  remembered.recall('a', bytes, () => 40);
  remembered.recall('c', bytes, () => 40);
  expect(['a', 'b', 'c'].filter((key) => remembered.has(key))).toEqual(['a', 'c']);
  expect(remembered.byteLength).toBe(80);
});

test('one that is too large by itself is kept until the next one comes', () => {
  const remembered = new Remembered(100);
  remembered.recall('a', bytes, () => 500);
  expect(remembered.has('a')).toBe(true);
  remembered.recall('b', bytes, () => 10);
  expect(remembered.has('a')).toBe(false);
});
