import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { findPhotographs } from './find-photographs.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'find-photographs-'));
  for (const below of ['phone', 'talk/day 2', 'empty', '.hidden', '__MACOSX', 'talk/folder.jpg'])
    await mkdir(join(folder, below), { recursive: true });
  const files = [
    'a.jpg',
    'B.JPEG',
    'c.jfif',
    'd.bmp',
    'e.webp',
    'f.avif',
    'g.gif',
    'h.tif',
    'notes.txt',
    '._a.jpg',
    '.hidden/secret.jpg',
    '__MACOSX/._a.jpg',
    'talk/z.png',
    'talk/[1].png',
    'talk/day 2/y.jpg',
    'talk/day 2/._y.jpg',
    'empty/model.bin',
    'no-ending',
    'phone/1.HEIC',
    'phone/2.heic',
    'phone/3.cr2',
    'phone/notes.txt',
    'phone/4.NEF',
    'phone/film.mov',
    'phone/._1.HEIC',
  ];
  for (const file of files) await writeFile(join(folder, file), '');
  await symlink('.', join(folder, 'talk', 'loop'), 'dir');
});
afterAll(() => rm(folder, { recursive: true }));

let said: string[];
beforeEach(() => {
  said = [];
  vi.spyOn(console, 'error').mockImplementation((sentence: string) => void said.push(sentence));
});
afterEach(() => {
  vi.restoreAllMocks();
});

async function found(...args: readonly string[]) {
  const { paths, problems } = await findPhotographs(args.map((arg) => join(folder, arg)));
  return {
    paths: paths.map((path) => relative(folder, path).replaceAll('\\', '/')),
    problems: problems.map((problem) => problem.replace(join(folder, '/'), '')),
  };
}

const inTalk = ['talk/[1].png', 'talk/day 2/y.jpg', 'talk/z.png'];
const beside = ['B.JPEG', 'a.jpg', 'c.jfif', 'd.bmp', 'e.webp', 'f.avif', 'g.gif', 'h.tif'];

test.each<[string, string[], string[]]>([
  ['a folder gives what ends as photographs do, in subfolders too, by name', ['.'], [...beside, ...inTalk]],
  ['a file is taken whatever its name is', ['notes.txt', 'no-ending'], ['notes.txt', 'no-ending']],
  ['what is not there is left to be told when it is read', ['gone.jpg'], ['gone.jpg']],
  [
    'arguments keep their order, and none comes twice',
    ['talk/z.png', 'a.jpg', 'talk'],
    ['talk/z.png', 'a.jpg', ...inTalk.slice(0, 2)],
  ],
  ['a pattern gives what matches and ends as photographs do', ['*'], beside],
  ['a pattern with folders in it', ['**/*.{png,jpg}'], ['a.jpg', ...inTalk]],
  ['a link to a folder that is looked through anyway gives nothing twice', ['talk/**/*'], inTalk],
  [
    'a link to a folder that is looked through only by it gives what is there',
    ['talk/loop/*'],
    ['talk/loop/[1].png', 'talk/loop/z.png'],
  ],
  ['a file whose name looks like a pattern is a file', ['talk/[1].png'], ['talk/[1].png']],
])('%s', async (_, args, paths) => {
  expect(await found(...args)).toEqual({ paths, problems: [] });
});

describe('what gives no photograph gets a sentence', () => {
  test.each([
    ['empty', 'There is no photograph in empty.'],
    [
      'phone',
      'There is no photograph in phone that can be opened here: 4 files (CR2, HEIC, NEF) must be saved as JPEG, PNG or WebP first.',
    ],
    ['*.nothing', 'No photograph matches *.nothing.'],
    [
      'phone/*.{heic,HEIC}',
      'No photograph matches phone/*.{heic,HEIC} that can be opened here: 2 files (HEIC) must be saved as JPEG, PNG or WebP first.',
    ],
    ['._a.jpg', '._a.jpg is what macOS notes beside a file, and no photograph.'],
  ])('%s', async (argument, problem) => {
    expect(await found(argument, 'a.jpg')).toEqual({ paths: ['a.jpg'], problems: [problem] });
    expect(said).toEqual([]);
  });
});

test('folders that cannot be read, as those of the system on a stick, are told where they are not hidden, and the others are read', async (context) => {
  if (process.platform === 'win32') {
    console.warn('Folders that cannot be read are not checked: Windows has other permissions');
    context.skip();
  }
  const stick = await mkdtemp(join(tmpdir(), 'stick-'));
  const locked = ['.Trashes', 'lost+found'].map((name) => join(stick, name));
  const isRoot = process.geteuid?.() === 0;
  try {
    await mkdir(join(stick, 'DCIM'));
    await writeFile(join(stick, 'DCIM', 'a.jpg'), '');
    for (const path of locked) await mkdir(path, { mode: 0 });
    await chmod(stick, 0o755);
    // Root may read every folder.
    if (isRoot) process.seteuid?.(65_534);
    expect(await findPhotographs([stick])).toEqual({
      paths: [join(stick, 'DCIM', 'a.jpg')],
      problems: [`The folder ${join(stick, 'lost+found')} cannot be read.`],
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
    for (const path of locked) await chmod(path, 0o700);
    await rm(stick, { recursive: true });
  }
});

describe('photographs beside others that are not read are told once, by their kinds', () => {
  const allThree =
    '1 CR2, 2 HEIC and 1 NEF photographs were left out: they must be saved as JPEG, PNG or WebP first.';
  const oneHeic = '1 HEIC photograph was left out: it must be saved as JPEG, PNG or WebP first.';
  test.each<[string[], string[]]>([
    [['.'], [allThree]],
    [['.', 'talk', '**/*'], [allThree]],
    [['{a.jpg,phone/2.*}'], [oneHeic]],
    [['.', 'phone/1.HEIC', 'phone/3.cr2', 'phone/4.NEF'], [oneHeic]],
    [['talk', '*'], []],
  ])('%j', async (args, sentences) => {
    expect((await found(...args)).problems).toEqual([]);
    expect(said).toEqual(sentences);
  });
});

describe('what a run before has left in a folder for results is no photograph', () => {
  const at = (name: string): string => join(folder, name);
  test('and told, where the folder lies in one that is looked through', async () => {
    const { paths, problems } = await findPhotographs([at('.')], at('talk'));
    expect(paths.map((path) => relative(folder, path))).toEqual(beside);
    expect(problems).toEqual([]);
    expect(said.at(-1)).toBe(`Left out: 3 pictures in ${at('talk')}, where the results go.`);
  });

  test('unless a person names it, or what is in it', async () => {
    for (const args of [['talk'], ['talk/z.png'], ['talk/**/*.png'], ['.', ...inTalk]]) {
      const { paths } = await findPhotographs(args.map(at), at('talk'));
      expect(paths).toEqual((await findPhotographs(args.map(at))).paths);
      expect(paths).not.toEqual([]);
    }
    expect(said.filter((sentence) => sentence.startsWith('Left out'))).toEqual([]);
  });

  test('also where there is nothing else', async () => {
    expect(await findPhotographs([at('talk/day 2/..')], at('talk'))).toMatchObject({ problems: [] });
    expect(await findPhotographs([at('talk')], at('talk/day 2'))).toMatchObject({ problems: [] });
    const none = `There is no photograph in ${at('talk')} but in ${at('talk/day 2')}, where the results go.`;
    await rm(at('talk/z.png'));
    await rm(at('talk/[1].png'));
    expect(await findPhotographs([at('talk')], at('talk/day 2'))).toEqual({ paths: [], problems: [none] });
  });
});
