import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadModel } from '../../src/models/load-model.ts';
import type { LoadedModel } from '../../src/models/loaded-model.ts';
import { hashNetwork } from '../../src/models/network-hash.ts';
import { checkpointPath, wrappedPath } from '../../src/testing/checkpoint-fixtures.ts';
import { expectedNetwork } from '../../src/testing/checkpoint-networks.ts';
import { makeSafetensors } from '../../src/testing/make-safetensors.ts';
import { maxAbsDifference } from '../../src/core/max-abs-difference.ts';
import { runTool, runToolAlone, type ToolRun } from '../../src/testing/run-tool.ts';
import { vitFixtures, type VitFixture } from '../../src/testing/vit-fixtures.ts';
import { folderSource } from '../attend/folder-source.ts';

const [{ architecture, parameters }] = vitFixtures as [VitFixture, ...VitFixture[]];
const count = [...parameters.values()].reduce((sum, { values }) => sum + values.length, 0);

let folder: string;
let checkpoint: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convert-'));
  checkpoint = join(folder, 'model.safetensors');
  await writeFile(checkpoint, makeSafetensors(parameters));
  await writeFile(join(folder, 'config.json'), JSON.stringify(architecture));
});
afterAll(() => rm(folder, { recursive: true }));

async function load(name: string): Promise<LoadedModel> {
  const model = await loadModel(folderSource(join(folder, name)), new AbortController().signal, () => {});
  if (!model.ok) throw new Error(JSON.stringify(model.error));
  return model.value;
}

/** Whether `half` is a binary16 number and none lies nearer to `value`: by the spacing of the halves around it. */
function isNearestHalf(half: number, value: number): boolean {
  const spacing = 2 ** (Math.max(-14, Math.floor(Math.log2(Math.abs(value)))) - 10);
  return Number.isInteger(half / spacing) && Math.abs(half - value) <= spacing / 2;
}

describe('a checkpoint', () => {
  let run: ToolRun;
  beforeAll(async () => {
    run = await runToolAlone('convert', checkpoint, '--out', join(folder, 'tiny16/'));
  });

  test('is converted with a word of what came of it', async () => {
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain(`tiny16: ${count.toLocaleString('en')} parameters, float16`);
    expect((await readdir(join(folder, 'tiny16'))).toSorted()).toEqual([
      'group1-shard1of1.bin',
      'model.json',
    ]);
    expect((await readFile(join(folder, 'tiny16', 'group1-shard1of1.bin'))).length).toBe(2 * count);
    expect(run.stdout).toContain(`Listed in ${join(folder, 'models.json')}`);
    const { models } = JSON.parse(await readFile(join(folder, 'models.json'), 'utf8')) as {
      models: unknown[];
    };
    const { size } = await stat(join(folder, 'tiny16', 'model.json'));
    expect(models[0]).toEqual({ id: 'tiny16', title: 'tiny16', bytes: 2 * count + size });
  });

  test('loads with every value as its nearest half, named after its folder', async () => {
    const model = await load('tiny16');
    expect(model).toMatchObject({ id: 'tiny16', title: 'tiny16', architecture, parameterCount: count });
    expect([...model.parameters.keys()]).toEqual([...parameters.keys()]);
    for (const [name, { shape, values }] of parameters) {
      const loaded = model.parameters.get(name);
      expect(loaded?.shape).toEqual(shape);
      const far = values.findIndex((value, i) => !isNearestHalf(loaded?.values[i] ?? NaN, value));
      expect(far).toBe(-1);
    }
    // Features of both may be compared.
    expect(await hashNetwork(model)).toBe(await hashNetwork({ architecture, parameters }));
  });

  test('as float32 loads to the bit, with the title that was given', async () => {
    const config = join(folder, 'elsewhere.json');
    await cp(join(folder, 'config.json'), config);
    const out = join(folder, 'tiny32');
    const options = ['--dtype', 'float32', '--title', 'A tiny model', '--config', config];
    expect(await runTool('convert', checkpoint, '--out', out, ...options)).toMatchObject({ exitCode: 0 });
    const model = await load('tiny32');
    expect(model).toMatchObject({ id: 'tiny32', title: 'A tiny model' });
    expect(model.parameters).toEqual(parameters);
  });
});

test('a normalisation beside the checkpoint is told, and the result takes ImageNet’s', async () => {
  const beside = join(folder, 'normalised');
  await mkdir(beside);
  await writeFile(join(beside, 'model.safetensors'), makeSafetensors(parameters));
  await cp(join(folder, 'config.json'), join(beside, 'config.json'));
  const stated = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
  await writeFile(join(beside, 'preprocessor_config.json'), JSON.stringify(stated));
  const run = await runTool('convert', beside, '--out', join(folder, 'tiny-half'), '--dtype', 'float32');
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  expect(run.stdout).toMatch(
    /^Trained with another normalisation .*mean 0\.5, 0\.5, 0\.5, .* 0\.5, 0\.5, 0\.5\./m,
  );
  const name = 'patch_embed.proj.weight';
  const loaded = (await load('tiny-half')).parameters.get(name)?.values[0];
  // The deviation of red, 0.229, over 0.5.
  expect(loaded).toBeCloseTo(0.458 * (parameters.get(name)?.values[0] ?? NaN), 6);
});

describe('--check', () => {
  const convert = (...options: readonly string[]): Promise<ToolRun> =>
    runTool('convert', checkpoint, '--out', join(folder, 'checked'), '--check', ...options);

  test('of float32 finds no difference at all', async () => {
    const run = await convert('--dtype', 'float32');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const lines = run.stdout.trim().split('\n').slice(-architecture.numHeads);
    expect(lines).toEqual(
      Array.from({ length: architecture.numHeads }, (_, head) =>
        expect.stringMatching(new RegExp(`^head ${head + 1} +0\\.0e\\+0 +0\\.000 % +1\\.00000$`)),
      ),
    );
  });

  test('of uint8 ends with exit code 1 where one large value has coarsened all the others', async () => {
    const name = 'blocks.0.attn.qkv.weight';
    const { shape, values } = parameters.get(name) ?? expect.unreachable(name);
    // Of the values' part, on which no attention depends: the checkpoint itself looks as before.
    const withOutlier = { shape, values: Float32Array.from(values).fill(100, -1) };
    const file = join(folder, 'outlier.safetensors');
    await writeFile(file, makeSafetensors(new Map(parameters).set(name, withOutlier)));
    const options = ['--out', join(folder, 'outlier'), '--check', '--dtype', 'uint8'];
    const run = await runTool('convert', file, ...options);
    expect(run.stdout).toMatch(/^head 1 +\d\.\de-\d+ +[\d.]+ % +-?[\d.]+$/m);
    expect(run.stderr).toMatch(/^Head 1: the result looks elsewhere than the checkpoint/);
    expect(run.exitCode).toBe(1);
  });
});

describe('a full PyTorch checkpoint without a config', () => {
  test('gives the teacher, tells what it left out and how far the halves are off', async () => {
    const out = join(folder, 'teacher');
    const run = await runTool('convert', checkpointPath('full.pth'), '--out', out, '--heads', '3');
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toMatch(
      /^teacher: 12 channels, 2 blocks, 3 heads, patches of 2 px, trained on 3 × 3\n/,
    );
    expect(run.stdout).toMatch(/^Left out: student, optimizer, .*argparse\.Namespace/m);
    const { architecture: expected, parameters: values } = expectedNetwork('dino');
    const model = await load('teacher');
    expect(model.architecture).toEqual(expected);
    const errors = [...values].flatMap(([name, tensor]) =>
      maxAbsDifference(model.parameters.get(name)?.values ?? [], tensor.values),
    );
    const total = [...values.values()].reduce((sum, tensor) => sum + tensor.values.length, 0);
    const line = /^total +([\d,]+) +([\d,]+) +(\S+)$/m.exec(run.stdout)?.slice(1);
    expect(line).toEqual([
      total.toLocaleString('en'),
      (2 * total).toLocaleString('en'),
      Math.max(...errors).toExponential(1),
    ]);
  });

  test('gives the student when asked, exactly in float32', async () => {
    const options = ['--heads', '3', '--key', 'student', '--dtype', 'float32'];
    const run = await runTool(
      'convert',
      checkpointPath('full.pth'),
      '--out',
      join(folder, 'student'),
      ...options,
    );
    expect(run.stdout).toMatch(/^Network: student; there are also teacher \(--key\)$/m);
    expect(run.stdout).toMatch(/^Left out: teacher/m);
    expect(run.stdout).toMatch(/^total .* 0$/m);
    expect((await load('student')).parameters).toEqual(expectedNetwork('student').parameters);
  });
});

describe('a wrong call ends in a sentence, writes nothing', () => {
  beforeAll(async () => {
    await mkdir(join(folder, 'bare'));
    await cp(checkpoint, join(folder, 'bare', 'model.safetensors'));
    await writeFile(join(folder, 'half.safetensors'), makeSafetensors(parameters).subarray(0, -8));
  });

  test.concurrent.each<[string, number, RegExp, string[]]>([
    ['an option that is none', 2, /^There is no option --type: /, ['model.safetensors', '--type', 'float32']],
    ['a second checkpoint', 2, /^bare is one word too many: /, ['model.safetensors', 'bare']],
    [
      'no head count',
      1,
      /How many attention heads this network has is not in its file.*--heads on the command line/,
      ['bare/model.safetensors'],
    ],
    ['heads that are none', 2, /^--heads six is not/, ['bare/model.safetensors', '--heads', 'six']],
    [
      'a config that is not there',
      1,
      /gone\.json is missing/,
      ['bare/model.safetensors', '--config', 'gone.json'],
    ],
    ['a network that is not there', 1, /under 'student'/, ['model.safetensors', '--key', 'student']],
    ['a folder without a name', 2, /^--out \/ has no name/, ['model.safetensors', '--out', '/']],
    ['no checkpoint', 1, /gone\.safetensors cannot be read\.$/, ['gone.safetensors']],
    [
      'a checkpoint that was cut short',
      1,
      /^This checkpoint cannot be read: .* lies outside the file/,
      ['half.safetensors'],
    ],
  ])('for %s', async (_, exitCode, sentence, [file = '', ...options]) => {
    const run = await runTool('convert', join(folder, file), '--out', join(folder, 'none'), ...options);
    expect(run.stderr.trim()).toMatch(sentence);
    expect(run.stderr).not.toMatch(/^ +at /m);
    expect(run.exitCode).toBe(exitCode);
    expect(await readdir(folder)).not.toContain('none');
  });
});

describe('values that the result could not hold', () => {
  const write = async (values: Readonly<Record<string, number>>): Promise<string> => {
    const changed = new Map(parameters);
    for (const [name, value] of Object.entries(values)) {
      const { shape, values: old } = parameters.get(name) ?? expect.unreachable(name);
      changed.set(name, { shape, values: old.with(0, value) });
    }
    const path = join(folder, 'values.safetensors');
    await writeFile(path, makeSafetensors(changed));
    return path;
  };
  const convert = (path: string, dtype: string): Promise<ToolRun> =>
    runTool('convert', path, '--out', join(folder, 'values'), '--dtype', dtype);

  test('are an error with the parameter’s name, and nothing is written', async () => {
    const large = await write({ 'norm.weight': -65505, 'blocks.0.attn.qkv.weight': 65504 });
    for (const dtype of ['float16', 'uint8']) {
      const run = await convert(large, dtype);
      expect(run).toMatchObject({ exitCode: 1, stdout: '' });
      expect(run.stderr).toContain(
        'norm.weight holds -65505, and float16 ends at 65504: take --dtype float32',
      );
    }
    await expect(stat(join(folder, 'values'))).rejects.toThrow('ENOENT');
    expect(await convert(large, 'float32')).toMatchObject({ exitCode: 0, stderr: '' });
    const infinite = await convert(await write({ pos_embed: Infinity }), 'float32');
    expect(infinite).toMatchObject({ exitCode: 1, stdout: '' });
    expect(infinite.stderr).toContain('pos_embed holds Infinity: the file is damaged');
  });
});

describe('a network whose grid is no square', () => {
  const oblong = wrappedPath('oblong.pth');
  const convert = (...options: string[]): Promise<ToolRun> =>
    runTool('convert', oblong, '--heads', '3', '--out', join(folder, 'oblong'), ...options);

  test('is refused with a sentence that says how to say it, and converted when it is said', async () => {
    const unsaid = await convert();
    expect(unsaid.exitCode).toBe(1);
    expect(unsaid.stderr).toMatch(/9 positions.*not one CLS token and a square.*--grid 6x8/);
    const odd = await convert('--grid', '2');
    expect(odd.exitCode).toBe(2);
    expect(odd.stderr).toContain('--grid 2 is not rows × columns of patches, as in --grid 6x8.');
    const said = await convert('--grid', '2x4', '--dtype', 'float32');
    expect(said).toMatchObject({ exitCode: 0, stderr: '' });
    expect(said.stdout).toContain('trained on 2 × 4');
    const expected = expectedNetwork('wrapped/oblong');
    const model = await load('oblong');
    expect(model.architecture).toEqual(expected.architecture);
    expect([...model.parameters]).toEqual([...expected.parameters]);
  });
});
