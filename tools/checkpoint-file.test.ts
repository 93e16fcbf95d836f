import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openCheckpoint } from '../src/models/open-checkpoint.ts';
import { writeZip } from '../src/formats/zip-writer.ts';
import { checkpointPath, wrappedPath } from '../src/testing/checkpoint-fixtures.ts';
import { expectedNetwork } from '../src/testing/checkpoint-networks.ts';
import { findCheckpoint } from './checkpoint-file.ts';

const parts = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
const others = ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parts-'));
  const copy = async (into: string, ...names: string[]): Promise<void> => {
    await mkdir(join(folder, into));
    for (const name of names) await copyFile(wrappedPath(`parts/${name}`), join(folder, into, name));
  };
  await copy('indexed', ...parts, 'model.safetensors.index.json');
  await writeFile(join(folder, 'indexed', 'config.json'), '{"num_attention_heads": 3}');
  await copy('numbered', ...others);
  await copy('half', parts[1] ?? '', 'model.safetensors.index.json');
  await copy('none');
  // What is left of a checkpoint that was in parts, beside one in one file.
  for (const [into, index] of [
    ['stray', 'pytorch_model.bin.index.json'],
    ['stale', 'model.safetensors.index.json'],
  ] as const) {
    await copy(into, index);
    await copyFile(checkpointPath('model.safetensors'), join(folder, into, 'model.safetensors'));
  }
  await copy('distributed');
  for (const name of ['.metadata', '__0_0.distcp']) await writeFile(join(folder, 'distributed', name), 'PK');
  await copy('empty');
  await writeFile(join(folder, 'empty', 'odd.index.json'), '[]');
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => void vi.restoreAllMocks());

test.each([
  ['an index', 'indexed/model.safetensors.index.json', 'model'],
  ['one of the parts that an index names', 'indexed/model-00002-of-00002.safetensors', 'model'],
  ['their folder', 'indexed', 'model'],
  ['their folder without an index', 'numbered', 'pytorch_model'],
  ['one of the parts that their names tell', 'numbered/pytorch_model-00002-of-00002.bin', 'pytorch_model'],
])('%s leads to the whole checkpoint', async (_, path, title) => {
  const found = await findCheckpoint(join(folder, path), { heads: '3' });
  expect(found.title).toBe(title);
  const opened = await openCheckpoint(found.files, found.hints);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect([...opened.value.parameters]).toEqual([...expectedNetwork('wrapped/teacher').parameters]);
});

test('a whole run as the page saves it is its networks', async () => {
  const state = await readFile(checkpointPath('model.safetensors'));
  const files = [
    ['run.json', new Blob(['{}'])],
    ['state.safetensors', new Blob([state])],
  ] as const;
  const path = join(folder, 'Adapted.run.zip');
  await writeFile(path, Buffer.from(await (await writeZip(new Map(files))).arrayBuffer()));
  const found = await findCheckpoint(path, { heads: '3' });
  expect(found.title).toBe('Adapted.run');
  const opened = await openCheckpoint(found.files, found.hints);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect([...opened.value.parameters]).toEqual([...expectedNetwork('dino').parameters]);
});

test('the config beside them is read', async () => {
  const { hints } = await findCheckpoint(join(folder, 'indexed'), {});
  expect(hints.config).toEqual({ num_attention_heads: 3 });
});

test.each(['half', 'half/model-00002-of-00002.safetensors'])(
  'of %s the part that is missing is named',
  async (path) => {
    const found = await findCheckpoint(join(folder, path), { heads: '3' });
    expect(await openCheckpoint(found.files, found.hints)).toEqual({
      ok: false,
      error: {
        code: 'checkpoint-invalid',
        problem: `it is one checkpoint in several files, and ${parts[0]} is missing; bring all of them together`,
      },
    });
  },
);

test('one of many epochs is opened by itself, whichever others are there', async () => {
  const epochs = join(folder, 'epochs');
  await mkdir(epochs);
  for (const name of ['dino-00010-of-00100.pth', 'dino-00020-of-00100.pth'])
    await copyFile(checkpointPath('dino.pth'), join(epochs, name));
  const found = await findCheckpoint(join(epochs, 'dino-00010-of-00100.pth'), { heads: '3' });
  expect(found.title).toBe('dino-00010-of-00100');
  const opened = await openCheckpoint(found.files, found.hints);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect([...opened.value.parameters]).toEqual([...expectedNetwork('dino').parameters]);
});

describe('what leads nowhere ends with a sentence', () => {
  test.each([
    ['empty/odd.index.json', /is no index of a checkpoint's files/],
    ['none', /holds neither a model\.json nor a checkpoint by one of the usual names/],
    ['distributed', /distributed is a checkpoint in parts: .*dcp_to_torch_save/],
    ['distributed/__0_0.distcp', /__0_0\.distcp is a part of a checkpoint: .*dcp_to_torch_save/],
    ['nothing.pth', /nothing\.pth cannot be read/],
  ])('%s', async (path, sentence) => {
    const said = vi.spyOn(console, 'error').mockReturnValue();
    vi.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('it ended');
    });
    await expect(findCheckpoint(join(folder, path), {})).rejects.toThrow('it ended');
    expect(said.mock.calls).toEqual([[expect.stringMatching(sentence) as string]]);
  });
});

test.each(['stray', 'stale'])(
  'of a folder with an index that was left over (%s) the whole file is taken',
  async (name) => {
    const found = await findCheckpoint(join(folder, name), { heads: '3' });
    expect(found.title).toBe('model');
    const opened = await openCheckpoint(found.files, found.hints);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect([...opened.value.parameters]).toEqual([...expectedNetwork('dino').parameters]);
  },
);

test('a preprocessor_config.json is taken from the folder of the checkpoint, and of no other', async () => {
  const inner = join(folder, 'normalised', 'inner');
  await mkdir(inner, { recursive: true });
  for (const name of ['dino.pth', 'inner/dino.pth'])
    await copyFile(checkpointPath('dino.pth'), join(folder, 'normalised', name));
  const path = join(folder, 'normalised', 'preprocessor_config.json');
  await writeFile(path, '{"image_mean": [0.5, 0.5, 0.5]}');
  const hintsOf = async (file: string) => (await findCheckpoint(file, {})).hints;
  const preprocessor = { image_mean: [0.5, 0.5, 0.5] };
  expect(await hintsOf(join(folder, 'normalised', 'dino.pth'))).toMatchObject({ preprocessor });
  expect(await hintsOf(join(inner, 'dino.pth'))).toMatchObject({ preprocessor: undefined });
});

describe('a config.json', () => {
  const mark = '\uFEFF';
  const heads = '{"num_attention_heads": 3}';
  /** @returns the sentences of the command, and its hints where it did not end */
  async function configOf(text: string, isAskedFor: boolean): Promise<{ said: string[]; config: unknown }> {
    const said: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((sentence: string) => void said.push(sentence));
    vi.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('ended');
    });
    await mkdir(join(folder, 'hub'), { recursive: true });
    const path = join(folder, 'hub', 'config.json');
    await writeFile(path, text);
    await copyFile(checkpointPath('dino.pth'), join(folder, 'hub', 'dino.pth'));
    const found = await findCheckpoint(
      join(folder, 'hub', 'dino.pth'),
      isAskedFor ? { config: path } : {},
    ).catch(() => null);
    return { said: said.map((sentence) => sentence.replace(path, 'it')), config: found?.hints.config };
  }

  test.each([true, false])('with a byte order mark is read, asked for: %s', async (isAskedFor) => {
    expect(await configOf(`${mark}${heads}`, isAskedFor)).toEqual({
      said: [],
      config: JSON.parse(heads) as unknown,
    });
  });

  test.each(['', '// of ours\n{}', mark])(
    'that is not JSON and was not asked for is left aside: %j',
    async (text) => {
      expect(await configOf(text, false)).toEqual({
        said: ['it is not JSON, and is left aside.'],
        config: undefined,
      });
      expect(await configOf(text, true)).toEqual({
        said: ['it is not JSON: it must give the architecture.'],
        config: undefined,
      });
    },
  );

  test('of another network is refused where it was named, and left aside where it lies beside', async () => {
    const another = '{"hidden_size": 768, "num_attention_heads": 12}';
    const path = join(folder, 'hub', 'config.json');
    await mkdir(join(folder, 'hub'), { recursive: true });
    await writeFile(path, another);
    await copyFile(checkpointPath('dino.pth'), join(folder, 'hub', 'dino.pth'));
    const open = async (options: { readonly config?: string }) => {
      const { files, hints } = await findCheckpoint(join(folder, 'hub', 'dino.pth'), {
        heads: '3',
        ...options,
      });
      return openCheckpoint(files, hints);
    };
    expect(await open({})).toMatchObject({ ok: true, value: { architecture: { numHeads: 3 } } });
    expect(await open({ config: path })).toMatchObject({
      ok: false,
      error: { problem: expect.stringContaining('another network') as string },
    });
  });

  test('that is a folder is called one', async () => {
    const said: string[] = [];
    vi.spyOn(console, 'error').mockImplementation((sentence: string) => void said.push(sentence));
    vi.spyOn(process, 'exit').mockImplementation(() => {
      throw new Error('ended');
    });
    await expect(findCheckpoint(checkpointPath('dino.pth'), { config: folder })).rejects.toThrow('ended');
    expect(said).toEqual([`${folder} is a folder, and no file: it must give the architecture.`]);
  });
});
