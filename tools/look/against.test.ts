/** npm run look -- … --against: two models on the same photographs. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { headsContract } from '../../src/lenses/heads/contract.ts';
import { root, runTool } from '../../src/testing/run-tool.ts';
import { findModel } from '../attend/find-model.ts';
import { readPhoto } from '../photographs/read-photo.ts';
import { openEngine } from './open-engine.ts';

const sample = (name: string): string => join(root, `public/samples/${name}.jpg`);
const modelFolder = (id: string): string => join(root, `public/models/${id}`);
const supervised = modelFolder('dinoscope-mini16-supervised');
const small = ['--side', '64', '--backend', 'wasm'] as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'against-'));
});
afterAll(() => rm(folder, { recursive: true }));

const bytesOf = (...path: string[]): Promise<Buffer> => readFile(join(folder, ...path));
const factsOf = async (...path: string[]): Promise<Record<string, unknown>> =>
  JSON.parse((await bytesOf(...path)).toString()) as Record<string, unknown>;

describe.each([
  ['heads', ['--view', 'mean'], ['cat'], true],
  ['similarity', [], ['cat', 'dog'], true],
  ['colours', ['--together'], ['cat', 'dog'], false],
] as const)('%s %s', (lens, options, names, isOneMap) => {
  test('each side is what it is alone, to the bit', async () => {
    const images = names.map(sample);
    const look = (out: string, ...more: readonly string[]) =>
      runTool('look', lens, ...images, ...options, ...small, '--out', join(folder, lens, out), ...more);
    expect(await look('both', '--against', supervised)).toMatchObject({ exitCode: 0, stderr: '' });
    await look('own');
    await look('other', '--model', supervised);
    for (const name of names) {
      const file = `${name}-${lens}`;
      expect(await bytesOf(lens, 'both', `${file}.npy`)).toEqual(await bytesOf(lens, 'own', `${file}.npy`));
      expect(await bytesOf(lens, 'both', `${file}.png`)).toEqual(await bytesOf(lens, 'own', `${file}.png`));
      const other = await bytesOf(lens, 'other', `${file}.npy`);
      expect(await bytesOf(lens, 'both', `${file}-against.npy`)).toEqual(other);
      expect(other).not.toEqual(await bytesOf(lens, 'own', `${file}.npy`));
      const [first, second] = [
        await factsOf(lens, 'both', `${file}.json`),
        await factsOf(lens, 'both', `${file}-against.json`),
      ];
      expect(second['arrays']).toMatchObject([{ file: `${file}-against.npy` }]);
      const [own, twin] = [{ id: embeddedModelId }, { id: 'dinoscope-mini16-supervised' }];
      expect(first).toMatchObject({ model: own, against: { model: twin } });
      expect(second).toMatchObject({ model: twin, against: { model: own } });
      const agreement = isOneMap
        ? {
            jaccard: expect.toSatisfy((value) => value === null || (value >= 0 && value <= 1)),
            share: 0.6,
            rankCorrelation: expect.any(Number),
          }
        : null;
      expect((first['against'] as { agreement: unknown }).agreement).toEqual(agreement);
      // Two pictures in the photograph's own size, as the page saves them, and between them black.
      const { width } = await sharp(sample(name)).metadata();
      const picture = sharp(join(folder, lens, 'both', `${file}-compared.png`)).removeAlpha();
      const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
      expect(info.width).toBe(2 * width + 8);
      const at = (info.width * Math.floor(info.height / 2) + width + 4) * info.channels;
      expect([...data.subarray(at, at + 3)]).toEqual([0, 0, 0]);
    }
  }, 120_000);
});

test('random weights of the first model, the same for the same seed', async () => {
  const look = (out: string, against: string) =>
    runTool('look', 'norms', sample('cat'), ...small, '--against', against, '--out', join(folder, out));
  const plain = await look('random', 'random');
  expect(plain).toMatchObject({ exitCode: 0, stderr: '' });
  expect(plain.stdout).toContain('DINOscope mini/16, random weights on wasm');
  await look('random-1', 'random:1');
  await look('random-2', 'random:2');
  const [usual, one, two] = await Promise.all(
    ['random', 'random-1', 'random-2'].map((out) => bytesOf(out, 'cat-norms-against.npy')),
  );
  expect(one).toEqual(usual);
  expect(two).not.toEqual(usual);
  expect(await factsOf('random-2', 'cat-norms.json')).toMatchObject({
    model: { id: embeddedModelId },
    against: { model: { id: `${embeddedModelId}-random-2` } },
  });
});

test('two networks of one file', async () => {
  const file = join(root, 'tools/reference/fixtures/checkpoints/full.pth');
  const look = (out: string, ...more: readonly string[]) =>
    runTool(
      'look',
      'norms',
      sample('cat'),
      ...small,
      '--model',
      file,
      '--heads',
      '3',
      ...more,
      '--out',
      join(folder, out),
    );
  expect(await look('two', '--against', file, '--against-key', 'student')).toMatchObject({ exitCode: 0 });
  await look('one', '--key', 'student');
  const [teacher, student] = await Promise.all(
    ['cat-norms.npy', 'cat-norms-against.npy'].map((name) => bytesOf('two', name)),
  );
  expect(student).toEqual(await bytesOf('one', 'cat-norms.npy'));
  expect(student).not.toEqual(teacher);
}, 60_000);

test.each([
  ['correspondences', 'random', 2, 'shows two photographs already'],
  ['heads', 'random:red', 2, 'the seed is not a whole number'],
  ['heads', 'nothing-here', 1, 'There is no model at nothing-here.'],
])('what cannot be compared ends in a sentence: %s with %s', async (lens, against, exitCode, sentence) => {
  const images = ['cat', 'dog'].map(sample);
  const run = await runTool('look', lens, ...images, '--against', against, '--out', join(folder, 'none'));
  expect(run).toMatchObject({ exitCode, stdout: '', stderr: expect.stringContaining(sentence) });
  expect(run.stderr.trim().split('\n')).toHaveLength(1);
  expect(await readdir(folder)).not.toContain('none');
});

test('two models that do not fit on the device together take turns, with the same numbers', async () => {
  const photo = await readPhoto(sample('cat'));
  if (!photo.ok) throw new Error('no sample');
  const loads = await Promise.all(
    [modelFolder(embeddedModelId), supervised].map((path) => findModel(path, {})),
  );
  const [own, other] = loads as [(typeof loads)[0], (typeof loads)[0]];
  const valuesOf = async (modelBytes: number): Promise<readonly number[][]> => {
    const first = await openEngine(own, 'wasm', { modelBytes, passBytes: 2 ** 20 });
    const second = await first.beside(other, 'the other');
    const values: number[][] = [];
    const fits = first.engine.describeModel('model') !== null;
    expect(fits).toBe(modelBytes > 1);
    for (const engine of [first, second, first]) {
      const framing = { shape: 'photograph', sidePx: 64 } as const;
      const read = { pixels: photo.value, notices: [] };
      // A photograph of its own each time, so that every look needs a pass.
      const id = `cat ${values.length}`;
      const looked = await engine.look('heads', headsContract.params.defaults, id, read, framing);
      if (!looked.ok) throw new Error(looked.error.code);
      values.push([...looked.value.result.maps]);
    }
    first.dispose();
    return values;
  };
  const apart = await valuesOf(1);
  expect(apart).toEqual(await valuesOf(2 ** 30));
  expect(apart[2]).toEqual(apart[0]);
  expect(apart[1]).not.toEqual(apart[0]);
});
