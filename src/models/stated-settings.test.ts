/** What a file and a config beside it say of a network, besides its tensors. */
import { describe, expect, test } from 'vitest';
import { architectureMetadata, type NamedTensor } from '../core/architecture.ts';
import type { CheckpointHints } from '../core/model.ts';
import { expectedNetwork } from '../testing/checkpoint-networks.ts';
import { instance, TensorPickler, torchModule, type Pickled, type Plain } from '../testing/make-pickle.ts';
import { makeSafetensors } from '../testing/make-safetensors.ts';
import { vitFixtures, type VitFixture } from '../testing/vit-fixtures.ts';
import { openCheckpoint, type Checkpoint } from './open-checkpoint.ts';

const [, fixture] = vitFixtures as [VitFixture, VitFixture, ...VitFixture[]];
const { architecture, parameters } = fixture;
const { depth, embedDim, patchSize } = architecture;

const plain = new Blob([makeSafetensors(parameters)]);

async function open(file: Blob, hints: CheckpointHints = {}): Promise<Checkpoint> {
  const opened = await openCheckpoint(file, hints);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

describe('a config beside a file', () => {
  test('gives way to what the file says itself, unless a person named it', async () => {
    const metadata = { [architectureMetadata]: JSON.stringify({ ...architecture, numHeads: 4 }) };
    const file = new Blob([makeSafetensors(parameters, metadata)]);
    for (const config of [
      { ...architecture, numHeads: 8 },
      { num_attention_heads: 8, hidden_act: 'relu' },
    ])
      expect((await open(file, { config })).architecture.numHeads).toBe(4);
    const named = { config: { ...architecture, numHeads: 8 }, isConfigNamed: true };
    expect((await open(file, named)).architecture.numHeads).toBe(8);
  });

  const others = [{ hidden_size: 768 }, { num_hidden_layers: 99 }, { patch_size: 99 }, { num_features: 768 }];

  test.each(others)(
    'that says %j is another network’s: its heads are not used, and it is told',
    async (other) => {
      const config = { num_attention_heads: 8, layer_norm_eps: 1e-3, image_size: 1, ...other };
      expect(await openCheckpoint(plain, { config })).toMatchObject({
        error: { code: 'heads-unknown', embedDim },
      });
      const { architecture: found, ignored } = await open(plain, { config, numHeads: 4 });
      expect(found).toEqual({ ...architecture, numHeads: 4 });
      expect(ignored).toEqual([
        expect.stringMatching(/^config\.json \(another network's: its \w+ is \d+, and/),
      ]);
    },
  );

  test.each(others)('that a person named is refused where it says %j', async (other) => {
    const config = { num_attention_heads: 8, ...other };
    expect(await openCheckpoint(plain, { config, isConfigNamed: true })).toMatchObject({
      error: {
        problem: expect.stringMatching(/^the config that was given is another network's: its/) as string,
      },
    });
  });

  test('of the same sizes gives its heads and its epsilon', async () => {
    const sizes = { hidden_size: embedDim, num_hidden_layers: depth, patch_size: patchSize };
    const config = { ...sizes, num_attention_heads: 8, layer_norm_eps: 1e-5, hidden_act: 'gelu' };
    const { architecture: found, ignored } = await open(plain, { config });
    expect(found).toEqual({ ...architecture, numHeads: 8, layerNormEps: 1e-5 });
    expect(ignored).toEqual([]);
  });

  test('of a network of words is passed over', async () => {
    const config = { model_type: 'bert', vocab_size: 9, hidden_act: 'relu', num_attention_heads: 8 };
    expect(await openCheckpoint(plain, { config })).toMatchObject({ error: { code: 'heads-unknown' } });
  });

  test.each(['relu', 'quick_gelu', 'gelu_new'])('with the activation %s is refused', async (activation) => {
    expect(await openCheckpoint(plain, { config: { hidden_act: activation }, numHeads: 4 })).toMatchObject({
      error: { problem: expect.stringContaining(`the activation ${activation} (hidden_act`) as string },
    });
  });
});

describe('the normalisation beside a file', () => {
  const own = { image_mean: [0.5, 0.5, 0.5], image_std: [0.5, 0.5, 0.5] };
  const numHeads = 4;

  test.each<[string, CheckpointHints]>([
    ['none', { preprocessor: { do_resize: true } }],
    ['ImageNet’s', { preprocessor: { image_mean: [0.485, 0.456, 0.406], image_std: [0.229, 0.224, 0.225] } }],
    ['what is no config', { config: null, preprocessor: [] }],
    [
      'nulls',
      { preprocessor: { image_mean: null, image_std: null, rescale_factor: null, do_normalize: null } },
    ],
  ])('of %s changes no weight', async (_, hints) => {
    const opened = await open(plain, { numHeads, ...hints });
    expect(opened.ownNormalisation).toBeNull();
    expect([...opened.parameters]).toEqual([...parameters]);
  });

  test('is told where it is another than ImageNet’s', async () => {
    const normalisation = { mean: own.image_mean, std: own.image_std };
    expect((await open(plain, { numHeads, preprocessor: own })).ownNormalisation).toEqual(normalisation);
    const preprocessor = { do_normalize: false };
    const bare = { mean: [0, 0, 0], std: [1, 1, 1] };
    expect((await open(plain, { numHeads, preprocessor })).ownNormalisation).toEqual(bare);
    const each = { image_mean: 0.5, image_std: 0.5, do_rescale: false };
    expect((await open(plain, { numHeads, preprocessor: each })).ownNormalisation).toEqual(normalisation);
  });

  test('of 0.5 beside a mirror of DINO’s, where nobody said it, is not used, and is told', async () => {
    const config = { model_type: 'vit', num_attention_heads: numHeads };
    const hints = { config, preprocessor: own };
    const bare = await open(plain, hints);
    expect(bare.ownNormalisation).toBeNull();
    expect([...bare.parameters]).toEqual([...parameters]);
    expect(bare.ignored).toEqual(['preprocessor_config.json']);
    for (const name of ['classifier.weight', 'pooler.dense.weight']) {
      const head: readonly [string, NamedTensor] = [name, { shape: [1], values: Float32Array.of(1) }];
      const file = new Blob([makeSafetensors(new Map([...parameters, head]))]);
      expect((await open(file, hints)).ownNormalisation).not.toBeNull();
    }
    const said = { ...hints, preprocessor: { image_mean: [0.5, 0.5, 0.4], image_std: [0.5, 0.5, 0.5] } };
    expect((await open(plain, said)).ownNormalisation).not.toBeNull();
  });

  test.each<[string, object]>([
    ['has another size than DINO’s', { hidden_size: embedDim }],
    ['was trained on larger pictures', { image_size: 384 }],
    ['has the classes of a classifier that was taken off', { id2label: { 0: 'tench', 1: 'goldfish' } }],
    ['comes from Google’s by its name', { _name_or_path: 'google/vit-base-patch16-224-in21k' }],
  ])('of 0.5 is a network’s own where it %s', async (_, more) => {
    const config = { model_type: 'vit', num_attention_heads: numHeads, ...more };
    expect((await open(plain, { config, preprocessor: own })).ownNormalisation).not.toBeNull();
  });

  test('is another network’s where the config is, and is told', async () => {
    const opened = await open(plain, { numHeads, config: { hidden_size: 768 }, preprocessor: own });
    expect([...opened.parameters]).toEqual([...parameters]);
    expect(opened.ignored).toEqual([expect.stringMatching(/^config\.json/), 'preprocessor_config.json']);
  });

  test('is not used for a file of our own, which takes ImageNet’s', async () => {
    const metadata = { [architectureMetadata]: JSON.stringify(architecture) };
    const opened = await open(new Blob([makeSafetensors(parameters, metadata)]), { preprocessor: own });
    expect([...opened.parameters]).toEqual([...parameters]);
  });

  test.each<[string, CheckpointHints]>([
    [
      'image_std in its preprocessor_config.json is [0.5,0.5,0]',
      { preprocessor: { image_std: [0.5, 0.5, 0] } },
    ],
    ['image_mean in its preprocessor_config.json is [0.5]', { preprocessor: { image_mean: [0.5] } }],
    ['mean in its config.json is "0.5"', { config: { mean: '0.5' } }],
    ['rescale_factor in its preprocessor_config.json is 0', { preprocessor: { ...own, rescale_factor: 0 } }],
  ])('by which nothing can be computed is refused: %s', async (words, hints) => {
    expect(await openCheckpoint(plain, { numHeads, ...hints })).toMatchObject({
      error: { problem: `how its photographs are normalised cannot be used: ${words}` },
    });
  });
});

describe('options in a file', () => {
  const oblong = expectedNetwork('wrapped/oblong');
  const file = (args: Plain, beside: Plain = null): Blob => {
    const pickler = new TensorPickler();
    return pickler.file({ index: beside, model: pickler.tensors(oblong.parameters), args });
  };
  const rows = Object.fromEntries(Array.from({ length: 25_000 }, (_, i) => [`i${i}`, { label: i }]));
  /** `numpy.array([4, 8], 'u1')` */
  const numpySizes = {
    code: `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\ntcnumpy\ndtype\n(S'u1'\nI0\nI1\ntR(I3\nS'|'\nNNNI-1\nI-1\nI0\ntbI00\nC\x02\x04\x08tb`,
  };

  test.each<[string, Blob]>([
    ['as a list', file({ img_size: [4, 8] })],
    ['as an array of NumPy’s', file({ img_size: numpySizes })],
    [
      'behind twenty thousand others',
      file(instance('argparse.Namespace', { data: { img_size: [4, 8] } }), rows),
    ],
  ])('tell the size of its pictures: %s', async (_, blob) => {
    const { architecture: found } = await open(blob, { numHeads: 3 });
    expect(found.gridSize).toEqual([2, 4]);
  });

  const run = (args: Plain): Blob => {
    const pickler = new TensorPickler();
    return pickler.file({ model: pickler.tensors(parameters), args });
  };

  test.each<[string, Plain]>([
    ['in one dictionary', { embed_dim: embedDim, num_heads: 4, depth }],
    [
      'of an object',
      instance('argparse.Namespace', { hidden_size: embedDim, num_attention_heads: 4, num_layers: depth }),
    ],
    ['twice the same', { vit: { dim: embedDim, heads: 4, depth }, student: { dim: embedDim, heads: 4 } }],
  ])('tell how many heads a network of its width and depth has: %s', async (_, args) => {
    expect((await open(run(args))).architecture.numHeads).toBe(4);
  });

  test.each<[string, Plain]>([
    ['without a width, which may be another layer’s', { num_heads: 4, depth }],
    ['of another depth, as of a predictor', { embed_dim: embedDim, num_heads: 4, depth: depth + 1 }],
    ['of another width', { embed_dim: 2 * embedDim, num_heads: 4, depth }],
    ['of a network and its decoder', { embed_dim: embedDim, num_heads: 4, depth, decoder: { num_heads: 2 } }],
    ['that do not divide its width', { embed_dim: embedDim, num_heads: 3, depth }],
  ])('tell none: %s', async (_, args) => {
    expect(await openCheckpoint(run(args))).toMatchObject({ error: { code: 'heads-unknown' } });
  });
});

interface Layers {
  readonly heads: number;
  readonly eps?: number;
  readonly activation?: Pickled;
}

const gelu = torchModule({ type: 'torch.nn.modules.activation.GELU', attributes: { approximate: 'none' } });

/** One block after another, each with what PyTorch's modules say of themselves. */
const blocksOf = ({ heads, eps = 1e-6, activation = gelu }: Layers): Pickled =>
  torchModule({
    modules: Object.fromEntries(
      Array.from({ length: depth }, (_, block) => {
        const norm = torchModule({ attributes: { eps, normalized_shape: [embedDim] } });
        const attn = torchModule({ attributes: { num_heads: heads } });
        return [
          block,
          torchModule({
            modules: { norm1: norm, norm2: norm, attn, mlp: torchModule({ modules: { act: activation } }) },
          }),
        ];
      }),
    ),
  });

/** A network as PyTorch pickles it as an object. */
const networkOf = (
  pickler: TensorPickler,
  layers: Layers,
  beside: Readonly<Record<string, Pickled>> = {},
  tensors: ReadonlyMap<string, NamedTensor> = parameters,
): Pickled =>
  torchModule({ parameters: pickler.tensors(tensors), modules: { blocks: blocksOf(layers), ...beside } });

describe('a network that was saved as an object', () => {
  const file = (root: (pickler: TensorPickler) => Parameters<TensorPickler['file']>[0]): Blob => {
    const pickler = new TensorPickler();
    return pickler.file(root(pickler));
  };
  const many = Object.fromEntries(Array.from({ length: 25_000 }, (_, i) => [`i${i}`, { label: i }]));
  const attention = (heads: number): Pickled => torchModule({ attributes: { num_heads: heads } });

  test.each<[string, Blob, CheckpointHints]>([
    [
      'with a decoder',
      file((p) => networkOf(p, { heads: 4 }, { decoder_blocks: blocksOf({ heads: 2 }) })),
      {},
    ],
    ['with a head', file((p) => networkOf(p, { heads: 4 }, { pool: attention(8) })), {}],
    [
      'beside a student',
      file((p) => ({ student: networkOf(p, { heads: 2 }), teacher: networkOf(p, { heads: 4 }) })),
      {},
    ],
    [
      'in one object with a student',
      file((p) =>
        torchModule({
          modules: { student: networkOf(p, { heads: 2 }), teacher: networkOf(p, { heads: 4 }) },
        }),
      ),
      {},
    ],
    [
      'that is chosen',
      file((p) => ({ student: networkOf(p, { heads: 4 }), teacher: networkOf(p, { heads: 2 }) })),
      { network: 'student' },
    ],
    ['behind much else', file((p) => ({ index: many, model: networkOf(p, { heads: 4 }) })), {}],
    [
      'as TorchScript keeps it',
      file((p) =>
        instance('__torch__.ViT', {
          training: false,
          ...p.tensors(parameters),
          blocks: instance(
            '__torch__.Sequential',
            Object.fromEntries(
              Array.from({ length: depth }, (_, i) => [
                i,
                instance('__torch__.Block', { attn: instance('__torch__.Attn', { num_heads: 4 }) }),
              ]),
            ),
          ),
        }),
      ),
      {},
    ],
  ])('%s has its own head count', async (_, blob, hints) => {
    const opened = await open(blob, hints);
    expect(opened.architecture).toEqual({ ...architecture, numHeads: 4 });
    expect([...opened.parameters]).toEqual([...parameters]);
  });

  test('has its own epsilon behind much else', async () => {
    const opened = await open(file((p) => ({ index: many, model: networkOf(p, { heads: 4, eps: 1e-5 }) })));
    expect(opened.architecture.layerNormEps).toBe(1e-5);
  });

  test('with another activation than GELU is refused', async () => {
    const activation = torchModule({ type: 'torch.nn.modules.activation.ReLU' });
    expect(await openCheckpoint(file((p) => networkOf(p, { heads: 4, activation })))).toMatchObject({
      error: {
        problem: expect.stringContaining('another activation than GELU, ReLU (blocks.0.mlp.act)') as string,
      },
    });
  });
});

test('a network with layers that cannot be run is called what it is', async () => {
  const more = new Map(parameters).set('norm_pre.weight', {
    shape: [embedDim],
    values: new Float32Array(embedDim),
  });
  expect(await openCheckpoint(new Blob([makeSafetensors(more)]), { numHeads: 4 })).toMatchObject({
    error: {
      code: 'checkpoint-invalid',
      problem: expect.stringContaining('(it has norm_pre.weight)') as string,
    },
  });
});
