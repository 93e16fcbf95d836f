/** npm run look -- knn, linear and look-alikes, as a person calls them. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readProbeFile } from '../../src/recognise/probe-file.ts';
import { findPython } from '../../src/testing/find-python.ts';
import { headCases } from '../../src/testing/head-fixtures.ts';
import { root, runTool, type ToolRun } from '../../src/testing/run-tool.ts';

const small = ['--side', '64', '--backend', 'wasm'] as const;
const kinds = ['cat', 'rocket', 'dahlia'] as const;

const python = await findPython();
if (python === null)
  console.warn('The probe is not opened by PyTorch: no Python with PyTorch, NumPy and Pillow.');

let folder: string;
const at = (...parts: string[]): string => join(folder, ...parts);

/** Another part of the sample, mirrored where `part` is odd. */
async function writePart(sample: string, part: number, ...path: string[]): Promise<void> {
  const picture = sharp(join(root, `public/samples/${sample}.jpg`));
  const { width, height } = await picture.metadata();
  const cut = picture.extract({
    left: part * 6,
    top: part * 4,
    width: Math.round(width * 0.8),
    height: Math.round(height * 0.8),
  });
  await mkdir(at(...path.slice(0, -1)), { recursive: true });
  await (part % 2 === 1 ? cut.flop() : cut).png().toFile(at(...path));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recognise-'));
  for (const kind of kinds)
    for (let part = 0; part < 3; part++) await writePart(kind, part, 'classes', kind, `${part}.png`);
  await writeFile(at('classes', 'rocket', 'broken.jpg'), 'no picture');
  await mkdir(at('classes', 'nothing'));
  await writePart('cat', 4, 'classes', 'beside.png');
  for (const kind of ['cat', 'dahlia'] as const) await writePart(kind, 5, 'test', kind, 'new', 'one.png');
  await writePart('rocket', 4, 'test', 'beside.png');
  await writePart('rocket', 3, 'test', 'unknown', 'odd.png');
});
afterAll(() => rm(folder, { recursive: true }));

const readFacts = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(at('out', name), 'utf8')) as Record<string, unknown>;

const ownClasses = (): Record<string, string> =>
  Object.fromEntries(
    kinds.flatMap((kind) => [0, 1, 2].map((part) => [at('classes', kind, `${part}.png`), kind])),
  );

function expectComplaints({ stderr, exitCode }: ToolRun): void {
  const lines = stderr.trim().split('\n');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toBe(`There is no photograph in ${at('classes', 'nothing')}.`);
  expect(lines[1]).toContain(`${at('classes', 'rocket', 'broken.jpg')}: `);
  expect(exitCode).toBe(1);
}

describe('knn', () => {
  test('leaves one out, names what failed, and tells the neighbours of each', async () => {
    const run = await runTool(
      'look',
      'knn',
      '--classes',
      at('classes'),
      ...small,
      '--k',
      '2',
      '--out',
      at('out'),
    );
    expectComplaints(run);
    const facts = await readFacts('knn.json');
    expect(facts).toMatchObject({
      accuracy: 1,
      way: 'leave one out',
      k: 2,
      feature: 'cls',
      block: 8,
      framing: 'official',
      sidePx: 64,
      model: { id: 'dinoscope-mini16' },
      classes: ['cat', 'dahlia', 'rocket'],
      predictions: { ...ownClasses(), [at('classes', 'beside.png')]: 'cat' },
      confusion: [
        [3, 0, 0],
        [0, 3, 0],
        [0, 0, 3],
      ],
    });
    const neighbours = facts['neighbours'] as Record<string, [string, number][]>;
    const [first, second, ...more] = neighbours[at('classes', 'cat', '1.png')] ?? [];
    expect(more).toEqual([]);
    expect(new Set([first?.[0], second?.[0]])).toEqual(
      new Set([0, 2].map((part) => at('classes', 'cat', `${part}.png`))),
    );
    expect(first?.[1]).toBeGreaterThanOrEqual(second?.[1] ?? NaN);
    expect(run.stdout).toContain('100.00 %');
  });

  test('is tested on other folders; a class that nobody learned counts as wrong, and no class not at all', async () => {
    const run = await runTool(
      'look',
      'knn',
      '--classes',
      at('classes'),
      '--test',
      at('test'),
      ...small,
      '--feature',
      'both',
      '--block',
      '7',
      '--framing',
      'square',
      '--out',
      at('out'),
    );
    expectComplaints(run);
    const facts = await readFacts('knn.json');
    expect(facts).toMatchObject({ way: 'test', k: 20, feature: 'both', block: 7, framing: 'square' });
    expect(facts['accuracy']).toBeCloseTo(2 / 3);
    expect(facts['predictions']).toEqual({
      [at('test', 'cat', 'new', 'one.png')]: 'cat',
      [at('test', 'dahlia', 'new', 'one.png')]: 'dahlia',
      [at('test', 'unknown', 'odd.png')]: 'rocket',
      [at('test', 'beside.png')]: 'rocket',
    });
    expect(facts['classes']).toEqual(['cat', 'dahlia', 'rocket', 'unknown']);
  });

  test('takes the folders for classes that the page takes: below train and val, with all that lies in them', async () => {
    await writePart('cat', 0, 'set', 'train', 'cat', '2025', 'a.png');
    await writePart('cat', 1, 'set', 'val', 'cat', '2026', 'b.png');
    await writePart('rocket', 0, 'set', 'train', 'rocket', 'a.png');
    await writePart('rocket', 1, 'set', 'val', 'rocket', 'b.png');
    const run = await runTool(
      'look',
      'knn',
      '--classes',
      at('set'),
      ...small,
      '--k',
      '1',
      '--out',
      at('out'),
    );
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await readFacts('knn.json')).toMatchObject({
      classes: ['cat', 'rocket'],
      confusion: [
        [2, 0],
        [0, 2],
      ],
    });
  });

  test.each([
    [['--classes', 'gone'], 1, 'The folder gone cannot be read.'],
    [['--classes', 'docs/adr'], 1, 'There is no photograph in docs/adr.'],
    [['--classes', 'public', '--k', '0'], 2, '--k 0 is not a whole number from 1 to 1000.'],
    [['--classes', 'public', '--feature', 'sum'], 2, '--feature sum is not cls|mean|both|copy.'],
  ])('%j ends with exit code %i and a sentence', async (args, exitCode, sentence) => {
    const run = await runTool('look', 'knn', ...args, '--out', at('out'));
    expect(run.stderr.trim()).toBe(sentence);
    expect(run.exitCode).toBe(exitCode);
  });

  test('one class, or none, cannot be told from another: no model is loaded and nothing written', async () => {
    await writePart('cat', 0, 'alone', 'cat', 'a.png');
    await writePart('cat', 0, 'flat', 'a.png');
    for (const command of ['knn', 'linear'])
      for (const [name, sentence] of [
        ['alone', `${at('alone')} holds photographs of one class alone, cat; two are needed`],
        ['flat', `${at('flat')} holds no folders with photographs that can be read`],
      ] as const) {
        const run = await runTool('look', command, '--classes', at(name), '--out', at('none'));
        expect(run).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringContaining(sentence) });
        expect(run.stderr.trim().split('\n')).toHaveLength(1);
      }
    expect(await readdir(folder)).not.toContain('none');
  });

  test('two classes of which one has no photograph that can be read are one', async () => {
    await writePart('cat', 0, 'half', 'cat', 'a.png');
    await mkdir(at('half', 'dog'));
    await writeFile(at('half', 'dog', 'a.png'), 'no picture');
    const run = await runTool('look', 'knn', '--classes', at('half'), ...small, '--out', at('out'));
    expect(run.stderr).toMatch(/one class alone, cat; two are needed/);
    expect(run.exitCode).toBe(1);
  });

  test('says what nobody could get right, and counts only who votes and who is judged', async () => {
    for (const part of [0, 1]) await writePart('cat', part, 'odd', 'cat', `${part}.png`);
    await writePart('rocket', 0, 'odd', 'rocket', 'a.png');
    await writePart('dahlia', 0, 'odd', 'beside.png');
    await mkdir(at('odd', 'empty'));
    for (const name of ['empty/a.heic', 'cat/b.HEIC', 'c.heic']) await writeFile(at('odd', name), '');
    const run = await runTool('look', 'knn', '--classes', at('odd'), ...small, '--out', at('out'));
    expect(run.stdout).toContain(
      'Of the class rocket there is one photograph, for which no other can vote\n',
    );
    expect(run.stdout).toContain('k-NN of 3 photographs in 2 classes, 3 in the bank: ');
    const problem = `There is no photograph in ${at('odd', 'empty')} that can be opened here: 1 file (HEIC) must be saved as JPEG, PNG or WebP first.`;
    const leftOut = '2 HEIC photographs were left out: they must be saved as JPEG, PNG or WebP first.';
    expect(run).toMatchObject({ exitCode: 1, stderr: `${leftOut}\n${problem}\n` });
    expect((await readFacts('knn.json'))['problems']).toEqual([problem]);
    const tested = await runTool(
      'look',
      'knn',
      '--classes',
      at('classes'),
      '--test',
      at('odd'),
      ...small,
      '--out',
      at('out'),
    );
    expect(tested.stdout).not.toContain('one photograph');
    const other = await runTool(
      'look',
      'knn',
      '--classes',
      at('odd'),
      '--test',
      at('test'),
      ...small,
      '--out',
      at('out'),
    );
    expect(other.stdout).toContain(
      `Nothing in ${at('odd')} is of the class dahlia, unknown: what is tested of it counts as wrong\n`,
    );
  });

  test('a block that the network does not have is no other block', async () => {
    const run = await runTool(
      'look',
      'knn',
      '--classes',
      at('classes'),
      ...small,
      '--block',
      '9',
      '--out',
      at('out'),
    );
    expect(run).toMatchObject({ exitCode: 1, stderr: '--block 9: DINOscope mini/16 has 8 blocks.\n' });
  });

  test('without a folder it says that one is missing', async () => {
    const run = await runTool('look', 'knn');
    expect(run.stderr).toBe(
      'Give folders of photographs, --classes <folder>: npm run look -- knn --help tells what there is.\n',
    );
    expect(run.exitCode).toBe(2);
  });
});

describe('linear', () => {
  test('learns the classes, and its file gives the same probabilities', async () => {
    const run = await runTool(
      'look',
      'linear',
      '--classes',
      at('classes'),
      '--test',
      at('test'),
      ...small,
      '--out',
      at('out'),
    );
    expectComplaints(run);
    const facts = await readFacts('linear.json');
    expect(facts).toMatchObject({ way: 'test', classes: ['cat', 'dahlia', 'rocket', 'unknown'] });
    expect(facts['accuracy']).toBeCloseTo(2 / 3);
    expect(facts['learnedClasses']).toEqual(kinds.toSorted());
    expect(facts['predictions']).toMatchObject({
      [at('test', 'cat', 'new', 'one.png')]: 'cat',
      [at('test', 'dahlia', 'new', 'one.png')]: 'dahlia',
      [at('test', 'beside.png')]: 'rocket',
    });
    const { probe, facts: ofFile } = await readProbeFile(
      new Blob([await readFile(at('out', 'linear.safetensors'))]),
    );
    expect(ofFile).toMatchObject({
      classNames: ['cat', 'dahlia', 'rocket'],
      feature: 'cls',
      settings: { block: 8, framing: 'official', sidePx: 64 },
    });
    expect(probe).toMatchObject({ classCount: 3, channels: 192 });
    for (const shares of Object.values(facts['probabilities'] as Record<string, number[]>))
      expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 4);
  });

  test('holds out a share of each class by its seed', async () => {
    const args = ['--classes', at('classes'), ...small, '--held-out', '0.3', '--seed', '4'] as const;
    const run = await runTool('look', 'linear', ...args, '--out', at('out'));
    expectComplaints(run);
    const facts = await readFacts('linear.json');
    expect(facts).toMatchObject({ way: 'held out', seed: 4, accuracy: 1 });
    expect(new Set((facts['heldOut'] as string[]).map((path) => path.split('/').at(-2)))).toEqual(
      new Set(kinds),
    );
    const confusion = facts['confusion'] as number[][];
    expect(confusion.flat().reduce((sum, count) => sum + count, 0)).toBe(3);
  });
});

test.skipIf(python === null)(
  'PyTorch opens the probe and tells the same from the photographs on',
  async () => {
    const options = ['--classes', at('test'), '--feature', 'both', '--block', '6', '--side', '96'] as const;
    const made = await runTool('look', 'linear', ...options, '--out', at('torch'));
    expect(made).toMatchObject({ exitCode: 0, stderr: '' });
    const files = ['linear.safetensors', 'linear.json'].map((name) => at('torch', name));
    const { stdout } = await promisify(execFile)(python ?? '', ['tools/reference/check_probe.py', ...files], {
      cwd: root,
      env: { ...process.env, OMP_NUM_THREADS: '1' },
    });
    const { difference } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { difference: number };
    expect(difference).toBeLessThan(1e-4);
  },
  120_000,
);

describe('classes', () => {
  const heads = join(root, 'tools/reference/fixtures/heads');
  const cat = join(root, 'public/samples/cat.jpg');
  const tiny = ['--side', '32', '--backend', 'cpu'] as const;

  test.each(headCases)('$file tells what PyTorch tells', async ({ file, network, numHeads, told }) => {
    const model = ['--model', join(heads, network), '--heads', String(numHeads), '--head', join(heads, file)];
    const run = await runTool(
      'look',
      'classes',
      cat,
      at('classes', 'rocket', 'broken.jpg'),
      ...model,
      ...tiny,
      '--out',
      at('out'),
    );
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect(run.exitCode).toBe(1);
    const facts = await readFacts('classes.json');
    const { shares } = told.find(({ sample }) => sample === 'cat') ?? expect.unreachable('no cat');
    const likeliest =
      (facts['likeliest'] as Record<string, { index: number; probability: number }[]>)[cat] ?? [];
    expect(likeliest).toHaveLength(5);
    for (const { index, probability } of likeliest)
      expect(Math.abs(probability - (shares[index] ?? NaN))).toBeLessThan(1e-4);
    expect(likeliest[0]?.index).toBe(shares.indexOf(Math.max(...shares)));
    expect(facts['predictions']).toEqual({ [cat]: `class ${likeliest[0]?.index}` });
  });

  test('a classifier of another network ends with a sentence', async () => {
    const run = await runTool(
      'look',
      'classes',
      cat,
      '--head',
      join(heads, 'dino-4-blocks.pth'),
      '--out',
      at('out'),
    );
    expect(run.stderr).toContain('its 48 inputs are not made of the 192 channels of DINOscope mini/16');
    expect(run.exitCode).toBe(1);
  });

  test.each([
    ['gone.pth', 'gone.pth cannot be read.'],
    ['public', 'public is a folder, and no file.'],
  ])('--head %s ends with a sentence', async (head, sentence) => {
    const run = await runTool('look', 'classes', cat, '--head', head, '--out', at('none'));
    expect(run).toMatchObject({ exitCode: 1, stdout: '', stderr: `${sentence}\n` });
  });

  test('a probe of our own opens again, with its classes’ names and the framing that it learned from', async () => {
    await runTool(
      'look',
      'linear',
      '--classes',
      at('classes'),
      ...small,
      '--framing',
      'square',
      '--feature',
      'both',
      '--out',
      at('out'),
    );
    const head = ['--head', at('out', 'linear.safetensors')];
    const asked = at('classes', 'dahlia', '1.png');
    const run = await runTool('look', 'classes', asked, ...head, '--backend', 'wasm', '--out', at('out'));
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const facts = await readFacts('classes.json');
    expect(facts).toMatchObject({ framing: 'square', sidePx: 64 });
    expect(facts['predictions']).toEqual({ [asked]: 'dahlia' });
    // Of the same size, with other weights.
    const other = ['--model', join(root, 'public/models/dinoscope-mini16-supervised'), '--out', at('other')];
    const warned = await runTool('look', 'classes', asked, ...head, '--backend', 'wasm', ...other);
    expect(warned.stderr.trim()).toMatch(
      /linear\.safetensors knows nothing of the features of mini\/16 supervised: what it tells may mean nothing\.$/,
    );
    const { learnedClasses, probabilities } = await readFacts('linear.json');
    const shares = (probabilities as Record<string, number[]>)[asked] ?? [];
    const likeliest =
      (facts['likeliest'] as Record<string, { name: string; probability: number }[]>)[asked] ?? [];
    for (const { name, probability } of likeliest)
      expect(probability).toBeCloseTo(shares[(learnedClasses as string[]).indexOf(name)] ?? NaN, 4);
  });
});

test('look-alikes are told as tables: the nearest of each, and groups', async () => {
  await writePart('cat', 0, 'alike', 'cat, "first".png');
  await sharp(at('alike', 'cat, "first".png')).jpeg({ quality: 70 }).toFile(at('alike', 'copy.jpg'));
  await writePart('rocket', 0, 'alike', 'rocket.png');
  const run = await runTool('look', 'look-alikes', at('alike'), ...small, '--count', '1', '--out', at('out'));
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  const quoted = `"${at('alike', 'cat, ""first"".png')}"`;
  const groups = await readFile(at('out', 'look-alike-groups.csv'), 'utf8');
  expect(groups.split('\r\n')).toEqual([
    'group,photograph',
    `1,${quoted}`,
    `1,${at('alike', 'copy.jpg')}`,
    '',
  ]);
  const [head, first, second, third, end] = (await readFile(at('out', 'look-alikes.csv'), 'utf8')).split(
    '\r\n',
  );
  expect([head, end]).toEqual(['photograph,rank,other,cosine', '']);
  expect(first).toMatch(/copy\.jpg,0\.9\d+$/);
  expect(second?.startsWith(`${at('alike', 'copy.jpg')},1,${quoted},0.9`)).toBe(true);
  expect(third?.startsWith(`${at('alike', 'rocket.png')},1,`)).toBe(true);
});
