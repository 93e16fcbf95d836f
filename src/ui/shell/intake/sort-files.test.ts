import { expect, test } from 'vitest';
import { areAllPhotos, sortFiles } from './sort-files.ts';

type Content = string | Uint8Array<ArrayBuffer>;

/** A file as the drop zone gives it, with its path inside the dropped folder. */
const file = (path: string, content: Content = 'x', type = ''): File =>
  Object.assign(new File([content], path.split('/').at(-1) ?? path, { type }), { path });

const zip = 'PK\x03\x04 and more of an archive';
/** The beginning of an archive: folders, and the first file. */
const archiveOf = (...names: string[]): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(
    names.flatMap((name) => {
      const header = new Uint8Array(30);
      header.set([0x50, 0x4b, 3, 4]);
      header[26] = name.length;
      return [...header, ...new TextEncoder().encode(name)];
    }),
  );
const safetensors = Uint8Array.from([40, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x22, 0x61, 0x22]);
const pickle = Uint8Array.from([0x80, 2, 0x8a, 10]);
const jpeg = Uint8Array.from([0xff, 0xd8, 0xff, 0xe0]);

const summary = async (...files: File[]) => {
  const { photos, models } = await sortFiles(files);
  return {
    photos: photos.map(({ name }) => name),
    models: models.map(({ title, kind, files: all, hints }) => [title, kind, [...all.keys()], hints]),
  };
};

test('photographs are told by their names, and nothing is read for them', () => {
  expect(areAllPhotos([file('a.jpg', jpeg, 'image/jpeg'), file('notes.txt'), file('scan.tif')])).toBe(true);
  expect(areAllPhotos([file('a.jpg', jpeg, 'image/jpeg'), file('dino.pth')])).toBe(false);
});

test.each<[string, Content]>([
  ['dino.pth', zip],
  ['moco.pth.tar', pickle],
  ['model.safetensors', safetensors],
  ['pytorch_model.bin', zip],
  ['old.PT', pickle],
  ['rubbish.pth', 'no network'],
  ['weights.npz', zip],
  ['weights.pkl', pickle],
  ['weights', safetensors],
  ['weights', pickle],
  ['dino_deitsmall16_pretrain.zip', archiveOf('archive/data.pkl')],
  ['dino_deitsmall16_pretrain.pth.ZIP', archiveOf('dino/', 'dino/version')],
  ['checkpoint.tar', archiveOf('archive/data.pkl')],
  ['dinov2_vits14.TH', pickle],
  ['vit-s16.model', safetensors],
  ['ViT-S_16.zip', archiveOf('Transformer/encoder_norm/bias.npy')],
  // A cache of downloads names files by their hash.
  ['d7c0e4a1f3', archiveOf('archive/data.pkl')],
])('%s is a checkpoint', async (name, content) => {
  expect(await summary(file(name, content))).toEqual({
    photos: [],
    models: [[name, 'checkpoint', [name], {}]],
  });
});

test.each<[string, Content]>([
  ['photo.bin', jpeg],
  ['picture.pth', '\x89PNG\r\n'],
  ['no-ending', zip],
  ['letter.docx', zip],
  ['photographs.zip', archiveOf('photographs/', 'photographs/cat.jpg')],
  ['cut-off.zip', archiveOf('archive/data.pkl').subarray(0, 40)],
  ['dino.pth.zip', archiveOf('dino.pth')],
  ['notes.txt', 'text'],
  ['photographs.tar', 'cat.jpg\0\0\0'],
  ['word2vec.model', 'text'],
])('%s is none', async (name, content) => {
  const bytes = typeof content === 'string' ? Uint8Array.from(content, (c) => c.charCodeAt(0)) : content;
  expect(await summary(file(name, bytes))).toEqual({ photos: [name], models: [] });
});

test('photographs and a checkpoint in one drop are both; its config goes with it', async () => {
  expect(
    await summary(
      file('cat.jpg', jpeg, 'image/jpeg'),
      file('dino.pth', zip),
      file('config.json', '{"num_attention_heads": 3}', 'application/json'),
    ),
  ).toEqual({
    photos: ['cat.jpg'],
    models: [['dino.pth', 'checkpoint', ['dino.pth'], { config: { num_attention_heads: 3 } }]],
  });
});

test('of a folder of Hugging Face the safetensors come first, and what lies beside is left', async () => {
  const hints = { config: { hidden_size: 384 }, preprocessor: { image_std: [1, 1, 1] } };
  expect(
    await summary(
      file('/dino-vits16/README.md'),
      file('/dino-vits16/config.json', '{"hidden_size": 384}'),
      file('/dino-vits16/preprocessor_config.json', '{"image_std": [1, 1, 1]}'),
      file('/preprocessor_config.json', '{"image_std": [2, 2, 2]}'),
      file('/dino-vits16/pytorch_model.bin', zip),
      file('/dino-vits16/model.safetensors', safetensors),
    ),
  ).toEqual({
    photos: [],
    models: [
      ['model.safetensors', 'checkpoint', ['model.safetensors'], hints],
      ['pytorch_model.bin', 'checkpoint', ['pytorch_model.bin'], hints],
    ],
  });
});

const index = (...parts: string[]): string =>
  JSON.stringify({ weight_map: Object.fromEntries(parts.map((part, i) => [`parameter-${i}`, part])) });

test('parts of one checkpoint are one: by their index, or by the numbers in their names, each folder by itself', async () => {
  expect(
    await summary(
      file('/vit/model-00002-of-00002.safetensors', safetensors),
      file('/vit/model-00001-of-00002.safetensors', safetensors),
      file(
        '/vit/model.safetensors.index.json',
        index('model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'),
      ),
      file('/vit/config.json', '{"num_attention_heads": 3}'),
      file('/other/pytorch_model-00001-of-00002.bin', zip),
      file('/other/pytorch_model-00002-of-00002.bin', zip),
      file('/other/dino.pth', zip),
    ),
  ).toEqual({
    photos: [],
    models: [
      [
        'model.safetensors',
        'checkpoint',
        ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'],
        { config: { num_attention_heads: 3 } },
      ],
      [
        'pytorch_model.bin',
        'checkpoint',
        ['pytorch_model-00001-of-00002.bin', 'pytorch_model-00002-of-00002.bin'],
        {},
      ],
      ['dino.pth', 'checkpoint', ['dino.pth'], {}],
    ],
  });
});

test('parts that were not dropped are named, also where only an index was', async () => {
  expect(await summary(file('model-00002-of-00003.safetensors', safetensors))).toEqual({
    photos: [],
    models: [
      [
        'model-00002-of-00003.safetensors',
        'checkpoint',
        ['model-00002-of-00003.safetensors'],
        {
          missingParts: ['model-00001-of-00003.safetensors', 'model-00003-of-00003.safetensors'],
          mayBeWhole: true,
        },
      ],
    ],
  });
  expect(areAllPhotos([file('model.safetensors.index.json', '{}')])).toBe(false);
  expect(await summary(file('model.safetensors.index.json', index('a.safetensors')))).toEqual({
    photos: [],
    models: [
      [
        'model.safetensors',
        'checkpoint',
        ['model.safetensors.index.json'],
        { missingParts: ['a.safetensors'], mayBeWhole: false },
      ],
    ],
  });
});

test('epochs, whose numbers are not all there, are networks by themselves', async () => {
  const names = ['dino-00001-of-00003.pth', 'dino-00003-of-00003.pth'];
  const missingParts = ['dino-00002-of-00003.pth'];
  expect(await summary(...names.map((name) => file(name, `${zip}: cls_token`)))).toEqual({
    photos: [],
    models: names.map((name) => [name, 'checkpoint', [name], { missingParts, mayBeWhole: true }]),
  });
});

test.each([
  ['the first of them', ['blocks.7', 'norm']],
  ['the last one', ['embeddings.cls_token', 'blocks.7']],
])('parts of one checkpoint are one, also where %s is missing and there is no index', async (which, held) => {
  const names = [1, 2, 3].map((number) => `pytorch_model-0000${number}-of-00003.bin`);
  const there = which === 'the last one' ? names.slice(0, 2) : names.slice(1);
  const missingParts = names.filter((name) => !there.includes(name));
  expect(await summary(...there.map((name, i) => file(name, `${zip}: ${held[i]}`)))).toEqual({
    photos: [],
    models: [['pytorch_model.bin', 'checkpoint', there, { missingParts, mayBeWhole: false }]],
  });
});

test('a config of another folder does not count', async () => {
  expect(await summary(file('/a/dino.pth', zip), file('/b/config.json', '{"x": 1}'))).toMatchObject({
    models: [['dino.pth', 'checkpoint', ['dino.pth'], {}]],
  });
});

test('model.json and its shards are one model, named as their folder', async () => {
  const manifest = JSON.stringify({ weightsManifest: [] });
  expect(
    await summary(
      file('/talk/dino-s16/model.json', manifest, 'application/json'),
      file('/talk/dino-s16/group1-shard1of2.bin'),
      file('/talk/dino-s16/group1-shard2of2.bin'),
      file('/talk/cat.jpg', jpeg, 'image/jpeg'),
    ),
  ).toEqual({
    photos: ['cat.jpg'],
    models: [['dino-s16', 'tfjs', ['model.json', 'group1-shard1of2.bin', 'group1-shard2of2.bin'], {}]],
  });
});

test('a model.json that is something else is no model', async () => {
  expect(await summary(file('model.json', '{"a": 1}'))).toEqual({ photos: ['model.json'], models: [] });
});

test('an exported run is neither a photograph nor a network', async () => {
  const run = file('collapse-in-a-minute-step-40.run.zip', zip);
  expect(areAllPhotos([run])).toBe(false);
  const { photos, models, runs } = await sortFiles([
    run,
    file('a.jpg', jpeg, 'image/jpeg'),
    file('x.pth', zip),
  ]);
  expect(runs).toEqual([run]);
  expect(photos.map(({ name }) => name)).toEqual(['a.jpg']);
  expect(models.map(({ title }) => title)).toEqual(['x.pth']);
});

test('a run that was given another name is told by what is in it', async () => {
  const run = file('my run.zip', archiveOf('state.safetensors'));
  const { photos, models, runs } = await sortFiles([run, file('other.zip', archiveOf('notes.txt'))]);
  expect(runs).toEqual([run]);
  expect(photos.map(({ name }) => name)).toEqual(['other.zip']);
  expect(models).toEqual([]);
});

test('a folder of torch.distributed’s parts is one checkpoint, which is told what it is', async () => {
  expect(
    await summary(
      file('/run/.metadata', pickle),
      file('/run/__0_0.distcp', zip),
      file('/run/__1_0.distcp', zip),
      file('/other/__0_0.distcp', zip),
    ),
  ).toEqual({
    photos: [],
    models: [
      ['__0_0.distcp', 'checkpoint', ['__0_0.distcp'], {}],
      ['__0_0.distcp', 'checkpoint', ['__0_0.distcp'], {}],
    ],
  });
});
