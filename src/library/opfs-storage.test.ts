/** The browser's file system as several browsers have it, played by a few maps. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { failureOf } from '../core/failure.ts';
import { openStorage } from './opfs-storage.ts';

/** What each write does; a test may have it throw. */
let onWrite: () => void;
/** What opening waits for; a test may have it throw, or wait. */
let onOpen: () => void | Promise<void>;
let closed = 0;

class FakeFile {
  readonly kind = 'file';
  bytes = new Uint8Array();

  async createSyncAccessHandle(): Promise<unknown> {
    await onOpen();
    return {
      write: (bytes: Uint8Array, { at }: { at: number }): number => {
        onWrite();
        const longer = new Uint8Array(Math.max(this.bytes.length, at + bytes.length));
        longer.set(this.bytes);
        longer.set(bytes, at);
        this.bytes = longer;
        return bytes.length;
      },
      truncate: (size: number) => void (this.bytes = this.bytes.slice(0, size)),
      flush: () => undefined,
      close: () => void closed++,
    };
  }
  getFile(): Promise<Blob> {
    return Promise.resolve(new Blob([this.bytes]));
  }
}

class FakeFolder {
  readonly kind = 'directory';
  readonly entries = new Map<string, FakeFile | FakeFolder>();

  private async get<T>(name: string, make: () => T, create: boolean): Promise<T> {
    const there = this.entries.get(name);
    if (there !== undefined) return there as T;
    if (!create) throw new DOMException('not there', 'NotFoundError');
    const made = make();
    this.entries.set(name, made as FakeFile | FakeFolder);
    return made;
  }
  getFileHandle(name: string, { create = false } = {}): Promise<FakeFile> {
    return this.get(name, () => new FakeFile(), create);
  }
  getDirectoryHandle(name: string, { create = false } = {}): Promise<FakeFolder> {
    return this.get(name, () => new FakeFolder(), create);
  }
  async removeEntry(name: string): Promise<void> {
    if (!this.entries.delete(name)) throw new DOMException('not there', 'NotFoundError');
  }
  async *[Symbol.asyncIterator](): AsyncGenerator<[string, FakeFile | FakeFolder]> {
    yield* this.entries;
  }
}

let disk: FakeFolder;

beforeEach(() => {
  disk = new FakeFolder();
  onWrite = () => undefined;
  onOpen = () => undefined;
  closed = 0;
  vi.stubGlobal('isSecureContext', true);
  vi.stubGlobal('FileSystemFileHandle', FakeFile);
  vi.stubGlobal('navigator', { storage: { getDirectory: () => Promise.resolve(disk) } });
});
afterEach(() => void vi.unstubAllGlobals());

const never = (): Promise<never> => new Promise(() => undefined);
const busy = { code: 'run-busy' } as const;
const open = () => openStorage('runs', busy);
const refuse =
  (name: string): (() => never) =>
  () => {
    throw new DOMException('of a test', name);
  };

async function write(folders: Awaited<ReturnType<typeof open>>): Promise<void> {
  const file = await folders.open('a', 'notes');
  file.write(Uint8Array.of(1, 2, 3), 0);
  file.close();
}

test('what is written is in the browser’s files, and of the trial nothing', async () => {
  const folders = await open();
  expect(folders.notKept).toBeNull();
  expect((disk.entries.get('runs') as FakeFolder).entries.size).toBe(0);
  await write(folders);
  expect((await folders.read('a', 'notes'))?.size).toBe(3);
  expect(await (await open()).list()).toEqual(['a']);
});

describe('memory is taken, and the reason kept,', () => {
  test.each([
    ['on a page without https', 'insecure', () => vi.stubGlobal('isSecureContext', false)],
    ['in a browser without a file system', 'unsupported', () => vi.stubGlobal('navigator', { storage: {} })],
    ['in a browser without any storage', 'unsupported', () => vi.stubGlobal('navigator', {})],
    [
      'in a browser without synchronous handles, as WebKitGTK',
      'unsupported',
      () => vi.stubGlobal('FileSystemFileHandle', { prototype: {} }),
    ],
    [
      'in a window that refuses its folder',
      'refused',
      () =>
        vi.stubGlobal('navigator', {
          storage: { getDirectory: () => Promise.reject(new DOMException('no', 'SecurityError')) },
        }),
    ],
    ['where opening a file throws', 'refused', () => (onOpen = refuse('UnknownError'))],
    ['where the first write throws', 'refused', () => (onWrite = refuse('InvalidStateError'))],
    ['where there is no room for one byte', 'refused', () => (onWrite = refuse('QuotaExceededError'))],
  ])('%s', async (_, reason, prepare) => {
    prepare();
    const folders = await open();
    expect(folders.notKept).toBe(reason);
    onWrite = () => undefined;
    await write(folders);
    expect((await folders.read('a', 'notes'))?.size).toBe(3);
    // Not in the browser's files.
    expect((await disk.getDirectoryHandle('runs', { create: true })).entries.size).toBe(0);
  });
});

test('what lies there from before is still there on a full disk, and who writes is told', async () => {
  await write(await open());
  onWrite = refuse('QuotaExceededError');
  const folders = await open();
  expect(folders.notKept).toBeNull();
  expect(await folders.list()).toEqual(['a']);
  const thrown = await write(folders).catch((error: unknown) => error);
  expect(failureOf(thrown)).toEqual({ code: 'storage-full', neededBytes: null, freeBytes: null });
});

test('a file that another window has open is busy in the words of what it belongs to', async () => {
  const folders = await open();
  onOpen = refuse('NoModificationAllowedError');
  const thrown = await write(folders).catch((error: unknown) => error);
  expect(failureOf(thrown)).toEqual(busy);
});

test.each([
  [
    'whose folder never comes',
    () => vi.spyOn(disk, 'getDirectoryHandle').mockReturnValue(never()),
    'refused',
  ],
  ['where no file is ever opened', () => (onOpen = never), 'refused'],
])('a browser %s keeps nothing, and nobody waits for ever', async (_, prepare, reason) => {
  vi.useFakeTimers();
  try {
    prepare();
    const opening = open();
    await vi.advanceTimersByTimeAsync(31_000);
    const folders = await opening;
    expect(folders.notKept).toBe(reason);
    expect(await folders.list()).toEqual([]);
  } finally {
    vi.useRealTimers();
  }
});

test('a list that never comes to its end is a failure', async () => {
  const folders = await open();
  vi.useFakeTimers();
  try {
    vi.spyOn(FakeFolder.prototype, Symbol.asyncIterator).mockReturnValue({ next: never } as never);
    const thrown = folders.list().catch((error: unknown) => error);
    await vi.advanceTimersByTimeAsync(31_000);
    expect(failureOf(await thrown)).toMatchObject({ code: 'storage-failed' });
  } finally {
    vi.restoreAllMocks();
    vi.useRealTimers();
  }
});

test('a file that the browser does not open in time fails, and is closed where it comes late', async () => {
  const folders = await open();
  vi.useFakeTimers();
  try {
    closed = 0;
    let come = (): void => undefined;
    onOpen = () => new Promise<void>((resolve) => (come = resolve));
    let hasEnded = false;
    const thrown = write(folders)
      .catch((error: unknown) => error)
      .finally(() => (hasEnded = true));
    await vi.advanceTimersByTimeAsync(29_000);
    expect(hasEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(2000);
    expect(failureOf(await thrown)).toEqual({
      code: 'storage-failed',
      problem: 'no answer within 30 s when a file was opened',
    });
    come();
    await vi.advanceTimersByTimeAsync(0);
    expect(closed).toBe(1);
  } finally {
    vi.useRealTimers();
  }
});

test.each(['open', 'read'] as const)(
  'what is asked to %s a file is held until it has answered: Chromium drops an answer with its handle',
  async (action) => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const held: WeakRef<object>[] = [];
    const answers: (() => void)[] = [];
    // Their answers know nothing of them, as those of a browser.
    const handle = (answer: () => unknown): object => {
      const ask = (): Promise<unknown> => new Promise((resolve) => answers.push(() => resolve(answer())));
      const made = { getFileHandle: ask, createSyncAccessHandle: ask, getFile: ask };
      held.push(new WeakRef(made));
      return made;
    };
    const file = (): object => handle(() => ({ close: () => undefined }));
    const storage = await open();
    Object.assign(disk.entries.get('runs') ?? {}, {
      getDirectoryHandle: () => Promise.resolve(handle(file)),
    });
    const done = storage[action]('model', 'weights');
    for (const count of [1, 2]) {
      for (let pass = 0; pass < 5; pass++) {
        await new Promise((resolve) => setTimeout(resolve));
        collect();
      }
      expect(held).toHaveLength(count);
      expect(held.at(-1)?.deref()).toBeDefined();
      answers.pop()?.();
    }
    await done;
  },
);
