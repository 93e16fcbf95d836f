/** The scores that PyTorch and NumPy find (tools/reference/make_evaluation.py), from the maps and from the photographs. */
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bytesOfBase64, floatsOfBase64 } from '../../src/core/base64.ts';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { checkpointPath } from '../../src/testing/checkpoint-fixtures.ts';
import { indexPng, vocPalette } from '../../src/testing/make-png.ts';
import { runTool, runToolAlone, type ToolRun } from '../../src/testing/run-tool.ts';
import reference from '../reference/fixtures/evaluation.json';
import type { Evaluation } from './report.ts';
import { scoreHeads, truthOf, type Averages } from './scores.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test.each(reference.madeUp)('made-up maps %#: every score is NumPy’s', ({ maps, box, objects, scores }) => {
  const labelled = { ...objects, labels: bytesOfBase64(objects.labels) };
  const grid = { ...maps, box, photoSizePx: objects };
  const found = scoreHeads({ ...maps, maps: floatsOfBase64(maps.values) }, grid, truthOf(labelled, grid));
  expect(found.bestHead.jaccard).toBeCloseTo(scores.bestHead, 12);
  expect(found.meanOverHeads.jaccard).toBeCloseTo(scores.meanOverHeads, 12);
  for (const [head, score] of scores.heads.entries())
    expect(found.heads[head]?.jaccard).toBeCloseTo(score, 12);
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
    const all = ['--methods', 'maskcut,heads,lost,tokencut', '--side', side];
    run = await runToolAlone('evaluate', folder, '--model', model, ...all, '--out', join(folder, 'out'));
    const text = await readFile(join(folder, 'out', 'evaluation.json'), 'utf8').catch(() => '{}');
    evaluation = JSON.parse(text) as Evaluation;
  });
  afterAll(() => rm(folder, { recursive: true }));

  test('ends well, prints the table it writes, and names a photograph without a mask', async () => {
    expect(run.exitCode).toBe(0);
    expect(run.stdout.trim()).toBe((await readFile(join(folder, 'out', 'evaluation.md'), 'utf8')).trim());
    expect(run.stderr).toContain('Left out, having no mask: without.jpg');
    for (const { sample } of embedded) expect(run.stdout).toContain(`### ${sample}: 1 photograph\n`);
  });

  const jaccardOf = (averages: Averages | undefined, name: string): number =>
    averages?.fits[name]?.jaccard.mean ?? NaN;

  test.each(embedded)('finds PyTorch’s scores of $sample', ({ sample, scores, patches }) => {
    const found = evaluation.networks[0]?.sets[sample];
    // Rounding may move one patch across a threshold.
    const tolerance = 1 / (0.3 * patches);
    const expectNear = (name: string, wanted: number): void =>
      expect(Math.abs(jaccardOf(found, name) - wanted)).toBeLessThan(tolerance);
    expectNear('best head', scores.bestHead);
    expectNear('mean over heads', scores.meanOverHeads);
    for (const [head, score] of scores.heads.entries()) expectNear(`head ${head + 1}`, score);
    expect(found?.fits['head 7']).toBeUndefined();
  });

  test.each(embedded)(
    'finds SciPy’s masks of $sample, and whether boxes have found it',
    ({ sample, fits }) => {
      const found = evaluation.networks[0]?.sets[sample];
      for (const method of ['lost', 'tokencut', 'maskcut'] as const) {
        expect(jaccardOf(found, method)).toBeCloseTo(fits[method].jaccard, 6);
        expect(found?.fits[method]?.corLoc.mean).toBe(fits[method].overlap >= 0.5 ? 1 : 0);
      }
      for (const [head, { overlap }] of fits.heads.entries())
        expect(found?.fits[`head ${head + 1}`]?.corLoc.mean).toBe(overlap >= 0.5 ? 1 : 0);
      expect(found?.fits['best head']?.corLoc.mean).toBe(
        fits.heads.some(({ overlap }) => overlap >= 0.5) ? 1 : 0,
      );
    },
  );

  test('refined masks are SciPy’s too, counted in their own pixels', async () => {
    const model = [
      '--model',
      fromRoot(`public/models/${embeddedModelId}`),
      '--side',
      String(embedded[0]?.side),
    ];
    const out = join(folder, 'refined');
    const cut = ['--methods', 'tokencut', '--refine', 'on'];
    const refined = await runTool('evaluate', folder, ...model, ...cut, '--out', out);
    expect(refined.exitCode).toBe(0);
    expect(refined.stdout).toContain('TokenCut | keys of block 8, refined |');
    const { networks } = JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8')) as Evaluation;
    for (const { sample, fits } of embedded) {
      const fit = networks[0]?.sets[sample]?.fits['tokencut'];
      expect(fit?.jaccard.mean).toBeCloseTo(fits.refined.jaccard, 4);
      expect(fits.refined.jaccard).not.toBeCloseTo(fits.tokencut.jaccard, 2);
      expect(fit?.corLoc.mean).toBe(fits.refined.overlap >= 0.5 ? 1 : 0);
    }
  });

  test('says by which features, those that the model recommends', () => {
    expect(evaluation.networks[0]?.features).toEqual({ block: 8, facet: 'key' });
    expect(run.stdout).toMatch(
      /\| DINOscope mini\/16 \| TokenCut \| keys of block 8 \| 0\.\d{3} \| [01]\.000 \|/,
    );
    expect(run.stdout).toContain('random weights | LOST | keys of block 8 |');
  });

  test('scores finer maps by patches that overlap, and says so; a network that cannot have them gets a sentence', async () => {
    const out = join(folder, 'overlap');
    const few = ['--sample', '1', '--side', '64', '--out', out];
    const embeddedModel = fromRoot(`public/models/${embeddedModelId}`);
    const fine = await runTool('evaluate', folder, '--model', embeddedModel, ...few, '--overlap', '2');
    expect(fine.exitCode).toBe(0);
    expect(fine.stdout).toContain('long side 64 px, patches that overlap 2 ×;');
    const told = JSON.parse(await readFile(join(out, 'evaluation.json'), 'utf8')) as Evaluation;
    expect(told.overlap).toBe(2);
    for (const { sample } of embedded)
      expect(jaccardOf(told.networks[0]?.sets[sample], 'best head')).toBeGreaterThan(0.1);
    const checkpoint = ['--model', checkpointPath('dino.pth'), '--heads', '3'];
    const wrong = await runTool('evaluate', folder, ...checkpoint, ...few, '--overlap', '4');
    expect(wrong.exitCode).toBe(1);
    expect(wrong.stderr).toMatch(
      /are 2 px wide, and a quarter of that is no whole number\. It can be 1 or 2\./,
    );
  });

  test('scores random weights and the centre beside them', () => {
    const [network] = evaluation.networks;
    for (const { sample, scores } of embedded) {
      const random = network?.random[sample];
      const heads = Object.keys(random?.fits ?? {}).filter((name) => name.startsWith('head '));
      expect(heads.length).toBe(scores.heads.length);
      expect(jaccardOf(random, 'best head')).toBeGreaterThan(0);
      expect(jaccardOf(random, 'best head')).not.toBe(jaccardOf(network?.sets[sample], 'best head'));
      expect(jaccardOf(evaluation.centrePrior[sample], 'centre prior')).toBeGreaterThan(0.2);
    }
  });
});

describe('a wrong call ends in a sentence', () => {
  test.concurrent.each([
    [2, /^Give a folder of photographs and masks: npm run evaluate -- --help tells what there is\.$/, []],
    [2, /^public is one word too many: /, ['docs', 'public']],
    [1, /^The folder nowhere cannot be read\.$/, ['nowhere']],
    [1, /^There is no photograph with a mask in public\/models\.$/, ['public/models']],
    [2, /^--sample 0 is not a whole number from 1 to 1000000\.$/, ['public', '--sample', '0']],
    [
      2,
      /^--methods kmeans is not heads, lost, tokencut, maskcut\.$/,
      ['public', '--methods', 'heads,kmeans'],
    ],
    [2, /^--facet colour is not best\|query\|key\|value\|token\.$/, ['public', '--facet', 'colour']],
    [2, /^--overlap 3 is not 1, 2 or 4\.$/, ['public', '--overlap', '3']],
    [2, /^--sample 0 is not/, ['public', '--refine', '--sample', '0']],
    [2, /^--side big is not a whole number from 16 to 2048\.$/, ['public', '--side', 'big']],
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
    expect(await readFile(join(out, 'evaluation.md'), 'utf8')).toContain('### set: 1 photograph\n');
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a mask at half the size is scored like the whole one, and a border is left out and said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'evaluate-'));
  try {
    const cat = fromRoot('public/samples/cat.jpg');
    const { width, height } = await sharp(cat).metadata();
    // A block of class 8 in a border 10 px wide, in both sizes.
    const rows = (scale: number): number[][] =>
      Array.from({ length: height / scale }, (_, y) =>
        Array.from({ length: Math.ceil(width / scale) }, (__, x) => {
          const [down, across] = [y * scale, x * scale];
          if (down >= 100 && down < 200 && across >= 100 && across < 300) return 8;
          return down >= 90 && down < 210 && across >= 90 && across < 310 ? 255 : 0;
        }),
      );
    for (const [set, scale] of [
      ['whole', 1],
      ['half', 2],
    ] as const) {
      await copyFile(cat, join(folder, `${set}_1.jpg`));
      await writeFile(join(folder, `${set}_1.png`), indexPng(rows(scale), vocPalette));
    }
    const out = join(folder, 'out');
    const model = ['--model', fromRoot(`public/models/${embeddedModelId}`)];
    const run = await runTool(
      'evaluate',
      folder,
      ...model,
      '--methods',
      'lost',
      '--side',
      '64',
      '--out',
      out,
    );
    expect(run.exitCode).toBe(0);
    const { borders, centrePrior } = JSON.parse(
      await readFile(join(out, 'evaluation.json'), 'utf8'),
    ) as Evaluation;
    expect(borders['whole']).toBeCloseTo((120 * 220 - 100 * 200) / (height * width), 12);
    expect(run.stdout).toContain('4.7 % of the pixels are a border and do not count.');
    expect(run.stdout).not.toContain('best head');
    const prior = (set: string): number => centrePrior[set]?.fits['centre prior']?.jaccard.mean ?? NaN;
    expect(Math.abs(prior('half') - prior('whole'))).toBeLessThan(0.01);
  } finally {
    await rm(folder, { recursive: true });
  }
});
