import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openFixture } from '../testing/checkpoint-fixtures.ts';
import { checkpointFiles, expectedNetwork } from '../testing/checkpoint-networks.ts';
import { makeZip } from '../testing/make-zip.ts';
import { openTensorParts, storage, tensorPickle, zipOf } from '../testing/tensor-pickles.ts';
import { isTree, type StoredTensor, type TensorTree } from './tensor-file.ts';

function treeAt(tree: TensorTree, name: string): TensorTree {
  const node = tree.get(name);
  if (node === undefined || !isTree(node)) throw new Error(`${name} is no dictionary`);
  return node;
}

function tensorAt(tree: TensorTree, name: string): StoredTensor {
  const node = tree.get(name);
  if (node === undefined || isTree(node)) throw new Error(`${name} is no tensor`);
  return node;
}

describe('PyTorch’s own files', () => {
  const flat = checkpointFiles.filter(([file]) => !/full|deit|moco|model|dinov2/.test(file));

  test.each(flat)('%s loads to exactly the values of %s', async (file, network) => {
    const { tree, skipped } = await openTensorParts(await openFixture(file));
    const { parameters } = expectedNetwork(network);
    expect([...tree.keys()]).toEqual([...parameters.keys()]);
    for (const [name, { shape, values }] of parameters) {
      const tensor = tensorAt(tree, name);
      expect(tensor.shape).toEqual(shape);
      expect(await tensor.read()).toEqual(values);
    }
    expect(skipped).toEqual([]);
  });

  test.each(['full.pth', 'full-legacy.pth'])(
    '%s keeps its dictionaries apart, runs nothing',
    async (file) => {
      const { tree, skipped } = await openTensorParts(await openFixture(file));
      expect([...tree.keys()]).toEqual(['student', 'teacher', 'optimizer', 'dino_loss']);
      const teacher = tensorAt(treeAt(tree, 'teacher'), 'backbone.cls_token');
      const student = tensorAt(treeAt(tree, 'student'), 'module.backbone.cls_token');
      expect(await teacher.read()).toEqual(expectedNetwork('dino').parameters.get('cls_token')?.values);
      expect(await student.read()).toEqual(expectedNetwork('student').parameters.get('cls_token')?.values);
      const moments = treeAt(treeAt(treeAt(tree, 'optimizer'), 'state'), '0');
      expect(tensorAt(moments, 'exp_avg').shape).toEqual([1, 1, 12]);
      expect(skipped.toSorted()).toEqual(['argparse.Namespace', 'numpy.core.multiarray.scalar']);
    },
  );

  test('scalars, empty tensors, lists and keys that are numbers; whole numbers have no values', async () => {
    const { tree, skipped } = await openTensorParts(await openFixture('odd.pth'));
    expect([...tree.keys()]).toEqual(['scalar', 'empty', 'integers', 'flags', 'nested']);
    expect(tensorAt(tree, 'scalar').shape).toEqual([]);
    expect(await tensorAt(tree, 'scalar').read()).toEqual(Float32Array.of(1.5));
    expect(tensorAt(tree, 'empty').shape).toEqual([0, 3]);
    expect(await tensorAt(tree, 'empty').read()).toEqual(new Float32Array());
    const nested = treeAt(tree, 'nested');
    expect(await tensorAt(treeAt(nested, 'list'), '0').read()).toEqual(Float32Array.of(1, 2));
    expect(await tensorAt(nested, '7').read()).toEqual(Float32Array.of(3));
    expect(skipped).toEqual([]);
    expect(tensorAt(tree, 'flags')).toMatchObject({ shape: [2], storedType: 'torch.BoolStorage' });
    await expect(tensorAt(tree, 'integers').read()).rejects.toMatchObject({
      failure: { problem: 'integers is stored as torch.LongStorage, which cannot be read' },
    });
  });

  test.each(['dino.pth', 'dino-legacy.pth'])('%s is read no further than what is asked for', async (file) => {
    const ranges: [number, number][] = [];
    class WatchedBlob extends Blob {
      override slice(begin = 0, end = this.size): Blob {
        ranges.push([begin, end]);
        return super.slice(begin, end);
      }
    }
    const { tree } = await openTensorParts(new WatchedBlob([await (await openFixture(file)).arrayBuffer()]));
    ranges.length = 0;
    const values = await tensorAt(tree, 'blocks.1.mlp.fc1.weight').read();
    const lengths = ranges.map(([begin, end]) => end - begin);
    // The header or the count of elements, then the bytes themselves.
    expect(lengths).toEqual([file === 'dino.pth' ? 30 : 8, values.byteLength]);
  });
});

describe('files of our own', () => {
  test('a big-endian machine’s values are turned round', async () => {
    const file = makeZip([
      { name: 'any name/data.pkl', bytes: tensorPickle() },
      { name: 'any name/byteorder', bytes: Buffer.from('big') },
      { name: 'any name/data/0', bytes: Uint8Array.from(storage).toReversed() },
    ]);
    const values = await tensorAt((await openTensorParts(file)).tree, 'weight').read();
    expect(values).toEqual(Float32Array.of(-2, 1.5));
  });

  test('a file of 5 GiB (ZIP64) is read like any other', async () => {
    const file = makeZip(
      [
        { name: 'archive/data.pkl', bytes: tensorPickle() },
        { name: 'archive/data/0', bytes: storage, holeBytes: 5 * 2 ** 30 },
      ],
      true,
    );
    expect(file.size).toBeGreaterThan(5 * 2 ** 30);
    expect(await tensorAt((await openTensorParts(file)).tree, 'weight').read()).toEqual(
      Float32Array.of(1.5, -2),
    );
  });

  test('the older layout with a pickle longer than the first reading, in text', async () => {
    const filler = `S'${'x'.repeat(300_000)}'\n0`;
    const pickles = `L119547037146038801333356L\n.I1001\n.N.${filler}${tensorPickle().toString()}(S'0'\nl.`;
    const count = Buffer.from(BigInt64Array.of(2n).buffer);
    const file = new Blob([Uint8Array.from(Buffer.concat([Buffer.from(pickles), count, storage]))]);
    expect(await tensorAt((await openTensorParts(file)).tree, 'weight').read()).toEqual(
      Float32Array.of(1.5, -2),
    );
    const wrong = Buffer.from(BigInt64Array.of(3n).buffer);
    const other = new Blob([Uint8Array.from(Buffer.concat([Buffer.from(pickles), wrong, storage]))]);
    await expect(tensorAt((await openTensorParts(other)).tree, 'weight').read()).rejects.toMatchObject({
      failure: { code: 'checkpoint-invalid', problem: 'the storage 0 is not where it should be' },
    });
  });

  test('a stride of zero repeats a value', async () => {
    const pickle = tensorPickle({ shape: [2, 3], strides: [1, 0] });
    const values = await tensorAt((await openTensorParts(zipOf(pickle))).tree, 'weight').read();
    expect(values).toEqual(Float32Array.of(1.5, 1.5, 1.5, -2, -2, -2));
  });

  test('a tensor whose sign is turned by a flag beside it is turned', async () => {
    const flagged = tensorPickle().toString().replace('NtRs.', "N}S'neg'\n\x88stRs.");
    const values = await tensorAt(
      (await openTensorParts(zipOf(Buffer.from(flagged, 'latin1')))).tree,
      'weight',
    ).read();
    expect(values).toEqual(Float32Array.of(-1.5, 2));
  });

  /** Of `tensorPickle`, the tensor without the dictionary around it. */
  const tensor = tensorPickle().toString().slice(11, -2);
  const object = (name: string, state: string): string => `c${name}\n)\x81${state}b`;
  const dict = (entries: Record<string, string>): string =>
    `}${Object.entries(entries)
      .map(([name, value]) => `S'${name}'\n${value}s`)
      .join('')}`;
  const module = (
    parts: Readonly<Record<'_parameters' | '_buffers' | '_modules', string>>,
    others: Record<string, string> = {},
  ): string => object('models\nVit', dict({ ...parts, ...others }));
  const layer = module({ _parameters: dict({ weight: tensor, bias: 'N' }), _buffers: '}', _modules: '}' });
  const whole = module(
    {
      _parameters: dict({ cls_token: tensor }),
      _buffers: dict({ mean: tensor, mask: tensor }),
      _modules: dict({
        norm: layer,
        blocks: module({ _parameters: '}', _buffers: '}', _modules: dict({ 0: layer }) }),
      }),
    },
    { _non_persistent_buffers_set: `cbuiltins\nset\n((lS'mask'\natR`, cache: dict({ kept: tensor }) },
  );

  test.each<[string, string, string[]]>([
    [
      'a whole network has the names of its state dict',
      `${whole}.`,
      ['cls_token', 'mean', 'norm.weight', 'blocks.0.weight'],
    ],
    [
      'of TorchScript, where all attributes are parameters or modules',
      `${object('__torch__\nVit', dict({ cls_token: tensor, norm: object('__torch__\nNorm', dict({ weight: tensor })) }))}.`,
      ['cls_token', 'norm.weight'],
    ],
    ['a class of its own that is a dictionary', `cmy\nDict\n)\x81S'weight'\n${tensor}s.`, ['weight']],
    [
      'one that has attributes, too',
      `cmy\nDict\n)\x81S'weight'\n${tensor}s${dict({ _metadata: '}' })}b.`,
      ['weight'],
    ],
  ])('%s', async (_, pickle, names) => {
    const { tree, skipped } = await openTensorParts(zipOf(Buffer.from(pickle, 'latin1')));
    expect([...tree.keys()]).toEqual(names);
    for (const name of names) expect(await tensorAt(tree, name).read()).toEqual(Float32Array.of(1.5, -2));
    expect(skipped).toEqual([]);
  });

  test('an object in a dictionary is a dictionary where it has tensors, else it is named by its type', async () => {
    const { tree, skipped } = await openTensorParts(
      zipOf(
        Buffer.from(
          `${dict({ model: whole, args: object('argparse\nNamespace', dict({ lr: 'I1\n' })) })}.`,
          'latin1',
        ),
      ),
    );
    expect([...tree.keys()]).toEqual(['model']);
    expect([...treeAt(tree, 'model').keys()]).toEqual([
      'cls_token',
      'mean',
      'norm.weight',
      'blocks.0.weight',
    ]);
    expect(skipped).toEqual(['argparse.Namespace']);
  });

  test('attributes that a hundred thousand objects share, and an object that holds itself, cost nothing', async () => {
    const shared = `(${dict({ a: 'I1\n' })}p0\n${'cmy\nOwn\n)\x81g0\nb'.repeat(100_000)}l.`;
    expect((await openTensorParts(zipOf(Buffer.from(shared, 'latin1')))).skipped).toEqual(['my.Own']);
    const circle = `cmy\nOwn\n)\x81p0\n${dict({ self: 'g0\n', weight: tensor })}b.`;
    const { tree } = await openTensorParts(zipOf(Buffer.from(circle, 'latin1')));
    expect([...tree.keys()]).toEqual(['weight']);
  });

  const own = `cmy\nOwn\n)\x81}S'w'\ng0\ns`;
  const memoised = `${tensor}p0\n0`;

  test('a hundred thousand objects in another are read in a moment', async () => {
    const objects = Array.from({ length: 100_000 }, (_, i) => `S'${i}'\n${own}b`);
    const wide = `${memoised}cmy\nOwn\n)\x81}(${objects.join('')}ub.`;
    expect((await openTensorParts(zipOf(Buffer.from(wide, 'latin1')))).tree.size).toBe(100_000);
  });

  test('objects ten thousand deep make no names of ten thousand parts', async () => {
    const deep = `${memoised}${`${own}S'c'\n`.repeat(10_000)}K\x01${'sb'.repeat(10_000)}.`;
    const names = [...(await openTensorParts(zipOf(Buffer.from(deep, 'latin1')))).tree.keys()];
    expect(names.slice(0, 2)).toEqual(['w', 'c.w']);
    expect(names.every((name) => name.length < 1100)).toBe(true);
  });

  test('dictionaries nested a hundred thousand deep, and one that holds itself, cost nothing', async () => {
    const deep = Buffer.from(`${"}S'a'\n".repeat(100_000)}}${'s'.repeat(100_000)}.`);
    expect((await openTensorParts(zipOf(deep))).skipped).toEqual([]);
    const { tree } = await openTensorParts(zipOf(Buffer.from("}p0\nS'self'\ng0\ns.")));
    expect(treeAt(tree, 'self')).toBe(tree);
  });
});

describe('a compressed archive', () => {
  const zeros = { bytes: deflateRawSync(Buffer.alloc(1e6)), method: 8, unpackedBytes: 1e6 };
  /** Its second tensor is all zeros. */
  const file = makeZip([
    {
      name: 'a/data.pkl',
      bytes: Buffer.from(
        tensorPickle().toString().slice(0, -1) +
          tensorPickle({ elements: 250_000 })
            .toString()
            .slice(1)
            .replace("'weight'", "'zeros'")
            .replace("S'0'", "S'1'"),
      ),
    },
    { name: 'a/data/0', bytes: storage },
    { name: 'a/data/1', ...zeros },
  ]);

  test('may hold zeros that nobody reads', async () => {
    expect(await tensorAt((await openTensorParts(file)).tree, 'weight').read()).toEqual(
      Float32Array.of(1.5, -2),
    );
  });

  test('is refused where zeros that unpack to a thousand times its size are read', async () => {
    await expect(tensorAt((await openTensorParts(file)).tree, 'zeros').read()).rejects.toMatchObject({
      failure: { problem: 'it would unpack to more than 16 times its size, which no network does' },
    });
  });

  test('of NumPy may hold zeros that nobody reads, and is refused where these are read', async () => {
    const header = (shape: string): Buffer =>
      Buffer.from(
        `\x93NUMPY\x01\0\x46\0${`{'descr': '<f4', 'fortran_order': False, 'shape': (${shape},), }`.padEnd(69)}\n`,
        'latin1',
      );
    const large = Buffer.concat([header('250000'), Buffer.alloc(1e6)]);
    const { tree } = await openTensorParts(
      makeZip([
        { name: 'weight.npy', bytes: Buffer.concat([header('2'), storage]) },
        { name: 'zeros.npy', bytes: deflateRawSync(large), method: 8, unpackedBytes: large.length },
      ]),
    );
    expect(await tensorAt(tree, 'weight').read()).toEqual(Float32Array.of(1.5, -2));
    await expect(tensorAt(tree, 'zeros').read()).rejects.toMatchObject({
      failure: { problem: expect.stringContaining('more than 16 times its size') as string },
    });
  });
});
