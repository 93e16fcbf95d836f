import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect, test, vi } from 'vitest';
import { findPairs, partsOf, samplePairs, type Pair } from './find-pairs.ts';

test.each([
  ['ecssd_0001', 'ecssd', null],
  ['davis_car-shadow_00010', 'davis', 'car-shadow'],
  ['set_some_video_3', 'set', 'some_video'],
  ['cat', 'all', null],
  ['_cat', 'all', null],
])('%s is of set %s, sequence %s', (stem, set, sequence) => {
  expect(partsOf(stem)).toEqual({ set, sequence });
});

test('a photograph goes with the PNG of its name, and one without is named', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pairs-'));
  try {
    await mkdir(join(folder, 'more'));
    const names = [
      'b_1.jpg',
      'b_1.png',
      'a.JPEG',
      'a.png',
      'c_2.webp',
      'lonely.png',
      'notes.md',
      'e.heic',
      'e.png',
    ];
    const said = vi.spyOn(console, 'error').mockImplementation(() => {});
    const more = ['more/d_3.jfif', 'more/d_3.png', '._b_1.jpg', '._b_1.png'];
    for (const name of [...names, ...more]) await writeFile(join(folder, name), '');
    const found = await findPairs(folder);
    if (found === null) throw new Error('not read');
    const { pairs: all, unpaired } = found;
    expect(all.map(({ photo, mask }) => [relative(folder, photo), relative(folder, mask)])).toEqual([
      ['a.JPEG', 'a.png'],
      ['b_1.jpg', 'b_1.png'],
      [join('more', 'd_3.jfif'), join('more', 'd_3.png')],
    ]);
    expect(all.map(({ set }) => set)).toEqual(['all', 'b', 'd']);
    expect(unpaired).toEqual(['c_2.webp']);
    expect(said.mock.calls).toEqual([[expect.stringMatching(/^1 HEIC photograph was left out/)]]);
  } finally {
    vi.restoreAllMocks();
    await rm(folder, { recursive: true });
  }
});

const pair = (set: string, number: number): Pair => ({
  set,
  sequence: null,
  photo: `${set}_${String(number).padStart(3, '0')}.jpg`,
  mask: '',
});
const pairs = ['a', 'b'].flatMap((set) => Array.from({ length: 40 }, (_, number) => pair(set, number)));
const names = (sampled: Map<string, readonly Pair[]>): string[] =>
  [...sampled.values()].flat().map(({ photo }) => photo);

test('a sample takes so many of each set, no photograph twice, in order', () => {
  const sampled = samplePairs(pairs, 10, 3);
  expect([...sampled].map(([set, members]) => [set, members.length])).toEqual([
    ['a', 10],
    ['b', 10],
  ]);
  expect(names(sampled)).toEqual([...new Set(names(sampled))].toSorted());
});

test('the seed decides the sample', () => {
  expect(names(samplePairs(pairs, 10, 3))).toEqual(names(samplePairs(pairs, 10, 3)));
  expect(names(samplePairs(pairs, 10, 4))).not.toEqual(names(samplePairs(pairs, 10, 3)));
});

test('every photograph is as likely as another', () => {
  const counts = new Map<string, number>();
  for (let seed = 0; seed < 400; seed++)
    for (const name of names(samplePairs(pairs, 10, seed))) counts.set(name, (counts.get(name) ?? 0) + 1);
  // 100 expected of each, with a deviation of 8.7.
  expect(counts.size).toBe(80);
  for (const count of counts.values()) expect(Math.abs(count - 100)).toBeLessThan(45);
});

test.each([null, 40, 1000])('a sample of %s is all of them', (count) => {
  expect(names(samplePairs(pairs, count, 0))).toEqual(pairs.map(({ photo }) => photo));
});
