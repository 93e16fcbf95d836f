import { afterEach, expect, test, vi } from 'vitest';
import { FailureError, failureOf } from '../core/failure.ts';
import { freeBytes, tellFullStorage } from './tell-full-storage.ts';

afterEach(() => void vi.unstubAllGlobals());

type Tree = { readonly [name: string]: Tree | number };

/** A folder as the browser gives it; numbers are files of so many bytes. */
const folderOf = (tree: Tree): object => ({
  kind: 'directory',
  getDirectoryHandle: (name: string) => {
    const inner = tree[name];
    return typeof inner === 'object'
      ? Promise.resolve(folderOf(inner))
      : Promise.reject(new DOMException('', 'NotFoundError'));
  },
  async *[Symbol.asyncIterator]() {
    for (const [name, inner] of Object.entries(tree))
      yield [
        name,
        typeof inner === 'number'
          ? { kind: 'file', getFile: () => Promise.resolve({ size: inner }) }
          : folderOf(inner),
      ];
  },
});

const full = new FailureError({ code: 'storage-full', neededBytes: 90, freeBytes: null });

test('a full storage is told with what is free and what could be deleted', async () => {
  vi.stubGlobal('navigator', {
    storage: {
      estimate: () => Promise.resolve({ quota: 100, usage: 93 }),
      getDirectory: () =>
        Promise.resolve(
          folderOf({ models: { s16: { a: 40, b: 3 } }, collections: { c1: { x: 6 } }, other: { x: 5 } }),
        ),
    },
  });
  expect(failureOf(await tellFullStorage(full))).toEqual({
    code: 'storage-full',
    neededBytes: 90,
    freeBytes: 7,
    kept: { models: 43, runs: 0, collections: 6 },
  });
});

test.each([
  ['has no storage', {}],
  ['refuses it', { storage: { getDirectory: () => Promise.reject(new DOMException('', 'SecurityError')) } }],
])('a browser that %s knows no more', async (_, navigator) => {
  vi.stubGlobal('navigator', navigator);
  expect(failureOf(await tellFullStorage(full))).toEqual(full.failure);
});

test('what is no full storage stays as it is', async () => {
  const bug = new Error('a bug');
  expect(await tellFullStorage(bug)).toBe(bug);
  const other = new FailureError({ code: 'model-busy' });
  expect(await tellFullStorage(other)).toBe(other);
});

test('a browser that never says how much is free is not waited for', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('navigator', { storage: { estimate: () => new Promise(() => undefined) } });
  try {
    const free = freeBytes();
    await vi.advanceTimersByTimeAsync(5000);
    expect(await free).toBeNull();
  } finally {
    vi.useRealTimers();
  }
});
