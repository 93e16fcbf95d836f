import { beforeEach, describe, expect, test } from 'vitest';
import { FailureError, failureOf } from '../core/failure.ts';
import { createSha256 } from '../formats/sha256.ts';
import type { DownloadTools } from './download.ts';
import { keepFiles } from './keep-files.ts';
import { createMemoryStorage, type FileStorage } from './file-storage.ts';
import { listModels, openStored, readStored } from './records.ts';

const bytes = new Uint8Array(5000).map((_, i) => i % 253);
const hash = createSha256();
hash.update(bytes);
const sha256 = hash.hex();
const request = {
  id: 'own-dino',
  title: 'dino.pth',
  kind: 'checkpoint',
  hints: {
    numHeads: 3,
    grid: { rows: 6, columns: 8 },
    network: 'student',
    config: { x: 1 },
    preprocessor: { y: 2 },
  },
  files: new Map([['dino.pth', new Blob([bytes])]]),
} as const;

let folders: FileStorage;
let tools: DownloadTools;
const { signal } = new AbortController();
const ignore = (): void => undefined;

beforeEach(() => {
  folders = createMemoryStorage('refused');
  tools = {
    folders,
    fetch: () => expect.unreachable('nothing is fetched'),
    now: () => 0,
    timeoutMs: 1,
    freeBytes: () => Promise.resolve(null),
    wait: () => Promise.resolve(),
    today: () => new Date('2026-11-23T08:00:00Z'),
  };
});

test('a file is kept with its hash and what is known of it, and comes out as it went in', async () => {
  const stored = await keepFiles(request, tools, signal, ignore);
  expect(stored).toMatchObject({ id: 'own-dino', title: 'dino.pth', sha256, source: null });
  const { model, files } = await openStored(folders, 'own-dino');
  expect(model).toEqual(stored);
  expect(model.hints).toEqual(request.hints);
  const [file] = files.values();
  expect(new Uint8Array((await file?.arrayBuffer()) ?? [])).toEqual(bytes);
});

test('the parts of a checkpoint keep their names and their order, and have one hash', async () => {
  const half = bytes.length / 2;
  const files = new Map([
    ['b-00001-of-00002.bin', new Blob([bytes.subarray(0, half)])],
    ['a-00002-of-00002.bin', new Blob([bytes.subarray(half)])],
  ]);
  const stored = await keepFiles({ ...request, files }, tools, signal, ignore);
  expect(stored).toMatchObject({ kind: 'checkpoint', sha256 });
  const opened = await openStored(folders, 'own-dino');
  expect([...opened.files.keys()]).toEqual(['b-00001-of-00002.bin', 'a-00002-of-00002.bin']);
  const whole = new Blob([...opened.files.values()]);
  expect(new Uint8Array(await whole.arrayBuffer())).toEqual(bytes);
});

test('several files keep their names', async () => {
  const files = new Map([
    ['model.json', new Blob(['{}'])],
    ['a.bin', new Blob([bytes])],
  ]);
  const stored = await keepFiles({ ...request, kind: 'tfjs', files }, tools, signal, ignore);
  expect(stored.files).toEqual([
    { name: 'model.json', byteLength: 2 },
    { name: 'a.bin', byteLength: 5000 },
  ]);
  expect([...(await openStored(folders, 'own-dino')).files.keys()]).toEqual(['model.json', 'a.bin']);
});

describe('all or nothing', () => {
  const failed = async (changes: Partial<DownloadTools>, abort = signal) => {
    try {
      return await keepFiles(request, { ...tools, ...changes }, abort, ignore);
    } catch (error) {
      return failureOf(error) ?? 'aborted';
    }
  };
  const nothing = { stored: [], partial: [], remains: [] };

  test('no room is told before the first byte', async () => {
    expect(await failed({ freeBytes: () => Promise.resolve(4999) })).toEqual({
      code: 'storage-full',
      neededBytes: 5000,
      freeBytes: 4999,
    });
    expect(await listModels(folders)).toEqual(nothing);
  });

  test('room that ends in the middle leaves nothing', async () => {
    const full: FileStorage = {
      ...folders,
      open: async (model, file) => ({
        ...(await folders.open(model, file)),
        truncate: ignore,
        close: ignore,
        write: () => {
          throw new FailureError({ code: 'storage-full', neededBytes: null, freeBytes: null });
        },
      }),
    };
    expect(await failed({ folders: full })).toMatchObject({ code: 'storage-full' });
    expect(await listModels(folders)).toEqual(nothing);
  });

  test('an abort leaves nothing', async () => {
    expect(await failed({}, AbortSignal.abort())).toBe('aborted');
    expect(await listModels(folders)).toEqual(nothing);
  });
});

test('a model whose file is not as long as it was counts as none', async () => {
  await keepFiles(request, tools, signal, ignore);
  (await folders.open('own-dino', 'weights')).truncate(100);
  expect(await readStored(folders, 'own-dino')).toBeNull();
  expect(await listModels(folders)).toEqual({ stored: [], partial: [], remains: ['own-dino'] });
  await expect(openStored(folders, 'own-dino')).rejects.toThrow('model-not-kept');
});
