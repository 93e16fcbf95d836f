import { beforeEach, expect, test } from 'vitest';
import { ByteBudget } from './byte-budget.ts';

class Thing {
  readonly byteLength: number;
  isDisposed = false;

  constructor(byteLength = 40) {
    this.byteLength = byteLength;
  }

  dispose(): void {
    if (this.isDisposed) throw new Error('disposed twice');
    this.isDisposed = true;
  }
}

let budget: ByteBudget<Thing>;
beforeEach(() => {
  budget = new ByteBudget(100);
});

const kept = (...keys: string[]): string[] => keys.filter((key) => budget.find(key) !== null);

test('what is kept is found by its key, and disposed of in the end', () => {
  const thing = new Thing();
  budget.add('a', thing);
  expect(budget.find('a')).toBe(thing);
  expect(budget.find('b')).toBeNull();
  budget.clear();
  expect(budget.find('a')).toBeNull();
  expect(thing.isDisposed).toBe(true);
});

test('what was used longest ago goes first', () => {
  for (const key of ['a', 'b']) budget.add(key, new Thing());
  budget.find('a');
  budget.add('c', new Thing());
  expect(kept('a', 'b', 'c')).toEqual(['a', 'c']);
  expect(budget.byteLength).toBe(80);
});

test('room can be made before a thing is there', () => {
  for (const key of ['a', 'b']) budget.add(key, new Thing());
  budget.makeRoom(40);
  expect(kept('a', 'b')).toEqual(['b']);
});

test('one that is larger than everything is kept all the same', () => {
  budget.add('a', new Thing());
  budget.add('b', new Thing(1000));
  expect(kept('a', 'b')).toEqual(['b']);
});

test('a key is given to another thing', () => {
  const [first, second] = [new Thing(), new Thing()];
  budget.add('a', first);
  budget.add('a', second);
  expect(first.isDisposed).toBe(true);
  expect(budget.find('a')).toBe(second);
});

test('what is held stays while room is made, and goes when nobody holds it after it was dropped', () => {
  const thing = new Thing(90);
  budget.add('a', thing);
  const release = budget.hold('a');
  const releaseOther = budget.hold('a');
  budget.add('b', new Thing(90));
  expect(kept('a', 'b')).toEqual(['a', 'b']);
  budget.drop('a');
  expect(kept('a')).toEqual([]);
  release();
  release();
  expect(thing.isDisposed).toBe(false);
  releaseOther();
  expect(thing.isDisposed).toBe(true);
});

test('things of a kind go together', () => {
  budget.add('a', new Thing(10));
  budget.add('b', new Thing(20));
  budget.dropWhere(({ byteLength }) => byteLength === 10);
  expect(kept('a', 'b')).toEqual(['b']);
});

test('of what is not held less may stay when something is added; what was held together stays together until then', () => {
  const small = new ByteBudget<Thing>(100, 50);
  const releases = ['a', 'b'].map((key) => {
    small.add(key, new Thing());
    return small.hold(key);
  });
  for (const release of releases) release();
  expect(small.byteLength).toBe(80);
  small.add('c', new Thing(20));
  expect(['a', 'b', 'c'].filter((key) => small.find(key) !== null)).toEqual(['b', 'c']);
});
