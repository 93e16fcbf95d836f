import { openAsBlob } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { elementCount, parameterShapes, type NamedTensor } from '../core/architecture.ts';
import { openWrapped } from '../testing/checkpoint-fixtures.ts';
import { expectedNetwork } from '../testing/checkpoint-networks.ts';
import { TensorPickler, torchModule } from '../testing/make-pickle.ts';
import { makeSafetensors, safetensorsBytes } from '../testing/make-safetensors.ts';
import { makeZip } from '../testing/make-zip.ts';
import { vitFixtures, type VitFixture } from '../testing/vit-fixtures.ts';
import type { CheckpointHints } from '../core/model.ts';
import { openCheckpoint } from './open-checkpoint.ts';

const [fixture] = vitFixtures as [VitFixture, ...VitFixture[]];
const { architecture, parameters } = fixture;

const blobOf = (tensors: ReadonlyMap<string, NamedTensor>): Blob => new Blob([makeSafetensors(tensors)]);

test('a checkpoint opens with all its values, in the order of the architecture', async () => {
  const shuffled = new Map([...parameters].toReversed());
  const opened = await openCheckpoint(blobOf(shuffled), { config: architecture });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect(opened.value.architecture).toEqual(architecture);
  expect([...opened.value.parameters]).toEqual([...parameters]);
});

/** A network as PyTorch pickles it as an object, with the head count in modules that tell no block. */
function pickledNetwork(heads: number): Blob {
  const pickler = new TensorPickler();
  const attention = torchModule({ attributes: { num_heads: heads } });
  const modules = Object.fromEntries(Array.from({ length: architecture.depth }, (_, i) => [i, attention]));
  return pickler.file(torchModule({ parameters: pickler.tensors(parameters), modules }));
}

test('a network that was saved as an object says its heads, unless a person does', async () => {
  const { embedDim, numHeads } = architecture;
  for (const [file, hints, heads] of [
    [pickledNetwork(numHeads), {}, numHeads],
    [pickledNetwork(1), { numHeads }, numHeads],
    [pickledNetwork(1), { config: { num_attention_heads: numHeads } }, numHeads],
    [pickledNetwork(embedDim), {}, embedDim],
  ] as const) {
    const opened = await openCheckpoint(file, hints);
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect(opened.value.architecture.numHeads).toBe(heads);
    expect([...opened.value.parameters]).toEqual([...parameters]);
  }
});

test('a tensor without values is no parameter, and is left out', async () => {
  const tensors = new Map([
    ...parameters,
    ['unused', { shape: [0, 5], values: new Float32Array() }],
  ] as const);
  const opened = await openCheckpoint(blobOf(tensors), { config: architecture });
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  expect([...opened.value.parameters]).toEqual([...parameters]);
  expect(opened.value.ignored).toEqual(['unused']);
});

test.each([
  [
    'half a PyTorch file',
    Buffer.from('PK\x03\x04 and so on, longer than nine bytes'),
    'the end of its archive is missing; it was cut short',
  ],
  ['an empty file', Buffer.alloc(0), 'it is empty'],
  [
    'a photograph',
    Buffer.from('\x89PNG\r\n', 'latin1'),
    'it is a photograph or drawing (PNG), and no checkpoint',
  ],
  ['half a header', makeSafetensors(parameters).subarray(0, 300), 'its header is longer than the file'],
])('%s is refused', async (_, bytes, problem) => {
  expect(await openCheckpoint(new Blob([Uint8Array.from(bytes)]), { config: architecture })).toEqual({
    ok: false,
    error: { code: 'checkpoint-invalid', problem },
  });
});

test.each<[CheckpointHints, string]>([
  [{ config: { ...architecture, family: undefined } }, 'the family is missing'],
  [{ config: { ...architecture, numHeads: 5 } }, 'embedDim 16 is not a multiple of numHeads 5'],
  [{ config: architecture, numHeads: 3 }, 'embedDim 16 is not a multiple of numHeads 3'],
  [{ config: { num_attention_heads: 7 } }, 'embedDim 16 is not a multiple of numHeads 7'],
  [{ network: 'teacher' }, "it holds no Vision Transformer under 'teacher' (it holds cls_token, pos_embed, "],
])('with %j it is refused', async (options, problem) => {
  expect(await openCheckpoint(blobOf(parameters), options)).toEqual({
    ok: false,
    error: { code: 'checkpoint-invalid', problem: expect.stringContaining(problem) as string },
  });
});

test.each([{}, { config: { hidden_act: 'gelu' } }])(
  'with %j nothing but the head count is missing, and that is asked for',
  async (options) => {
    expect(await openCheckpoint(blobOf(parameters), options)).toEqual({
      ok: false,
      error: { code: 'heads-unknown', embedDim: 16 },
    });
  },
);

test.each<[string, CheckpointHints]>([
  ['a person', { numHeads: 1 }],
  ['a person, against the config', { numHeads: 1, config: { num_attention_heads: 2 } }],
  ['a config of Hugging Face', { config: { num_attention_heads: 1, layer_norm_eps: 1e-12 } }],
])('the architecture comes from the shapes, the head count from %s', async (_, options) => {
  const opened = await openCheckpoint(blobOf(parameters), options);
  expect(opened.ok && opened.value.architecture).toEqual(architecture);
});

test('a parameter that is stored as whole numbers is refused by name', async () => {
  const bytes = makeSafetensors(parameters);
  const text = Buffer.from(bytes)
    .toString('latin1')
    .replace('"norm.bias":{"dtype":"F32"', '"norm.bias":{"dtype":"I32"');
  const opened = await openCheckpoint(new Blob([Buffer.from(text, 'latin1')]), { config: architecture });
  expect(opened).toEqual({
    ok: false,
    error: {
      code: 'checkpoint-invalid',
      problem: 'norm.bias has the type I32, which is not a float type',
    },
  });
});

test('parameters of another network are refused, each difference named', async () => {
  const other = new Map(parameters);
  other.delete('norm.weight');
  other.set('blocks.0.ls1.gamma', { shape: [2], values: Float32Array.of(1, 2) });
  other.set('cls_token', { shape: [16], values: new Float32Array(16) });
  expect(await openCheckpoint(blobOf(other), { config: architecture })).toEqual({
    ok: false,
    error: {
      code: 'model-parameters-mismatch',
      missing: ['norm.weight'],
      unexpected: ['blocks.0.ls1.gamma'],
      misshaped: [{ name: 'cls_token', expected: [1, 1, 16], actual: [16] }],
    },
  });
});

test('a file that has lost its end since it was opened is refused, not half opened', async () => {
  const bytes = makeSafetensors(parameters);
  class ShrunkFile extends Blob {
    override slice(begin = 0, end = this.size): Blob {
      return super.slice(begin, Math.min(end, bytes.length - 8));
    }
  }
  expect(await openCheckpoint(new ShrunkFile([bytes]), { config: architecture })).toMatchObject({
    ok: false,
    error: { code: 'checkpoint-invalid', problem: expect.stringContaining('cannot be read') as string },
  });
});

test('a file that has gone since it was chosen is refused', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'checkpoint-'));
  const path = join(folder, 'model.safetensors');
  await writeFile(path, makeSafetensors(parameters));
  const file = await openAsBlob(path);
  await rm(folder, { recursive: true });
  expect(await openCheckpoint(file, { config: architecture })).toEqual({
    ok: false,
    error: { code: 'checkpoint-invalid', problem: 'the file cannot be read' },
  });
});

describe('a small network whose program gives it other heads than its channels tell', () => {
  const channels = 384;
  /** Of moco-v3's vits.py, build_2d_sincos_position_embedding: sines and cosines of the column, then of the row. */
  const fixed = (side: number, width = channels): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: (1 + side * side) * width }, (_, at) => {
      const [patch, channel, quarter] = [Math.floor(at / width) - 1, at % width, width / 4];
      const [part, i] = [Math.floor(channel / quarter), channel % quarter];
      const angle = (part < 2 ? patch % side : Math.floor(patch / side)) / 10_000 ** (i / quarter);
      return patch < 0 ? 0 : part % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    });
  const small = { ...architecture, embedDim: channels, depth: 1, numHeads: 6, gridSize: 3, mlpRatio: 0.25 };
  const tensorsOf = (positions: Float32Array<ArrayBuffer>, embedDim = channels): Map<string, NamedTensor> =>
    new Map(
      [...parameterShapes({ ...small, embedDim, numHeads: 1 })].map(([name, shape]) => [
        name,
        { shape, values: name === 'pos_embed' ? positions : new Float32Array(elementCount(shape)) },
      ]),
    );
  const networkOf = (positions: Float32Array<ArrayBuffer>): Blob => blobOf(tensorsOf(positions));

  /** SLIP's programs have two more layers beside a network that is named so, and learn its positions. */
  const slips = (own: string, beside: string): Blob =>
    blobOf(
      new Map([
        ...[...tensorsOf(fixed(3).fill(0.1))].map(
          ([name, tensor]) => [`module.${own}.${name}`, tensor] as const,
        ),
        [`module.${beside}`, { shape: [1], values: Float32Array.of(1) }],
      ]),
    );

  test.each<[string, Blob, number]>([
    ['MMPretrain’s MoCo v3', networkOf(fixed(3)), 384],
    ['MAE-Lite', blobOf(tensorsOf(fixed(3, 192), 192)), 192],
    ['SLIP', slips('visual', 'image_mlp.layer1.weight'), 384],
    ['CLIP by SLIP’s authors', slips('visual', 'image_projection'), 384],
  ])('of %s is asked for its heads', async (_, file, embedDim) => {
    expect(await openCheckpoint(file)).toEqual({
      ok: false,
      error: { code: 'heads-unknown', embedDim, mayBe: 12 },
    });
  });

  test('is not asked where the names beside it are another program’s', async () => {
    for (const file of [slips('visual', 'head.weight'), slips('backbone', 'image_projection')]) {
      const opened = await openCheckpoint(file);
      expect(opened.ok && opened.value.architecture.numHeads).toBe(6);
    }
  });

  test('takes the heads that somebody says', async () => {
    for (const [hints, heads] of [
      [{ numHeads: 12 }, 12],
      [{ config: { num_attention_heads: 6 } }, 6],
      [{ config: small }, 6],
    ] as const) {
      const opened = await openCheckpoint(networkOf(fixed(3)), hints);
      expect(opened.ok && opened.value.architecture.numHeads).toBe(heads);
    }
  });

  test('is no other network: positions that were trained are not sines and cosines', async () => {
    const trained = fixed(3).map((value, i) => value + (i % 7 === 0 ? 0.3 : 0));
    const withCls = fixed(3).fill(0.1, 0, channels);
    for (const positions of [trained, withCls]) {
      const opened = await openCheckpoint(networkOf(positions));
      expect(opened.ok && opened.value.architecture.numHeads).toBe(6);
    }
  });
});

test.each([
  'Transformer/encoderblock_0/MlpBlock_3/Dense_0/kernel',
  // All blocks in one, as big_vision keeps them.
  'params/img/Transformer/encoderblock/LayerNorm_0/bias',
])('a network of Google’s in JAX is called what it is: %s', async (layer) => {
  const npy = Buffer.from(
    `\x93NUMPY\x01\0\x46\0${"{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }".padEnd(69)}\nabcd`,
    'latin1',
  );
  const named = ['cls', layer, 'embedding/kernel'];
  const file = makeZip(named.map((name) => ({ name: `${name}.npy`, bytes: npy })));
  expect(await openCheckpoint(file)).toEqual({
    ok: false,
    error: {
      code: 'checkpoint-invalid',
      problem: expect.stringContaining(
        `it is a Vision Transformer of Google’s in JAX (it has ${layer})`,
      ) as string,
    },
  });
});

test.each([
  [
    'float8.pth',
    /^its weights are quantized \(blocks\.0\.attn\.qkv\.weight is stored as torch\.float8_e4m3fn\)/,
  ],
  [
    'quantized.pth',
    /^its weights are quantized \(blocks\.0\.attn\.qkv\.weight is stored as torch\.QInt8Storage\)/,
  ],
  ['sparse.pth', /^blocks\.0\.attn\.qkv\.weight is sparse; save it as a dense tensor/],
])('%s says what its values are', async (file, problem) => {
  expect(await openCheckpoint(await openWrapped(file), { numHeads: 3 })).toEqual({
    ok: false,
    error: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
  });
});

test('eight-bit values in safetensors are named before anything is counted', async () => {
  const header: Record<string, unknown> = {};
  let offset = 0;
  for (const [name, { shape }] of parameters) {
    const isMatrix = name.endsWith('qkv.weight');
    const byteLength = elementCount(shape) * (isMatrix ? 1 : 4);
    header[name] = {
      dtype: isMatrix ? 'F8_E5M2' : 'F32',
      shape,
      data_offsets: [offset, offset + byteLength],
    };
    offset += byteLength;
  }
  const file = new Blob([safetensorsBytes(JSON.stringify(header), new Uint8Array(offset))]);
  expect(await openCheckpoint(file, { config: architecture })).toEqual({
    ok: false,
    error: {
      code: 'checkpoint-invalid',
      problem: expect.stringMatching(/quantized \(.*qkv\.weight is stored as F8_E5M2\)/) as string,
    },
  });
});

describe('what bug reports of other readers tell', () => {
  const withNames = (
    change: (name: string) => string,
    more: Readonly<Record<string, NamedTensor>> = {},
  ): Blob =>
    blobOf(
      new Map([
        ...[...parameters].map(([name, tensor]) => [change(name), tensor] as const),
        ...Object.entries(more),
      ]),
    );
  const nan = (...shape: number[]): NamedTensor => ({
    shape,
    values: new Float32Array(elementCount(shape)).fill(NaN),
  });

  test('values that are no numbers do no harm in what is not used', async () => {
    const file = withNames((name) => `teacher.backbone.${name}`, {
      'teacher.backbone.mask_token': nan(1, 16),
      'teacher.head.mlp.0.weight': nan(4, 16),
      'student.backbone.cls_token': nan(1, 1, 16),
      'dino_loss.center': nan(1, 4),
    });
    const opened = await openCheckpoint(file, { config: architecture });
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect([...opened.value.parameters]).toEqual([...parameters]);
  });

  test('a mask over a bias, of numbers or none, is a parameter that the network has not', async () => {
    const file = withNames((name) => name, { 'blocks.0.attn.qkv.bias_mask': nan(48) });
    expect(await openCheckpoint(file, { config: architecture })).toMatchObject({
      ok: false,
      error: { code: 'model-parameters-mismatch', unexpected: ['blocks.0.attn.qkv.bias_mask'] },
    });
  });

  test.each<[string, (name: string) => string]>([
    ['a prefix before some of them', (name) => (name.startsWith('norm') ? `backbone.${name}` : name)],
    ['one letter that is another', (name) => name.replace('qkv', 'qvk')],
    ['blocks counted from 1', (name) => name.replace('blocks.0.', 'blocks.1.')],
  ])('names that do not fit leave no parameter at random: %s', async (_, change) => {
    const opened = await openCheckpoint(withNames(change), { config: architecture });
    expect(opened).toMatchObject({ ok: false, error: { code: 'model-parameters-mismatch' } });
  });

  // DINOv3 by its authors, by Hugging Face, by timm.
  test.each([
    [
      [
        'cls_token',
        'storage_tokens',
        'rope_embed.periods',
        'local_cls_norm.weight',
        'patch_embed.proj.weight',
      ],
    ],
    [['embeddings.cls_token', 'embeddings.register_tokens', 'layer.0.attention.q_proj.weight']],
    [['cls_token', 'reg_token', 'blocks.0.gamma_1', 'patch_embed.proj.weight']],
  ])('DINOv3 is told by name in each of its dialects: %j', async (names) => {
    const file = blobOf(new Map(names.map((name) => [name, { shape: [1], values: new Float32Array(1) }])));
    expect(await openCheckpoint(file)).toMatchObject({
      ok: false,
      error: { problem: expect.stringMatching(/DINOv3 networks?/) as string },
    });
  });
});

describe('a grid that is no square', () => {
  const network = expectedNetwork('wrapped/oblong');
  const heads = { numHeads: 3 };

  test.each<[string, string, CheckpointHints]>([
    ['a person', 'oblong.pth', { grid: { rows: 2, columns: 4 } }],
    ['our config', 'oblong.pth', { config: network.architecture }],
    ['Hugging Face’s config', 'oblong.pth', { config: { model_type: 'vit', image_size: [4, 8] } }],
    ['timm’s config', 'oblong.pth', { config: { pretrained_cfg: { input_size: [3, 4, 8] } } }],
    ['timm’s arguments', 'oblong.pth', { config: { model_args: { img_size: [4, 8] } } }],
    ['the run’s argparse.Namespace', 'oblong-args.pth', {}],
    ['Lightning’s hyper-parameters', 'oblong-hyper.ckpt', {}],
  ])('is loaded where %s says it', async (_, file, hints) => {
    const opened = await openCheckpoint(await openWrapped(file), { ...heads, ...hints });
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    expect(opened.value.architecture).toEqual(network.architecture);
    expect([...opened.value.parameters]).toEqual([...network.parameters]);
  });

  test.each<[string, CheckpointHints]>([
    ['nothing', {}],
    ['a config that does not say it', { config: { model_type: 'vit', hidden_size: 12 } }],
    ['the size of another training', { config: { image_size: 224 } }],
  ])('is never guessed: with %s it is asked for', async (_, hints) => {
    expect(await openCheckpoint(await openWrapped('oblong.pth'), { ...heads, ...hints })).toEqual({
      ok: false,
      error: { code: 'grid-unknown', positions: 9 },
    });
  });

  test('is refused where what is said does not fit, and is another where another is said', async () => {
    const file = await openWrapped('oblong.pth');
    expect(await openCheckpoint(file, { ...heads, grid: { rows: 2, columns: 5 } })).toMatchObject({
      ok: false,
      error: { code: 'checkpoint-invalid', problem: expect.stringContaining('2 × 5 patches') as string },
    });
    const square = await openCheckpoint(file, { ...heads, grid: { rows: 3, columns: 3 } });
    if (!square.ok) throw new Error(JSON.stringify(square.error));
    // Without CLS: 3 × 3 patches and a row of zeros in front.
    const positions = square.value.parameters.get('pos_embed');
    const stored = network.parameters.get('pos_embed')?.values ?? [];
    expect(positions?.shape).toEqual([1, 10, 12]);
    expect([...(positions?.values ?? [])]).toEqual([...Array<number>(12).fill(0), ...stored]);
  });
});

test('a small file does not become a large model', async () => {
  // One value, repeated by a stride of zero for all of a tensor that is allowed to be as large as the file.
  const tuple = (sides: readonly number[]): string => `(${sides.map((side) => `I${side}\n`).join('')}t`;
  const tensor = (name: string, shape: readonly number[]): string =>
    `S'${name}'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\nFloatStorage\nS'0'\nS'cpu'\nI1\ntQ` +
    `I0\n${tuple(shape)}${tuple(shape.map(() => 0))}I00\nNtRs`;
  const wide = { ...architecture, embedDim: 64, depth: 8, numHeads: 1 };
  const body = [...parameterShapes(wide)].map(([name, shape]) => tensor(name, shape)).join('');
  const file = makeZip([
    { name: 'a/data.pkl', bytes: Buffer.from(`}${body}.`) },
    { name: 'a/data/0', bytes: new Uint8Array(100_000) },
  ]);
  expect(await openCheckpoint(file)).toEqual({
    ok: false,
    error: {
      code: 'checkpoint-invalid',
      problem: expect.stringMatching(/more than the file can hold/) as string,
    },
  });
});
