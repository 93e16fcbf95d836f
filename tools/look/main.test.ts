/** npm run look, as a person calls it: every lens on a sample, with what it writes. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { floatsOfBase64 } from '../../src/core/base64.ts';
import { maxAbsDifference } from '../../src/core/max-abs-difference.ts';
import { decodeNpy, type NpyArray } from '../../src/formats/npy.ts';
import { checkpointPath } from '../../src/testing/checkpoint-fixtures.ts';
import { embeddedObjects } from '../../src/testing/object-fixtures.ts';
import { embeddedSimilarity } from '../../src/testing/similarity-fixtures.ts';
import { root, runTool, runToolAlone, type ToolRun } from '../../src/testing/run-tool.ts';
import features from '../reference/fixtures/features.json';

const cat = join(root, 'public/samples/cat.jpg');
/** Of the embedded model at 64 px: 3 × 4 patches of a photograph of 300 × 451 px. */
const small = ['--side', '64', '--backend', 'wasm'] as const;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'look-'));
});
afterAll(() => rm(folder, { recursive: true }));

const readArray = async (name: string): Promise<NpyArray> => decodeNpy(await readFile(join(folder, name)));
const readFacts = async (name: string): Promise<Record<string, unknown>> =>
  JSON.parse(await readFile(join(folder, name), 'utf8')) as Record<string, unknown>;

test.each(['heads', 'similarity'])(
  '%s says that a grid has no such patch',
  async (lens) => {
    const run = await runTool('look', lens, cat, ...small, '--patch', '60,1', '--out', folder);
    expect(run.stderr).toContain('The photograph’s grid has no such patch: the patches go from 0,0 to 2,3.');
    expect(run.exitCode).toBe(1);
  },
  60_000,
);

describe('layers, with an image that cannot be read among them', () => {
  let run: ToolRun;
  beforeAll(async () => {
    await writeFile(join(folder, 'broken.jpg'), 'no picture');
    run = await runToolAlone('look', 'layers', join(folder, 'broken.jpg'), cat, ...small, '--out', folder);
  }, 60_000);

  test('says what is wrong in one line, goes on, and ends with 1', () => {
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect(run.stderr).toContain('broken.jpg: ');
    expect(run.exitCode).toBe(1);
  });

  test('writes each block and head, whose rows hold no more than all attention', async () => {
    const { shape, values } = await readArray('cat-layers.npy');
    expect(shape).toEqual([8, 6, 3, 4]);
    for (let at = 0; at < values.length; at += 12) {
      const sum = values.subarray(at, at + 12).reduce((all, value) => all + value, 0);
      expect(sum).toBeGreaterThan(0);
      expect(sum).toBeLessThan(1);
    }
  });

  test('writes what made it, and a picture of all', async () => {
    expect(await readFacts('cat-layers.json')).toMatchObject({
      lens: 'layers',
      backend: 'wasm',
      model: { id: 'dinoscope-mini16', depth: 8 },
      frame: { rows: 3, columns: 4, photoSizePx: { height: 300, width: 451 } },
      arrays: [{ file: 'cat-layers.npy', shape: [8, 6, 3, 4] }],
    });
    expect((await sharp(join(folder, 'cat-layers.png')).metadata()).format).toBe('png');
  });
});

test('rollout takes its parameters by name', async () => {
  const run = await runToolAlone(
    'look',
    'rollout',
    cat,
    ...small,
    '--fusion',
    'max',
    '--patch',
    '1,2',
    '--out',
    folder,
  );
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  expect((await readArray('cat-rollout.npy')).shape).toEqual([3, 4]);
  expect(await readFacts('cat-rollout.json')).toMatchObject({
    parameters: { fusion: 'max', patch: { row: 1, column: 2 } },
    query: { patch: { row: 1, column: 2 } },
  });
});

test('norms are one number a patch, of the block that is asked', async () => {
  const run = await runTool('look', 'norms', cat, ...small, '--block', '3', '--out', folder);
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  const { shape, values } = await readArray('cat-norms.npy');
  expect(shape).toEqual([3, 4]);
  expect(await readFacts('cat-norms.json')).toMatchObject({
    parameters: { block: 3, finalNorm: 'before' },
    block: 3,
    isAfterFinalNorm: false,
    min: Math.min(...values),
    max: Math.max(...values),
    outlierShare: 0,
  });
});

test.each(['lost', 'maskcut'] as const)('objects by %s are SciPy’s too', async (method) => {
  const expected = embeddedObjects.find(({ name }) => name.startsWith('dahlia, square, keys of block 8'));
  const dahlia = join(root, 'public/samples/dahlia.jpg');
  const options = ['--square', '--side', '224', '--method', method, '--backend', 'wasm', '--out', folder];
  expect(await runTool('look', 'objects', dahlia, ...options)).toMatchObject({ exitCode: 0, stderr: '' });
  const masks = method === 'lost' ? [expected?.lost.mask] : expected?.maskcut.map(({ mask }) => mask);
  const { shape, values } = await readArray('dahlia-objects.npy');
  expect(shape).toEqual([masks?.length, 14, 14]);
  expect([...values]).toEqual(masks?.flat());
  expect(await readFacts('dahlia-objects.json')).toMatchObject({ parameters: { method } });
});

test('objects are SciPy’s, with boxes in the photograph, whose edge is drawn', async () => {
  const expected = embeddedObjects.find(({ name }) => name.startsWith('dahlia, square, keys of block 8'));
  const dahlia = join(root, 'public/samples/dahlia.jpg');
  const plainly = ['--square', '--side', '224', '--smooth', 'off', '--contour', 'off', '--cutout'];
  const run = await runTool('look', 'objects', dahlia, ...plainly, '--backend', 'wasm', '--out', folder);
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  const { shape, values } = await readArray('dahlia-objects.npy');
  expect(shape).toEqual([1, 14, 14]);
  expect([...values]).toEqual(expected?.tokencut.mask);
  const facts = await readFacts('dahlia-objects.json');
  const [box] = facts['boxes'] as { left: number; top: number; width: number; height: number }[];
  expect(facts).toMatchObject({ block: 8, facet: 'key', steps: ['Eigenvector'] });
  expect(box).toEqual(expected?.boxes.tokencut);
  const { left = NaN, top = NaN, height = NaN } = box ?? {};
  const { data, info } = await sharp(join(folder, 'dahlia-objects.png')).removeAlpha().raw().toBuffer({
    resolveWithObject: true,
  });
  const at = (y: number, x: number): number => (y * info.width + x) * info.channels;
  const onEdge = at(top + Math.round(height / 2), left);
  expect(Math.min(...data.subarray(onEdge, onEdge + 3))).toBeGreaterThan(200);
  expect(await readdir(folder)).toEqual(
    expect.arrayContaining([
      'dahlia-objects-steps.npy',
      'dahlia-objects-object.png',
      'dahlia-objects-eigenvector.png',
    ]),
  );
  expect(facts['masks']).toEqual([
    {
      title: 'Object',
      box,
      mask: 'dahlia-objects-object-mask.png',
      cutOut: 'dahlia-objects-object-cut-out.png',
    },
  ]);
  // A pixel is in the mask if the patch under its middle is.
  const patch = (pixel: number, length: number): number => Math.floor(((pixel + 0.5) * 14) / length);
  const inside = Array.from({ length: info.width * info.height }, (_, pixel) => {
    const [row, column] = [
      patch(Math.floor(pixel / info.width), info.height),
      patch(pixel % info.width, info.width),
    ];
    return expected?.tokencut.mask[14 * row + column] === 1 ? 255 : 0;
  });
  const grey = sharp(join(folder, 'dahlia-objects-object-mask.png')).toColourspace('b-w').raw();
  expect((await grey.toBuffer()).equals(Buffer.from(inside))).toBe(true);
  const rgba = await sharp(join(folder, 'dahlia-objects-object-cut-out.png')).raw().toBuffer();
  expect(rgba.length).toBe(4 * inside.length);
  expect(inside.filter((alpha, pixel) => rgba[4 * pixel + 3] !== alpha)).toEqual([]);
});

describe('features are PyTorch’s, from the photograph on', () => {
  const modelOf = {
    embedded: [],
    'dinov2-registers': ['--model', checkpointPath('dinov2-registers.pth'), '--heads', '3'],
  } as const;
  const casesOf = (network: string) => features.cases.filter((each) => each.network === network);

  test.each(features.cases)(
    '$network: $facet of block $block',
    async ({ network, side, block, facet, features: wanted }) => {
      const model = modelOf[network as keyof typeof modelOf];
      const asked = ['--side', String(side), '--block', String(block), '--facet', facet];
      const run = await runTool('look', 'features', cat, ...model, ...asked, '--out', folder);
      expect(run).toMatchObject({ exitCode: 0, stderr: '' });
      const { shape, values } = await readArray('cat-features.npy');
      expect(shape).toEqual(wanted.shape);
      const expected = floatsOfBase64(wanted.values);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(maxAbsDifference(values, expected) / largest).toBeLessThan(1e-3);
      expect(await readFacts('cat-features.json')).toMatchObject({
        block,
        facet,
        tokens: wanted.shape[0],
        arrays: [{ file: 'cat-features.npy', shape: wanted.shape }],
      });
    },
  );

  test.each([
    ['embedded', 'what the model recommends', 8, 'key'],
    ['dinov2-registers', 'keys of the last block, as the model recommends nothing', 2, 'key'],
  ] as const)('%s, without a word: %s', async (network, _, block, facet) => {
    const side = casesOf(network)[0]?.side;
    const asked = [...modelOf[network], '--side', String(side)];
    const run = await runTool('look', 'features', cat, ...asked, '--out', folder);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await readFacts('cat-features.json')).toMatchObject({ block, facet });
    const wanted = casesOf(network).find((each) => each.block === block && each.facet === facet);
    const expected = floatsOfBase64(wanted?.features.values ?? '');
    expect(maxAbsDifference((await readArray('cat-features.npy')).values, expected)).toBeLessThan(0.01);
  });

  test('a facet that is none ends in a sentence, and the list of lenses names the command', async () => {
    const wrong = await runTool('look', 'features', cat, '--facet', 'colour');
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(wrong.stderr).toContain('--facet colour is not best|query|key|value|token.');
    expect((await runTool('look', '--help')).stdout).toContain('features ');
  });
});

test.each([
  ['heads', ['--block', '9'], '--block 9: DINOscope mini/16 has 8 blocks.'],
  ['norms', ['--block', '9'], '--block 9: DINOscope mini/16 has 8 blocks.'],
  ['objects', ['--block', '9'], '--block 9: DINOscope mini/16 has 8 blocks.'],
  ['features', ['--block', '9'], '--block 9: DINOscope mini/16 has 8 blocks.'],
  ['heads', ['--view', '7'], '--view 7: DINOscope mini/16 has 6 heads.'],
  ['rollout', ['--token', '1'], '--token 1: DINOscope mini/16 has no registers.'],
  ['objects', ['--view', '11'], /^--view 11 is not objects, or the number of a map .* from 1 to 10\.$/],
  ['heads', ['--against-key', 'student'], /there is no --against\.$/],
  [
    'lenses',
    [],
    /^There is no lens lenses among heads, .*, look-alikes: npm run look -- --help tells what there is\.$/,
  ],
] as const)(
  '%s %j: what the model does not have is not taken for something else',
  async (lens, options, sentence) => {
    const run = await runTool('look', lens, cat, ...small, ...options, '--out', folder);
    expect(run.exitCode).toBeGreaterThan(0);
    expect(run.stderr.trim()).toEqual(
      typeof sentence === 'string' ? sentence : expect.stringMatching(sentence),
    );
  },
);

test('a component by its number is no head: a network of three heads has a fourth one', async () => {
  const model = ['--model', checkpointPath('dino.pth'), '--heads', '3', '--view', '4'];
  const run = await runTool('look', 'colours', cat, ...small, ...model, '--out', join(folder, 'fourth'));
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
});

test('a photograph that a look at several depends on is named where it cannot be read', async () => {
  const gone = join(folder, 'gone.jpg');
  const dahlia = join(root, 'public/samples/dahlia.jpg');
  for (const words of [
    ['correspondences', gone, cat],
    ['correspondences', cat, gone],
    ['similarity', gone, cat, dahlia],
  ]) {
    const run = await runTool('look', ...words, ...small, '--out', folder);
    expect(run.stderr).toBe(
      `${gone}: This file could not be read. It may have been moved, or it is a folder.\n`,
    );
    expect(run.exitCode).toBe(1);
  }
});

test('a lens without masks has nothing to cut out', async () => {
  const run = await runTool('look', 'norms', cat, ...small, '--cutout', '--out', folder);
  expect(run).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('makes no masks') });
});

test('colours of all images together: one PCA, whichever of them cannot be read', async () => {
  const dahlia = join(root, 'public/samples/dahlia.jpg');
  const broken = join(folder, 'no-image.jpg');
  await writeFile(broken, 'no picture');
  const run = await runTool('look', 'colours', '--together', cat, broken, dahlia, ...small, '--out', folder);
  expect(run.exitCode).toBe(1);
  expect(run.stderr.trim().split('\n')).toEqual([expect.stringContaining('no-image.jpg: ')]);
  const [one, other] = [await readFacts('cat-colours.json'), await readFacts('dahlia-colours.json')];
  expect(one).toMatchObject({ photographs: 2, parameters: { together: true } });
  expect(other['explainedVariance']).toEqual(one['explainedVariance']);
  expect((await readArray('dahlia-colours.npy')).shape).toEqual([3, 4, 3]);
});

/** The first photograph's own and another one's, by NumPy. */
const pairCase = embeddedSimilarity.find(({ features: { block, facet } }) => block === 8 && facet === 'key');

test('similarity asks a patch of the first image in all of them', async () => {
  const { samples = [], sidePx = 0, patches = [], patch = [], several = [] } = pairCase ?? {};
  const images = samples.map((sample) => join(root, `public/samples/${sample}.jpg`));
  const options = ['--side', String(sidePx), '--backend', 'wasm', '--out', folder];
  await runTool('look', 'similarity', ...images, ...options);
  const { shape } = await readArray(`${samples[0]}-similarity.npy`);
  const columns = shape[1] ?? NaN;
  const place = (at: number): string => `${Math.floor(at / columns)},${at % columns}`;
  for (const [option, value, expected] of [
    ['--patch', place(patches[0] ?? NaN), patch],
    ['--patches', patches.map(place).join(';'), several],
  ] as const) {
    const run = await runTool('look', 'similarity', ...images, option, value, ...options);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    for (const [at, sample] of samples.entries()) {
      const { values } = await readArray(`${sample}-similarity.npy`);
      expect(maxAbsDifference(values, expected[at] ?? [])).toBeLessThan(1e-4);
      expect(await readFacts(`${sample}-similarity.json`)).toMatchObject({
        block: 8,
        facet: 'key',
        isAsked: at === 0,
      });
    }
  }
});

test('correspondences are of two images, with the places of both, and one picture', async () => {
  const { samples = [], sidePx = 0, matches } = pairCase ?? {};
  const [first = '', second = ''] = samples.map((sample) => join(root, `public/samples/${sample}.jpg`));
  const options = ['--side', String(sidePx), '--backend', 'wasm', '--out', folder];
  const run = await runTool('look', 'correspondences', first, second, '--pairs', '10', ...options);
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  const facts = await readFacts(`${samples[0]}-correspondences.json`);
  expect(facts).toMatchObject({
    mutual: matches?.mutual.length,
    salient: matches?.salient.length,
    second: { image: second },
  });
  const pairs = facts['pairs'] as { readonly cosine: number }[];
  expect(
    maxAbsDifference(
      pairs.map(({ cosine }) => cosine),
      matches?.chosen.map(({ cosine }) => cosine) ?? [],
    ),
  ).toBeLessThan(1e-4);
  expect((await readArray(`${samples[0]}-correspondences.npy`)).shape).toEqual([10, 4]);
  // One above the other, as neither is upright.
  const sizes = await Promise.all([first, second].map((path) => sharp(path).metadata()));
  const picture = await sharp(join(folder, `${samples[0]}-correspondences.png`)).metadata();
  expect(picture.width).toBe(Math.max(...sizes.map(({ width }) => width)));
  expect(picture.height).toBeGreaterThan(picture.width);
  const alone = await runTool('look', 'correspondences', first, ...options);
  expect(alone.stderr).toContain('looks at two different photographs, and was given 1.');
});

test('a lens tells what it can be told, and an unknown one what there is', async () => {
  const help = await runTool('look', 'objects', '--help');
  expect(help.exitCode).toBe(0);
  for (const word of ['--method <tokencut|lost|maskcut>', '--facet <best|query|key|value|token>', '--boxes'])
    expect(help.stdout).toContain(word);
  const unknown = await runTool('look', 'nothing', cat);
  expect(unknown.exitCode).toBe(2);
  expect(unknown.stderr).toContain('objects');
});

test('results that lie beside photographs replace none of them', async () => {
  const photos = join(folder, 'beside');
  await mkdir(photos);
  const colour = (background: string): Promise<Buffer> =>
    sharp({ create: { height: 40, width: 40, channels: 3, background } })
      .png()
      .toBuffer();
  for (const [name, background] of [
    ['x.png', 'red'],
    ['x-heads.png', 'blue'],
    ['x-heads-head-1.png', 'green'],
  ] as const)
    await writeFile(join(photos, name), await colour(background));
  const before = await Promise.all((await readdir(photos)).map((name) => readFile(join(photos, name))));
  const names = await readdir(photos);
  const run = await runTool('look', 'heads', photos, '--side', '32', '--out', photos);
  expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  for (const [at, name] of names.entries()) expect(await readFile(join(photos, name))).toEqual(before[at]);
  const written = (await readdir(photos)).filter((name) => name.endsWith('.json'));
  const of = await Promise.all(written.map(async (name) => (await readFacts(join('beside', name)))['image']));
  expect(new Set(of)).toEqual(new Set(names.map((name) => join(photos, name))));
  expect(of).toHaveLength(names.length);
});

test('a block that the network does not have is refused, also where it is only drawn', async () => {
  const run = await runTool(
    'look',
    'layers',
    cat,
    ...small,
    '--view',
    'all',
    '--block',
    '9',
    '--out',
    folder,
  );
  expect(run).toMatchObject({ exitCode: 1 });
  expect(run.stderr.trim()).toMatch(/^--block 9: .+ has 8 blocks\.$/);
});
