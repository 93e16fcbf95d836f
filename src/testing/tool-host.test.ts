/** A run in the shared process ends, says and leaves what one in a process of its own does. */
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { ToolHost, type ToolRun } from './tool-scripts.ts';

/** What it does is its first argument. */
const script = `
const left = [globalThis.runs, process.listenerCount('uncaughtException'), process.listenerCount('exit'), process.exitCode];
globalThis.runs = (globalThis.runs ?? 0) + 1;
const [, , what, ...words] = process.argv;
const report = () => process.on('uncaughtException', (error) => {
  console.error('told: ' + error.message);
  process.exit(3);
});
const ways = {
  left: () => console.log(JSON.stringify({ left, words, folder: process.cwd() })),
  exitCode: () => void (process.exitCode = 4),
  exit: () => {
    process.on('exit', (code) => console.error('ends with ' + code));
    process.exit(5);
  },
  swallowed: () => {
    try {
      process.exit(6);
    } catch {}
    console.log('goes on');
  },
  throws: () => { throw new Error('a bug'); },
  told: () => { report(); throw new Error('a folder'); },
  later: async () => {
    report();
    setTimeout(() => { throw new Error('much later'); });
    await new Promise(() => {});
  },
  rejected: async () => {
    report();
    void Promise.reject(new Error('nobody waits'));
    await new Promise(() => {});
  },
};
await ways[what]();
`;

let folder: string;
let host: ToolHost;
beforeAll(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'tool-host-')));
  await mkdir(join(folder, 'elsewhere'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'tool.js'), script);
  host = new ToolHost(inject('toolScripts'), join(folder, 'tool.js'));
});
afterAll(async () => {
  await host.end();
  await rm(folder, { recursive: true });
});

const run = (...args: readonly string[]): Promise<ToolRun> => host.run({ args, cwd: folder });

test.each([
  ['exitCode', { exitCode: 4, stdout: '', stderr: '' }],
  ['exit', { exitCode: 5, stdout: '', stderr: 'ends with 5\n' }],
  ['swallowed', { exitCode: 6, stdout: '', stderr: '' }],
  ['told', { exitCode: 3, stdout: '', stderr: 'told: a folder\n' }],
  ['later', { exitCode: 3, stdout: '', stderr: 'told: much later\n' }],
  ['rejected', { exitCode: 3, stdout: '', stderr: 'told: nobody waits\n' }],
])('%s', async (way, expected) => {
  expect(await run(way)).toEqual(expected);
});

test('an error that nobody tells is a stack and exit code 1', async () => {
  const { exitCode, stderr } = await run('throws');
  expect(exitCode).toBe(1);
  expect(stderr).toMatch(/^Error: a bug\n +at /);
});

test('a run finds nothing of those before; each has its words and its folder, one after another', async () => {
  await run('exit');
  const elsewhere = join(folder, 'elsewhere');
  const both = [run('left', 'one'), host.run({ args: ['left', 'two', 'words'], cwd: elsewhere })];
  const [first, second] = (await Promise.all(both)).map(({ stdout }) => JSON.parse(stdout) as unknown);
  const left = [null, 0, 0, null];
  expect(first).toEqual({ left, words: ['one'], folder });
  expect(second).toEqual({ left, words: ['two', 'words'], folder: elsewhere });
});
