import { link, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeFileProblem } from '../file-problem.ts';
import { keepInputs } from '../inputs.ts';
import { writeWhole } from '../write-whole.ts';
import { createNames } from './output-names.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'output-names-'));
});
afterAll(() => rm(folder, { recursive: true }));

const at = (name: string): string => join(folder, name);

describe('names of results', () => {
  test('no file of one photograph has the name of another’s', async () => {
    const nameFor = createNames(folder);
    const endings = ['.npy', '-heads.png', '-patch-3-7.npy', '-patch-3-7-heads.png'];
    expect(await nameFor('a.png', endings)).toBe('a');
    expect(await nameFor('talk/a-patch-3-7.png', endings)).toBe('a-patch-3-7-2');
    expect(await nameFor('talk/A.jpg', endings)).toBe('A-2');
    expect(await nameFor('b.tar.jpg', endings)).toBe('b.tar');
    // What has a name alike, and no file of one name, keeps its own.
    expect(await nameFor('a-b.png', endings)).toBe('a-b');
  });

  test('none is that of a file that is read, by whatever name', async () => {
    await writeFile(at('x-heads.png'), 'a photograph');
    await writeFile(at('elsewhere.png'), 'another');
    await link(at('elsewhere.png'), at('y-heads.png'));
    await symlink(at('elsewhere.png'), at('z-heads.png'));
    await keepInputs([at('x-heads.png'), at('elsewhere.png'), at('gone.png')]);
    const nameFor = createNames(folder);
    const endings = ['.npy', '-heads.png'];
    for (const name of ['x', 'y', 'z']) expect(await nameFor(at(`${name}.png`), endings)).toBe(`${name}-2`);
    // Beside its own results a photograph may lie.
    expect(await nameFor(at('elsewhere.png'), endings)).toBe('elsewhere');
  });
});

test('what a command reads it does not write over', async () => {
  await writeFile(at('photo.webp'), 'a photograph');
  await writeFile(at('result.webp'), 'an old result');
  await keepInputs([at('photo.webp')]);
  await writeWhole(at('result.webp'), 'a new one');
  const problem = await writeWhole(at('photo.webp'), 'a new one').catch(describeFileProblem);
  expect(problem).toBe(
    `${at('photo.webp')} is a file that this command reads, and is not written over. Give --out another name.`,
  );
  expect(await readFile(at('photo.webp'), 'utf8')).toBe('a photograph');
});
