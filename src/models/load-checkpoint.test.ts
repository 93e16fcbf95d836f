import { readFile } from 'node:fs/promises';
import { describe, expect, test, vi } from 'vitest';
import { embeddedModelId } from '../core/embedded-model.ts';
import { createSha256 } from '../formats/sha256.ts';
import { checkpointPath, openFixture, openWrapped } from '../testing/checkpoint-fixtures.ts';
import { expectedNetwork } from '../testing/checkpoint-networks.ts';
import { vitSmall16 } from '../testing/vit-small-16.ts';
import { openFilesSource } from './files-source.ts';
import { checkpointModel } from './load-checkpoint.ts';
import { loadModel } from './load-model.ts';

const { signal } = new AbortController();
const ignore = (): void => undefined;
const hints = { numHeads: 3 };

async function hashOf(name: string): Promise<string> {
  const hash = createSha256();
  hash.update(new Uint8Array(await readFile(checkpointPath(name))));
  return hash.hex();
}

const load = async (name: string, sha256: string | null, more: object = {}) =>
  checkpointModel({
    id: 'tiny',
    title: 'Tiny',
    files: [await openFixture(name)],
    sha256,
    hints: { ...hints, ...more },
  })(signal, ignore);

describe('a checkpoint that is kept', () => {
  test('is loaded where its hash is the one that was written down, to PyTorch’s values', async () => {
    const loaded = await load('dino.pth', await hashOf('dino.pth'));
    if (!loaded.ok) return expect.unreachable(loaded.error.code);
    const { architecture, parameters } = expectedNetwork('dino');
    expect(loaded.value).toMatchObject({ id: 'tiny', title: 'Tiny', architecture, networks: [] });
    expect([...loaded.value.parameters.keys()]).toEqual([...parameters.keys()]);
  });

  test('in two files is loaded as one, by the hash of both', async () => {
    const files = await Promise.all(
      [1, 2].map((number) => openWrapped(`parts/model-0000${number}-of-00002.safetensors`)),
    );
    const hash = createSha256();
    for (const file of files) hash.update(new Uint8Array(await file.arrayBuffer()));
    const progress: number[] = [];
    const model = checkpointModel({ id: 'tiny', title: 'Tiny', files, sha256: hash.hex(), hints });
    const loaded = await model(signal, ({ loadedBytes }) => progress.push(loadedBytes));
    if (!loaded.ok) return expect.unreachable(loaded.error.code);
    expect([...loaded.value.parameters]).toEqual([...expectedNetwork('wrapped/teacher').parameters]);
    expect(progress.at(-1)).toBe(files.reduce((sum, { size }) => sum + size, 0));
  });

  test('is refused where it has changed', async () => {
    expect(await load('dino.pth', '0'.repeat(64))).toMatchObject({
      ok: false,
      error: { code: 'checkpoint-invalid', problem: expect.stringMatching(/has changed/) as string },
    });
  });

  test('is said to be unreadable, and not changed, where it has gone', async () => {
    const file = await openFixture('dino.pth');
    vi.spyOn(file, 'slice').mockImplementation(() => {
      throw new DOMException('it is gone', 'NotFoundError');
    });
    const model = checkpointModel({
      id: 'tiny',
      title: 'Tiny',
      files: [file],
      sha256: '0'.repeat(64),
      hints,
    });
    expect(await model(signal, ignore)).toEqual({ ok: false, error: { code: 'unreadable-file' } });
  });

  test('is let go of when nobody wants it any more', async () => {
    const controller = new AbortController();
    const model = checkpointModel({
      id: 'tiny',
      title: 'Tiny',
      files: [await openFixture('dino.pth')],
      sha256: await hashOf('dino.pth'),
      hints,
    });
    expect(await model(controller.signal, () => controller.abort())).toEqual({
      ok: false,
      error: { code: 'cancelled' },
    });
  });
});

test('the architecture is told before the first parameter is read', async () => {
  const file = await openFixture('dino.pth');
  const reads = vi.spyOn(file, 'slice');
  const told: unknown[] = [];
  let readsBefore = 0;
  const model = checkpointModel({ id: 'tiny', title: 'Tiny', files: [file], sha256: null, hints });
  const loaded = await model(signal, ignore, (architecture) => {
    told.push(architecture);
    readsBefore = reads.mock.calls.length;
  });
  if (!loaded.ok) return expect.unreachable(loaded.error.code);
  expect(told).toEqual([loaded.value.architecture]);
  expect(reads.mock.calls.length - readsBefore).toBeGreaterThanOrEqual(loaded.value.parameters.size);
});

test('a cancel is heard between two parameters, and the rest of the file is not read', async () => {
  const controller = new AbortController();
  const file = await openFixture('dino.pth');
  const reads = vi.spyOn(file, 'slice');
  const model = checkpointModel({ id: 'tiny', title: 'Tiny', files: [file], sha256: null, hints });
  const whole = await model(signal, ignore);
  expect(whole.ok).toBe(true);
  const wholeReads = reads.mock.calls.length;
  reads.mockClear();
  const { slice } = Blob.prototype;
  reads.mockImplementation((begin, end) => {
    if (reads.mock.calls.length > wholeReads / 2) controller.abort();
    return slice.call(file, begin, end);
  });
  expect(await model(controller.signal, ignore)).toEqual({ ok: false, error: { code: 'cancelled' } });
  expect(reads.mock.calls.length).toBeLessThan(wholeReads / 2 + 4);
});

test('what is said to be one network and is another is refused, and what differs is listed', async () => {
  expect(await load('dino.pth', null, { numHeads: undefined, config: vitSmall16 })).toMatchObject({
    ok: false,
    error: {
      code: 'model-parameters-mismatch',
      missing: expect.arrayContaining(['blocks.2.attn.qkv.weight']) as string[],
      misshaped: expect.arrayContaining([
        { name: 'cls_token', expected: [1, 1, 384], actual: [1, 1, 12] },
      ]) as object[],
    },
  });
});

test.each(['full.pth', 'full-legacy.pth'])(
  '%s holds two networks, of which either may be taken',
  async (name) => {
    const teacher = await load(name, null);
    const student = await load(name, null, { network: 'student' });
    expect(teacher).toMatchObject({ ok: true, value: { networks: ['teacher', 'student'] } });
    expect(student).toMatchObject({ ok: true, value: { networks: ['student', 'teacher'] } });
    const leftOut = student.ok && student.value.leftOut;
    expect(leftOut).toEqual(expect.arrayContaining(['teacher', 'optimizer', 'argparse.Namespace']));
    const cls = (loaded: typeof teacher) => loaded.ok && loaded.value.parameters.get('cls_token')?.values;
    expect(cls(teacher)).not.toEqual(cls(student));
  },
);

describe('files of a converted model', () => {
  const folder = new URL(`../../public/models/${embeddedModelId}/`, import.meta.url);
  const blobOf = async (name: string): Promise<Blob> =>
    new Blob([Uint8Array.from(await readFile(new URL(name, folder)))]);
  const shardNames = async (): Promise<string[]> => {
    const manifest = JSON.parse(await (await blobOf('model.json')).text()) as {
      weightsManifest: { paths: string[] }[];
    };
    return manifest.weightsManifest.flatMap(({ paths }) => paths);
  };

  test('are loaded and checked like those of a server', async () => {
    const names = ['model.json', ...(await shardNames())];
    const files = new Map(await Promise.all(names.map(async (name) => [name, await blobOf(name)] as const)));
    expect(await loadModel(openFilesSource(files), signal, ignore)).toMatchObject({
      ok: true,
      value: { id: embeddedModelId },
    });
  });

  test('of which one is missing are refused, and it is named', async () => {
    const files = new Map([['model.json', await blobOf('model.json')]]);
    expect(await loadModel(openFilesSource(files), signal, ignore)).toEqual({
      ok: false,
      error: {
        code: 'model-shard-damaged',
        path: (await shardNames())[0],
        problem: 'it is not among the files',
      },
    });
  });
});
