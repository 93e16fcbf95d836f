import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { describeFileProblem } from './file-problem.ts';
import { writeAllWhole, writeWhole } from './write-whole.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'write-whole-'));
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);
const failureOf = (work: Promise<void>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );

/** As a disk that is full after the first piece: Node's error names no file. */
const breaksOff = (): ReadableStream<Uint8Array> => {
  let pieces = 0;
  return new ReadableStream({
    pull(controller) {
      if (pieces++ === 0) controller.enqueue(new Uint8Array(10));
      else controller.error(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC', syscall: 'write' }));
    },
  });
};

test('a file that could not be written whole leaves the old one, nothing beside it, and a sentence with its name', async () => {
  await writeFile(at('map.npy'), 'old');
  const failure = await failureOf(writeWhole(at('map.npy'), breaksOff()));
  expect(describeFileProblem(failure)).toBe(`${at('map.npy')} cannot be written: there is no room left.`);
  expect(await readFile(at('map.npy'), 'utf8')).toBe('old');
  expect(await readdir(folder)).toEqual(['map.npy']);
});

test('a command that ends in the middle leaves nothing beside the old file', async () => {
  const others = process.listeners('exit');
  let breakOff = (): void => {};
  const endless = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new Uint8Array(10));
      breakOff = () => controller.error(new Error('the end of the test'));
    },
  });
  const failure = failureOf(writeWhole(at('run.safetensors'), endless));
  await vi.waitFor(async () => expect(await readdir(folder)).toHaveLength(1));
  for (const listener of process.listeners('exit')) if (!others.includes(listener)) listener(130);
  expect(await readdir(folder)).toEqual([]);
  breakOff();
  expect(await failure).toBeInstanceOf(Error);
  expect(process.listeners('exit')).toEqual(others);
});

test('of files that belong together all are new or none', async () => {
  await writeAllWhole([
    [at('shard.bin'), 'old'],
    [at('model.json'), 'old'],
  ]);
  const failure = await failureOf(
    writeAllWhole([
      [at('shard.bin'), 'new'],
      [at('model.json'), breaksOff()],
    ]),
  );
  expect(describeFileProblem(failure)).toContain(at('model.json'));
  expect(await readFile(at('shard.bin'), 'utf8')).toBe('old');
  expect(await readdir(folder)).toHaveLength(2);
});

test('a name as long as a name may be is no problem, and one byte more is a sentence', async () => {
  await writeWhole(at('n'.repeat(255)), 'whole');
  expect(await readFile(at('n'.repeat(255)), 'utf8')).toBe('whole');
  const failure = await failureOf(writeWhole(at('n'.repeat(256)), 'whole'));
  expect(describeFileProblem(failure)).toContain('cannot be written: its name is too long.');
  expect(await readdir(folder)).toHaveLength(1);
});

test('a folder stays a folder, a link leads where it did, and what is no file is written to', async () => {
  await mkdir(at('folder'));
  const failure = await failureOf(writeWhole(at('folder'), 'text'));
  expect(describeFileProblem(failure)).toBe(
    `${at('folder')} cannot be written: there is a folder of that name.`,
  );
  await writeFile(at('real'), 'old');
  await symlink('real', at('link'));
  await writeWhole(at('link'), 'new');
  expect(await readFile(at('real'), 'utf8')).toBe('new');
  await symlink('later', at('early'));
  await writeWhole(at('early'), 'new');
  expect(await readFile(at('later'), 'utf8')).toBe('new');
  await writeWhole('/dev/null', 'text');
  expect(await readFile('/dev/null', 'utf8')).toBe('');
  expect((await readdir(folder)).toSorted()).toEqual(['early', 'folder', 'later', 'link', 'real']);
});

test('what nobody else may read stays so', async (context) => {
  if (process.platform === 'win32') {
    console.warn('Permissions of files are not checked: Windows has others');
    context.skip();
  }
  await writeFile(at('own'), 'old', { mode: 0o600 });
  await writeWhole(at('own'), 'new');
  expect((await stat(at('own'))).mode & 0o777).toBe(0o600);
});

test('a file that may not be written is not replaced', async (context) => {
  if (process.getuid?.() === 0) {
    console.warn('A file that may not be written is not checked: root may write every file');
    context.skip();
  }
  await writeFile(at('kept'), 'old');
  await chmod(at('kept'), 0o444);
  const failure = await failureOf(writeWhole(at('kept'), 'new'));
  expect(describeFileProblem(failure)).toContain('writing there is not allowed');
});
