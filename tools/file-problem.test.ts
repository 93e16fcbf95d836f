import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeFolder, prepareFile } from './file-problem.ts';

let folder: string;
const said: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'file-problem-'));
  said.length = 0;
  vi.spyOn(console, 'error').mockImplementation((text: string) => void said.push(text));
  vi.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('ended');
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

const at = (name: string): string => join(folder, name);

test('a folder is made with those above it, again and again', async () => {
  for (let times = 0; times < 2; times++) await makeFolder(at('a/b/c/'));
  expect((await stat(at('a/b/c'))).isDirectory()).toBe(true);
  await makeFolder(`${folder}/new/../beside`);
  expect((await stat(at('beside'))).isDirectory()).toBe(true);
  await prepareFile(at('d/picture.webp'), '.webp');
  expect((await stat(at('d'))).isDirectory()).toBe(true);
});

test.each([
  ['file', 'there is something of that name'],
  ['file/a/b', 'a part of its path is a file and not a folder'],
  [`${'n'.repeat(300)}/a`, 'its name is too long'],
])('%s cannot be made, and why', async (name, why) => {
  await writeFile(at('file'), '');
  await expect(makeFolder(at(name))).rejects.toThrow('ended');
  expect(said).toEqual([`The folder ${at(name)} cannot be made: ${why}.`]);
});

test('where no folder can be made it ends', async (context) => {
  if (process.platform !== 'linux') {
    console.warn(
      'A place where no folder can be made is not checked: only Linux has one for everybody, /proc',
    );
    context.skip();
  }
  await expect(makeFolder('/proc/dinoscope/a')).rejects.toThrow('ended');
  expect(said[0]).toMatch(/^The folder \/proc\/dinoscope\/a cannot be made: /);
});
