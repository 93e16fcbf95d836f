import '@tensorflow/tfjs-backend-cpu';
import * as tf from '@tensorflow/tfjs-core';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { embeddedModelId } from '../../src/core/embedded-model.ts';
import { framePhotograph } from '../../src/media/framing.ts';
import { prepareInput } from '../../src/media/prepare-input.ts';
import { tfjsModel } from '../../src/models/load-model.ts';
import { checkpointPath } from '../../src/testing/checkpoint-fixtures.ts';
import { maxAbsDifference } from '../../src/core/max-abs-difference.ts';
import { uploadParameters } from '../../src/vit/parameters.ts';
import { forwardPlain } from '../../src/vit/plain-forward.ts';
import { runTool, runToolAlone, type ToolRun } from '../../src/testing/run-tool.ts';
import { imageCases } from '../../src/testing/image-cases.ts';
import { folderSource } from './folder-source.ts';
import { readPhoto } from '../photographs/read-photo.ts';

const fromRoot = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const cat = fromRoot('public/samples/cat.jpg'); // 451 × 300
const embedded = ['--model', `public/models/${embeddedModelId}`];
const { numHeads, patchSize } = (
  JSON.parse(await readFile(fromRoot(`public/models/${embeddedModelId}/model.json`), 'utf8')) as {
    userDefinedMetadata: { dinoscope: { architecture: { numHeads: number; patchSize: number } } };
  }
).userDefinedMetadata.dinoscope.architecture;

let folder: string;
let out: string;
let run: ToolRun;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attend-'));
  out = join(folder, 'maps');
  const bytes = await readFile(cat);
  await writeFile(join(folder, 'broken.jpg'), bytes.subarray(0, bytes.length / 2));
  await writeFile(join(folder, 'letter.jpg'), 'Dear reader, this is no photograph.');
  // Turned by EXIF, so that it stands 300 × 451; and of the same name as another.
  await writeFile(
    join(folder, 'cat.png'),
    await sharp(bytes).withMetadata({ orientation: 6 }).png().toBuffer(),
  );
  const files = ['broken.jpg', 'letter.jpg', 'cat.png', 'gone.jpg'].map((name) => join(folder, name));
  run = await runToolAlone('attend', cat, ...files, '--side', String(8 * patchSize), '--out', out);
});
afterAll(() => rm(folder, { recursive: true }));

/** The shape and values of a .npy file, read by hand. */
async function readNpy(name: string, from = out): Promise<{ shape: number[]; values: Float32Array }> {
  const bytes = await readFile(join(from, name));
  const start = 10 + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', 10, start);
  const shape = /'descr': '<f4'.*'shape': \(([\d, ]+)\)/.exec(header)?.[1] ?? expect.unreachable(header);
  return {
    shape: shape.split(', ').map(Number),
    values: new Float32Array(Uint8Array.from(bytes.subarray(start)).buffer),
  };
}

describe('several images, some of them broken', () => {
  test('end with exit code 1 and a sentence for each that failed', () => {
    expect(run.exitCode).toBe(1);
    expect(run.stderr.trim().split('\n')).toEqual([
      `${join(folder, 'broken.jpg')}: This JPG ends too early: part of the file is missing.`,
      `${join(folder, 'letter.jpg')}: This is not an image. Photographs as JPEG, PNG, WebP, AVIF, GIF or BMP work.`,
      `${join(folder, 'gone.jpg')}: This file could not be read. It may have been moved, or it is a folder.`,
    ]);
  });

  test('give files for the good ones and for no other', async () => {
    const suffixes = [
      '.npy',
      '-heads.png',
      ...Array.from({ length: numHeads }, (_, i) => `-head-${i + 1}.png`),
    ];
    const expected = ['cat', 'cat-2'].flatMap((name) => suffixes.map((suffix) => name + suffix));
    expect((await readdir(out)).toSorted()).toEqual(expected.toSorted());
    expect(run.stdout).toContain(`${cat}: ${numHeads} heads, 5 × 8 patches, 41 tokens`);
  });

  // 300 / 451 of eight patches are 5.3.
  test.each([
    ['cat', 5, 8],
    ['cat-2', 8, 5],
  ])('%s.npy holds attention over %i × %i patches', async (name, rows, columns) => {
    const { shape, values } = await readNpy(`${name}.npy`);
    expect(shape).toEqual([numHeads, rows, columns]);
    expect(values.length).toBe(numHeads * rows * columns);
    expect(Math.min(...values)).toBeGreaterThan(0);
    for (let head = 0; head < numHeads; head++) {
      const mass = values.subarray(head * rows * columns, (head + 1) * rows * columns);
      expect(mass.reduce((sum, value) => sum + value, 0)).toBeLessThan(1);
    }
  });

  test.each([
    ['cat', 451, 300],
    ['cat-2', 300, 451],
  ])('the pictures of %s have its size, %i × %i, and are no two alike', async (name, width, height) => {
    const pictures = new Set<string>();
    for (const suffix of ['-heads', ...Array.from({ length: numHeads }, (_, i) => `-head-${i + 1}`)]) {
      const { data, info } = await sharp(join(out, `${name}${suffix}.png`))
        .raw()
        .toBuffer({ resolveWithObject: true });
      expect({ width: info.width, height: info.height }).toEqual({ width, height });
      pictures.add(data.toString('base64'));
    }
    expect(pictures.size).toBe(1 + numHeads);
  });
});

test('in a folder, one that cannot be written gets a sentence, and the others have their files', async () => {
  const photos = join(folder, 'stick');
  const to = join(folder, 'stick-maps');
  const long = 'x'.repeat(246);
  await mkdir(join(photos, 'day 2'), { recursive: true });
  await mkdir(join(to, 'blocked.npy'), { recursive: true });
  const bytes = await readFile(cat);
  for (const name of ['blocked.jpg', `${long}.jpg`, 'day 2/photo.jfif'])
    await writeFile(join(photos, name), bytes);
  await writeFile(join(photos, '._blocked.jpg'), 'what macOS notes');
  await writeFile(
    join(photos, 'bitmap.bmp'),
    imageCases.find(({ name }) => name === '24-bits.bmp')?.file ?? '',
  );
  await writeFile(join(photos, 'list.txt'), 'no photograph');
  const pattern = join(photos, 'day *', '*.j*');
  const result = await runTool(
    'attend',
    photos,
    pattern,
    join(folder, 'no*.jpg'),
    '--side',
    '16',
    '--out',
    to,
  );
  expect(result.exitCode).toBe(1);
  expect(result.stderr.trim().split('\n')).toEqual([
    `${join(photos, 'blocked.jpg')}: ${join(to, 'blocked.npy')} cannot be written: there is a folder of that name.`,
    `${join(photos, `${long}.jpg`)}: ${join(to, `${long}-head-1.png`)} cannot be written: its name is too long.`,
    `No photograph matches ${join(folder, 'no*.jpg')}.`,
  ]);
  const written = await readdir(to);
  for (const name of ['bitmap', 'photo'])
    expect(written.filter((file) => file.startsWith(name))).toHaveLength(numHeads + 2);
});

describe('a checkpoint as people have it', () => {
  async function mapsOf(folderName: string, ...options: readonly string[]): Promise<Float32Array> {
    const to = join(folder, folderName);
    const result = await runTool('attend', cat, '--side', '16', '--out', to, ...options);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const { shape, values } = await readNpy('cat.npy', to);
    expect(shape).toEqual([3, 5, 8]);
    return values;
  }

  test('is looked through without converting it, and gives what its conversion gives', async () => {
    const file = checkpointPath('full.pth');
    const converted = join(folder, 'converted');
    await runTool('convert', file, '--out', converted, '--heads', '3', '--dtype', 'float32');
    const direct = await mapsOf('direct', '--model', file, '--heads', '3');
    expect(await mapsOf('by-manifest', '--model', join(converted, 'model.json'))).toEqual(direct);
    expect(await mapsOf('student', '--model', file, '--heads', '3', '--key', 'student')).not.toEqual(direct);
  });

  test('with registers gives their maps too, and one of timm’s gives the official one’s', async () => {
    const options = ['--heads', '3', '--model'];
    const official = await mapsOf('official', ...options, checkpointPath('dinov2-registers.pth'));
    const registers = await readNpy('cat-registers.npy', join(folder, 'official'));
    expect(registers.shape).toEqual([3, 3, 5, 8]);
    expect(registers.values.length).toBe(360);
    expect(registers.values.subarray(0, 120)).not.toEqual(official);
    const timm = await mapsOf('timm', ...options, checkpointPath('dinov2-registers-timm.pth'));
    expect(maxAbsDifference(timm, official)).toBeLessThan(1e-6);
  });

  test('has its heads from a config.json beside it', async () => {
    await cp(checkpointPath('pytorch_model.bin'), join(folder, 'hub', 'pytorch_model.bin'));
    await writeFile(join(folder, 'hub', 'config.json'), JSON.stringify({ num_attention_heads: 3 }));
    const fromHub = await mapsOf('hub-maps', '--model', join(folder, 'hub', 'pytorch_model.bin'));
    expect(fromHub).toEqual(await mapsOf('direct-2', '--model', checkpointPath('dino.pth'), '--heads', '3'));
  });
});

test('patches that are asked have maps and pictures of their own, which are the plain pass’s', async () => {
  const to = join(folder, 'patches');
  const options = ['--side', String(8 * patchSize), '--out', to];
  const asked = await runTool(
    'attend',
    cat,
    ...options,
    '--patch',
    '1,4',
    '--patch',
    '4,1',
    '--patch',
    '5,0',
  );
  expect(asked.exitCode).toBe(1); // for the last one
  expect(asked.stderr.trim()).toBe(`${cat}: There is no patch 5,0: the patches go from 0,0 to 4,7.`);
  const pictures = (await readdir(to)).filter((name) => name.startsWith('cat-patch-1-4-'));
  expect(pictures).toHaveLength(1 + numHeads);
  expect(await readdir(to)).toHaveLength(3 * (2 + numHeads));

  const loaded = await tfjsModel(folderSource(fromRoot(`public/models/${embeddedModelId}`)))(
    new AbortController().signal,
    () => {},
  );
  const photo = await readPhoto(cat);
  if (!loaded.ok || !photo.ok) throw new Error('the embedded model or the sample is broken');
  const frame = framePhotograph(photo.value, { shape: 'photograph', sidePx: 8 * patchSize }, patchSize);
  const { height, width } = frame.inputSizePx;
  await tf.setBackend('cpu');
  const parameters = uploadParameters(loaded.value.architecture, loaded.value.parameters);
  const image = tf.tensor3d(prepareInput(photo.value, frame), [height, width, 3]);
  const attention = forwardPlain(parameters, image).attentions.at(-1) as tf.Tensor3D; // [H, T, T], CLS first
  for (const [row, column] of [
    [1, 4],
    [4, 1],
  ] as const) {
    const { shape, values } = await readNpy(`cat-patch-${row}-${column}.npy`, to);
    expect(shape).toEqual([numHeads, 5, 8]);
    const expected = tf.slice(attention, [0, 1 + 8 * row + column, 1], [-1, 1, -1]).dataSync<'float32'>();
    expect(maxAbsDifference(values, expected)).toBeLessThan(1e-6);
  }
});

test('a photograph that is called as another’s patch keeps its files apart from that patch’s', async () => {
  const to = join(folder, 'apart');
  await cp(cat, join(folder, 'cat-patch-1-4.jpg'));
  const files = [cat, join(folder, 'cat-patch-1-4.jpg')];
  const options = ['--side', String(8 * patchSize), '--patch', '1,4'];
  expect(await runTool('attend', ...files, ...options, '--out', to)).toMatchObject({
    exitCode: 0,
    stderr: '',
  });
  expect(await readdir(to)).toHaveLength(2 * 2 * (2 + numHeads));
  const patch = await readNpy('cat-patch-1-4.npy', to);
  expect((await readNpy('cat-patch-1-4-2-patch-1-4.npy', to)).values).toEqual(patch.values);
  expect((await readNpy('cat-patch-1-4-2.npy', to)).values).toEqual((await readNpy('cat.npy', to)).values);
  expect(patch.values).not.toEqual((await readNpy('cat.npy', to)).values);
});

test('patches that overlap make finer maps', async () => {
  const to = join(folder, 'overlap');
  const fine = await runTool('attend', cat, '--side', String(8 * patchSize), '--overlap', '2', '--out', to);
  expect(fine).toMatchObject({ exitCode: 0, stderr: '' });
  expect(fine.stdout).toContain('9 × 15 patches, 136 tokens');
  expect((await readNpy('cat.npy', to)).shape).toEqual([numHeads, 9, 15]);
});

describe('a wrong call ends in a sentence, not in a stack trace', () => {
  test.concurrent.each([
    [2, /^There is no option --sied: npm run attend -- --help tells what there is\.$/, [cat, '--sied', '64']],
    [2, /^Give at least one image: npm run attend -- --help tells what there is\.$/, []],
    [2, /^One of the words is empty: npm run attend -- --help tells what there is\.$/, ['', cat]],
    [1, /dino\.pth: This is a checkpoint, not an image\. Photographs as JPEG/, [checkpointPath('dino.pth')]],
    [1, /^There is no model at no-such-folder\.$/, [cat, '--model', 'no-such-folder']],
    [
      1,
      /^--key is for checkpoint files; public\S* is in tfjs format\.$/,
      [cat, ...embedded, '--key', 'teacher'],
    ],
    [2, /^--patch 3;7 is not a row and a column, as in --patch 3,7\.$/, [cat, '--patch', '3;7']],
    [2, /^--overlap 3 is not 1, 2 or 4\.$/, [cat, '--overlap', '3']],
    [
      1,
      /^--overlap 4: the patches of .+ are 2 px wide, and a quarter of that is no whole number\. It can be 1 or 2\.$/,
      [cat, '--overlap', '4', '--model', checkpointPath('dino.pth'), '--heads', '3'],
    ],
    [1, /Say how many there are/, [cat, '--model', checkpointPath('dino.pth')]],
    [
      1,
      /^This checkpoint cannot be read: it is a photograph \(JPEG\), and no checkpoint\.$/,
      [cat, '--model', cat],
    ],
  ])('with exit code %i: %s', async (exitCode, sentence, args) => {
    const wrong = await runTool('attend', ...args);
    expect(wrong.exitCode).toBe(exitCode);
    expect(wrong.stderr.trim()).toMatch(sentence);
    expect(wrong.stderr).not.toMatch(/^ +at /m);
  });
});
