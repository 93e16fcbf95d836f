import { expect, test } from 'vitest';
import { BoundedCache } from './bounded-cache.ts';

const bytes = (value: number): number => value;

test('what is asked twice is made once', () => {
  const cache = new BoundedCache(100);
  let made = 0;
  const ask = (key: string, value: number): number =>
    cache.getOrMake(key, bytes, () => {
      made += 1;
      return value;
    });
  expect([ask('a', 40), ask('b', 40), ask('a', 0), ask('b', 0)]).toEqual([40, 40, 40, 40]);
  expect(made).toBe(2);
});

test('what was used longest ago goes when there are too many bytes', () => {
  const cache = new BoundedCache(100);
  for (const key of ['a', 'b']) cache.getOrMake(key, bytes, () => 40);
  cache.getOrMake('a', bytes, () => 40);
  cache.getOrMake('c', bytes, () => 40);
  expect(['a', 'b', 'c'].filter((key) => cache.has(key))).toEqual(['a', 'c']);
  expect(cache.byteLength).toBe(80);
});

test('one that is too large by itself is kept until the next one comes', () => {
  const cache = new BoundedCache(100);
  cache.getOrMake('a', bytes, () => 500);
  expect(cache.has('a')).toBe(true);
  cache.getOrMake('b', bytes, () => 10);
  expect(cache.has('a')).toBe(false);
});
