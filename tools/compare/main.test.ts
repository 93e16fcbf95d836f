/** npm run compare, as a person calls it. */
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkpointPath } from '../../src/testing/checkpoint-fixtures.ts';
import { root, runTool } from '../../src/testing/run-tool.ts';

const cat = join(root, 'public/samples/cat.jpg');
const embedded = join(root, 'public/models/dinoscope-mini16');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compare-'));
  await mkdir(join(folder, 'folder.webp'));
});
afterAll(() => rm(folder, { recursive: true }));

test('a checkpoint beside a model in tfjs format, with options that are the checkpoint’s', async () => {
  const out = join(folder, 'new/both.webp');
  const models = ['--model', embedded, '--model', checkpointPath('dino.pth'), '--heads', '3'];
  const run = await runTool(
    'compare',
    cat,
    join(folder, 'gone.jpg'),
    ...models,
    '--side',
    '64',
    '--out',
    out,
  );
  expect(run.exitCode).toBe(1);
  expect(run.stderr.trim().split('\n')).toEqual([expect.stringContaining('gone.jpg: ')]);
  expect(run.stdout).toContain('1 photograph, 3 networks');
  expect((await sharp(out).metadata()).format).toBe('webp');
  expect(await readdir(join(folder, 'new'))).toEqual(['both.webp']);
});

test('a photograph is not replaced by the picture', async () => {
  const photo = join(folder, 'photo.webp');
  await sharp(cat).webp().toFile(photo);
  const before = await readFile(photo);
  const run = await runTool('compare', photo, '--model', embedded, '--side', '64', '--out', photo);
  expect(run).toMatchObject({ exitCode: 1, stdout: '' });
  expect(run.stderr.trim()).toMatch(/photo\.webp is a file that this command reads, and is not written over/);
  expect(await readFile(photo)).toEqual(before);
});

test.each([
  [['--out', 'picture.png'], 2, /^--out picture\.png must end in \.webp\.$/],
  [['--out', 'folder.webp'], 1, /folder\.webp cannot be written: there is a folder of that name\.$/],
  [['--out', `${cat}/a.webp`], 1, /cat\.jpg cannot be made: there is something of that name\.$/],
  [['--seed', '4294967296'], 2, /^--seed 4294967296 is not a whole number from 0 to 4294967295\.$/],
  [['--model', embedded, '--heads', '3'], 1, /^--heads is for checkpoint files/],
])('%j ends with a sentence before any work', async (options, exitCode, sentence) => {
  const words = options.map((word) => (word === 'folder.webp' ? join(folder, word) : word));
  const run = await runTool('compare', cat, ...words);
  expect(run).toMatchObject({ exitCode, stdout: '' });
  expect(run.stderr.trim()).toMatch(sentence);
});
