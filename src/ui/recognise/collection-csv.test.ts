import { expect, test } from 'vitest';
import { groupsToCsv, nearestToCsv, neighboursToCsv, predictionsToCsv } from './collection-csv.ts';
import { describeItem } from './describe-item.ts';
import { FilesAtHand } from './files-at-hand.ts';
import { frequentMistakes } from './frequent-mistakes.ts';
import { neighboursOf, sharesOf } from './item-votes.ts';
import type { OpenCollection, Votes } from './recognise-state.ts';
import { Thumbnails } from './thumbnails.ts';

const items = ['mugs/a.jpg', 'mugs/"b", c.jpg', 'd.jpg', 'notes.txt'].map((path, index) => ({
  index,
  path,
  name: path,
  className: path.startsWith('mugs') ? 'mugs' : null,
  failure: index === 3 ? ({ code: 'not-an-image' } as const) : null,
}));

const open = {
  items,
  files: new FilesAtHand(),
  classNames: ['mugs', 'pots'],
} as unknown as OpenCollection;

const votes: Votes = {
  classNames: ['mugs', 'pots'],
  predictions: Int32Array.of(0, 1, 0, -1),
  shares: Float32Array.of(0.75, 0.25, 0.25, 0.75, 1, 0, 0, 0),
  neighbours: {
    k: 2,
    items: Int32Array.of(1, -1, 0, -1, 0, 1, -1, -1),
    cosines: Float32Array.of(0.5, 0, 0.5, 0, 0.75, 0.25, 0, 0),
  },
  accuracy: 0.5,
  confusion: Uint32Array.of(1, 1, 0, 0),
  elapsedMs: 1,
};

test('each usable photograph has a row with its class and what was voted', async () => {
  expect(await predictionsToCsv(open, votes).text()).toBe(
    'path,class,predicted,share\r\n' +
      'mugs/a.jpg,mugs,mugs,0.750000\r\n' +
      '"mugs/""b"", c.jpg",mugs,pots,0.750000\r\n' +
      'd.jpg,,mugs,1.000000\r\n',
  );
});

test('with one class there is nothing to vote between: in the table, in the grid and beside a photograph', async () => {
  const one: Votes = {
    ...votes,
    classNames: ['mugs'],
    predictions: Int32Array.of(0, 0, 0, -1),
    shares: Float32Array.of(1, 1, 1, 0),
    accuracy: null,
  };
  expect(await predictionsToCsv(open, one).text()).toBe(
    'path,class,predicted,share\r\n' +
      'mugs/a.jpg,mugs,,\r\n' +
      '"mugs/""b"", c.jpg",mugs,,\r\n' +
      'd.jpg,,,\r\n',
  );
  const [mug, , other] = items;
  if (mug === undefined || other === undefined) expect.unreachable('both are there');
  expect(describeItem(other, one, undefined)).toBe('d.jpg, no class, nothing to vote between');
  expect(describeItem(mug, votes, undefined)).toBe('mugs/a.jpg, mugs, voted mugs 75\u00a0%');
  expect(sharesOf(one, 2)).toEqual([]);
});

test('each neighbour that voted has a row with its rank', async () => {
  expect(await neighboursToCsv(open, votes).text()).toBe(
    'path,rank,neighbour,class,cosine\r\n' +
      'mugs/a.jpg,1,"mugs/""b"", c.jpg",mugs,0.500000\r\n' +
      '"mugs/""b"", c.jpg",1,mugs/a.jpg,mugs,0.500000\r\n' +
      'd.jpg,1,mugs/a.jpg,mugs,0.750000\r\n' +
      'd.jpg,2,"mugs/""b"", c.jpg",mugs,0.250000\r\n',
  );
});

test('look-alikes and groups', async () => {
  const nearest = { items: Int32Array.of(0), cosines: Float32Array.of(0.75) };
  const lookAlikes = { of: 2, nearest, groups: [[0, 2]], threshold: 0.9 };
  expect(await nearestToCsv(open, lookAlikes).text()).toBe(
    'path,rank,look-alike,cosine\r\nd.jpg,1,mugs/a.jpg,0.750000\r\n',
  );
  expect(await groupsToCsv(open, lookAlikes).text()).toBe('group,path\r\n1,mugs/a.jpg\r\n1,d.jpg\r\n');
});

test('the votes on one photograph: the nearest first, the largest share first, nobody where there is none', () => {
  expect(neighboursOf(votes, 2)).toEqual([
    { index: 0, cosine: 0.75 },
    { index: 1, cosine: 0.25 },
  ]);
  expect(neighboursOf(votes, 3)).toEqual([]);
  expect(sharesOf(votes, 1)).toEqual([
    { className: 'pots', share: 0.75 },
    { className: 'mugs', share: 0.25 },
  ]);
  expect(sharesOf(votes, 3)).toEqual([]);
});

test('the most frequent mistakes come first, with their share of the class', () => {
  const confusion = Uint32Array.of(5, 1, 4, 0, 8, 2, 3, 0, 0);
  expect(frequentMistakes(['a', 'b', 'c'], confusion, 3)).toEqual([
    { className: 'a', voted: 'c', count: 4, share: 0.4 },
    { className: 'c', voted: 'a', count: 3, share: 1 },
    { className: 'b', voted: 'c', count: 2, share: 0.2 },
  ]);
});

test('the small picture of an item is its piece of the file; one that came later takes its place', async () => {
  const thumbnails = new Thumbnails(new Blob(['abcdef']), Uint32Array.of(2, 2, 6));
  expect(await thumbnails.of(0)?.text()).toBe('ab');
  expect(thumbnails.of(1)).toBeNull();
  expect(await thumbnails.of(2)?.text()).toBe('cdef');
  expect(thumbnails.of(3)).toBeNull();
  thumbnails.add(3, new Blob(['new']));
  expect(await thumbnails.of(3)?.text()).toBe('new');
});
