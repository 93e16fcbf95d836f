/** The scores that PyTorch and NumPy find (tools/reference/make_evaluation.py), from the maps and from the photographs. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesOfBase64, floatsOfBase64 } from '../../src/core/base64.ts';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { runTool, type ToolRun } from '../../src/testing/run-tool.ts';
import reference from '../reference/fixtures/evaluation.json';
import type { Evaluation } from './report.ts';
import { scorePhoto } from './scores.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test.each(reference.madeUp)('made-up maps %#: every score is NumPy’s', ({ maps, box, objects, scores }) => {
  const found = scorePhoto({ ...maps, maps: floatsOfBase64(maps.values) }, box, {
    ...objects,
    labels: bytesOfBase64(objects.labels),
  });
  expect(found.bestHead).toBeCloseTo(scores.bestHead, 12);
  expect(found.meanOverHeads).toBeCloseTo(scores.meanOverHeads, 12);
  for (const [head, score] of scores.heads.entries()) expect(found.heads[head]).toBeCloseTo(score, 12);
});

describe('npm run evaluate on photographs with drawn masks', () => {
  let folder: string;
  let run: ToolRun;
  let evaluation: Evaluation;
  const { embedded } = reference;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
    for (const { sample, ellipse } of embedded) {
      const photo = fromRoot(`public/samples/${sample}.jpg`);
      await copyFile(photo, join(folder, `${sample}_1.jpg`));
      const { width, height } = await sharp(photo).metadata();
      const mask = new Uint8Array(height * width);
      const [[centreY = 0, centreX = 0], [radiusY = 1, radiusX = 1]] = [ellipse.centre, ellipse.radii];
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const [down, across] = [(y + 0.5 - centreY) / radiusY, (x + 0.5 - centreX) / radiusX];
          if (down ** 2 + across ** 2 <= 1) mask[y * width + x] = 255;
        }
      await sharp(mask, { raw: { height, width, channels: 1 } })
        .png()
        .toFile(join(folder, `${sample}_1.png`));
    }
    await writeFile(join(folder, 'without.jpg'), '');
    const side = String(embedded[0]?.side);
    const model = fromRoot(`public/models/${embeddedModelId}`);
    run = await runTool('evaluate', folder, '--model', model, '--side', side, '--out', join(folder, 'out'));
    const text = await readFile(join(folder, 'out', 'evaluation.json'), 'utf8').catch(() => '{}');
    evaluation = JSON.parse(text) as Evaluation;
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('ends well, prints the table it writes, and names a photograph without a mask', async () => {
    expect(run.exitCode).toBe(0);
    expect(run.stdout.trim()).toBe((await readFile(join(folder, 'out', 'evaluation.md'), 'utf8')).trim());
    expect(run.stderr).toContain('Left out, having no mask: without.jpg');
    for (const { sample } of embedded) expect(run.stdout).toContain(`### ${sample}: 1 photographs`);
  });

  test.each(embedded)('finds PyTorch’s scores of $sample', ({ sample, scores, patches }) => {
    const found = evaluation.networks[0]?.sets[sample];
    // Rounding may move one patch across a threshold.
    const tolerance = 1 / (0.3 * patches);
    const expectNear = (value: number | undefined, wanted: number): void =>
      expect(Math.abs((value ?? NaN) - wanted)).toBeLessThan(tolerance);
    expectNear(found?.bestHead, scores.bestHead);
    expectNear(found?.meanOverHeads, scores.meanOverHeads);
    expect(found?.heads.length).toBe(scores.heads.length);
    for (const [head, score] of scores.heads.entries()) expectNear(found?.heads[head], score);
  });

  test('scores random weights and the centre beside them', () => {
    const [network] = evaluation.networks;
    for (const { sample, scores } of embedded) {
      const random = network?.random[sample];
      expect(random?.heads.length).toBe(scores.heads.length);
      expect(random?.bestHead).toBeGreaterThan(0);
      expect(random?.bestHead).not.toBe(network?.sets[sample]?.bestHead);
      const prior = evaluation.centrePrior[sample];
      expect(prior?.heads).toEqual([prior?.bestHead]);
      expect(prior?.bestHead).toBeGreaterThan(0.2);
    }
  });
});

describe('a wrong call ends in a sentence', () => {
  test.concurrent.each([
    [2, /^Usage: npm run evaluate/, []],
    [1, /^The folder nowhere cannot be read\.$/, ['nowhere']],
    [1, /^There is no photograph with a mask in public\/models\./, ['public/models']],
    [1, /^--sample 0 is not a whole number from 1 to 1000000\.$/, ['public', '--sample', '0']],
    [1, /^--side big is not a whole number from 16 to 2048\.$/, ['public', '--side', 'big']],
  ])('with exit code %i: %s', async (exitCode, sentence, args) => {
    const wrong = await runTool('evaluate', ...args);
    expect(wrong.exitCode).toBe(exitCode);
    expect(wrong.stderr.trim()).toMatch(sentence);
  });
});

describe('a mask that does not fit', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
    await copyFile(fromRoot('public/samples/cat.jpg'), join(folder, 'cat.jpg'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    ['of another size', 10, 255, /cat\.png is 10 × 10 px, its photograph 300 × 451\.$/],
    ['without an object', 10, 0, /^No mask of the set 'all' holds an object\.$/],
  ])('%s ends the command', async (_, side, value, sentence) => {
    const mask = new Uint8Array(side * side).fill(value);
    await sharp(mask, { raw: { height: side, width: side, channels: 1 } })
      .png()
      .toFile(join(folder, 'cat.png'));
    const wrong = await runTool('evaluate', folder, '--side', '64', '--out', join(folder, 'out'));
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr.trim()).toMatch(sentence);
  });
});

test('what is wrong with one photograph gets a sentence each, and the others are scored', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
  try {
    const [cat, dog] = ['cat', 'dog'].map((name) => fromRoot(`public/samples/${name}.jpg`)) as [
      string,
      string,
    ];
    const maskOf = async (photo: string): Promise<Buffer> => {
      const { width, height } = await sharp(photo).metadata();
      const half = { create: { width: width >> 1, height, channels: 3, background: '#fff' } } as const;
      return sharp({ create: { width, height, channels: 3, background: '#000' } })
        .composite([{ input: await sharp(half).png().toBuffer(), left: 0, top: 0 }])
        .png()
        .toBuffer();
    };
    await copyFile(cat, join(folder, 'set_1.jpg'));
    await writeFile(join(folder, 'set_1.png'), await maskOf(cat));
    await copyFile(dog, join(folder, 'set_2.jpg'));
    await writeFile(join(folder, 'set_2.png'), await maskOf(cat));
    await writeFile(join(folder, 'set_3.jpg'), 'Dear reader');
    await writeFile(join(folder, 'set_3.png'), await maskOf(dog));
    await copyFile(dog, join(folder, 'set_4.jpg'));
    await writeFile(join(folder, 'set_4.png'), 'Dear reader');
    const out = join(folder, 'out');
    const model = ['--model', fromRoot(`public/models/${embeddedModelId}`)];
    const { exitCode, stderr } = await runTool('evaluate', folder, ...model, '--side', '64', '--out', out);
    expect(exitCode).toBe(1);
    const lines = stderr.split('\n').filter((line) => line.includes('set_'));
    expect(lines).toEqual([
      expect.stringMatching(/set_2\.png is \d+ × \d+ px, its photograph \d+ × \d+\.$/),
      expect.stringMatching(/set_3\.jpg: This is not an image/),
      expect.stringMatching(/set_4\.png is not a mask: it cannot be decoded\.$/),
    ]);
    expect(await readFile(join(out, 'evaluation.md'), 'utf8')).toContain('### set: 1 photographs');
  } finally {
    await rm(folder, { recursive: true });
  }
});
