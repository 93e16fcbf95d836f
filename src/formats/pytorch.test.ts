import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openFixture } from '../testing/checkpoint-fixtures.ts';
import { checkpointFiles, expectedNetwork } from '../testing/checkpoint-networks.ts';
import { makeZip } from '../testing/make-zip.ts';
import { openPytorch } from './pytorch.ts';
import type { TensorParts } from './pytorch-tensors.ts';
import { isTree, type StoredTensor, type TensorTree } from './tensor-file.ts';

async function open(file: Blob): Promise<TensorParts> {
  const opened = await openPytorch(file);
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  return opened.value;
}

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

/** A pickle in text, as protocol 0 writes it: {name: tensor} with one storage, whose key is 0. */
const tensorPickle = ({
  shape = [2],
  strides = [1],
  offset = 0,
  elements = 2,
  type = 'FloatStorage',
}: {
  shape?: readonly number[];
  strides?: readonly number[];
  offset?: number | string;
  elements?: number;
  type?: string;
} = {}): Buffer => {
  const tuple = (sides: readonly number[]): string => `(${sides.map((side) => `I${side}\n`).join('')}t`;
  return Buffer.from(
    `}S'weight'\nctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\n${type}\nS'0'\nS'cpu'\nI${elements}\ntQ` +
      `I${offset}\n${tuple(shape)}${tuple(strides)}I00\nNtRs.`,
  );
};

const storage = Buffer.from(Float32Array.of(1.5, -2).buffer);
const zipOf = (pickle: Uint8Array, data: Uint8Array = storage): Blob =>
  makeZip([
    { name: 'archive/data.pkl', bytes: pickle },
    { name: 'archive/data/0', bytes: data },
  ]);

const zipBytes = await zipOf(tensorPickle()).slice(0).arrayBuffer();

describe('PyTorch’s own files', () => {
  const flat = checkpointFiles.filter(([file]) => !/full|deit|moco|model|dinov2/.test(file));

  test.each(flat)('%s loads to exactly the values of %s', async (file, network) => {
    const { tree, skipped } = await open(await openFixture(file));
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
      const { tree, skipped } = await open(await openFixture(file));
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
    const { tree, skipped } = await open(await openFixture('odd.pth'));
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
    const { tree } = await open(new WatchedBlob([await (await openFixture(file)).arrayBuffer()]));
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
    const values = await tensorAt((await open(file)).tree, 'weight').read();
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
    expect(await tensorAt((await open(file)).tree, 'weight').read()).toEqual(Float32Array.of(1.5, -2));
  });

  test('the older layout with a pickle longer than the first reading, in text', async () => {
    const filler = `S'${'x'.repeat(300_000)}'\n0`;
    const pickles = `L119547037146038801333356L\n.I1001\n.N.${filler}${tensorPickle().toString()}(S'0'\nl.`;
    const count = Buffer.from(BigInt64Array.of(2n).buffer);
    const file = new Blob([Uint8Array.from(Buffer.concat([Buffer.from(pickles), count, storage]))]);
    expect(await tensorAt((await open(file)).tree, 'weight').read()).toEqual(Float32Array.of(1.5, -2));
    const wrong = Buffer.from(BigInt64Array.of(3n).buffer);
    const other = new Blob([Uint8Array.from(Buffer.concat([Buffer.from(pickles), wrong, storage]))]);
    await expect(tensorAt((await open(other)).tree, 'weight').read()).rejects.toMatchObject({
      failure: { code: 'checkpoint-invalid', problem: 'the storage 0 is not where it should be' },
    });
  });

  test('a stride of zero repeats a value', async () => {
    const pickle = tensorPickle({ shape: [2, 3], strides: [1, 0] });
    const values = await tensorAt((await open(zipOf(pickle))).tree, 'weight').read();
    expect(values).toEqual(Float32Array.of(1.5, 1.5, 1.5, -2, -2, -2));
  });

  test('a tensor whose sign is turned by a flag beside it is turned', async () => {
    const flagged = tensorPickle().toString().replace('NtRs.', "N}S'neg'\n\x88stRs.");
    const values = await tensorAt((await open(zipOf(Buffer.from(flagged, 'latin1')))).tree, 'weight').read();
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
    const { tree, skipped } = await open(zipOf(Buffer.from(pickle, 'latin1')));
    expect([...tree.keys()]).toEqual(names);
    for (const name of names) expect(await tensorAt(tree, name).read()).toEqual(Float32Array.of(1.5, -2));
    expect(skipped).toEqual([]);
  });

  test('an object in a dictionary is a dictionary where it has tensors, else it is named by its type', async () => {
    const { tree, skipped } = await open(
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
    expect((await open(zipOf(Buffer.from(shared, 'latin1')))).skipped).toEqual(['my.Own']);
    const circle = `cmy\nOwn\n)\x81p0\n${dict({ self: 'g0\n', weight: tensor })}b.`;
    const { tree } = await open(zipOf(Buffer.from(circle, 'latin1')));
    expect([...tree.keys()]).toEqual(['weight']);
  });

  const own = `cmy\nOwn\n)\x81}S'w'\ng0\ns`;
  const memoised = `${tensor}p0\n0`;

  test('a hundred thousand objects in another are read in a moment', async () => {
    const objects = Array.from({ length: 100_000 }, (_, i) => `S'${i}'\n${own}b`);
    const wide = `${memoised}cmy\nOwn\n)\x81}(${objects.join('')}ub.`;
    expect((await open(zipOf(Buffer.from(wide, 'latin1')))).tree.size).toBe(100_000);
  });

  test('objects ten thousand deep make no names of ten thousand parts', async () => {
    const deep = `${memoised}${`${own}S'c'\n`.repeat(10_000)}K\x01${'sb'.repeat(10_000)}.`;
    const names = [...(await open(zipOf(Buffer.from(deep, 'latin1')))).tree.keys()];
    expect(names.slice(0, 2)).toEqual(['w', 'c.w']);
    expect(names.every((name) => name.length < 1100)).toBe(true);
  });

  test('dictionaries nested a hundred thousand deep, and one that holds itself, cost nothing', async () => {
    const deep = Buffer.from(`${"}S'a'\n".repeat(100_000)}}${'s'.repeat(100_000)}.`);
    expect((await open(zipOf(deep))).skipped).toEqual([]);
    const { tree } = await open(zipOf(Buffer.from("}p0\nS'self'\ng0\ns.")));
    expect(treeAt(tree, 'self')).toBe(tree);
  });
});

const legacy = async (): Promise<Blob> => openFixture('dino-legacy.pth');
const zip = async (): Promise<Blob> => openFixture('dino.pth');

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
    expect(await tensorAt((await open(file)).tree, 'weight').read()).toEqual(Float32Array.of(1.5, -2));
  });

  test('is refused where zeros that unpack to a thousand times its size are read', async () => {
    await expect(tensorAt((await open(file)).tree, 'zeros').read()).rejects.toMatchObject({
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
    const { tree } = await open(
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

describe('a wrong file is refused with what is wrong', () => {
  test.each<[string, Uint8Array | string, RegExp]>([
    ['an empty file', '', /it is empty/],
    ['a web page', '\n<!DOCTYPE html><html>', /a web page/],
    ['an error message', '{"error": "not found"}', /it is JSON/],
    ['a Git LFS pointer', 'version https://git-lfs.github.com/spec/v1\n', /Git LFS pointer/],
    ['a gzip file', Uint8Array.of(0x1f, 0x8b, 8, 0), /gzip/],
    ['a photograph', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), /a photograph \(JPEG\), and no checkpoint/],
    ['another archive', '7z\xbc\xaf\x27\x1c', /a 7-Zip archive; unpack it first/],
    ['a page after the mark of its encoding', '\xef\xbb\xbf<!-- x -->\n<html>', /a web page/],
    [
      'text',
      'Not Found\n',
      /it is text, and neither a safetensors nor a PyTorch file; it begins with "Not Found"/,
    ],
    ['something else', '\x08\x01\x12\xff', /^it is neither a safetensors nor a PyTorch file$/],
    ['zeros', new Uint8Array(600), /begins with zeros/],
    ['the tar layout', `${'storages'.padEnd(257, '\0')}ustar`.padEnd(512, '\0'), /tar layout .* before 2017/],
    [
      'a tar archive',
      `${'run/dino.pth'.padEnd(257, '\0')}ustar  `.padEnd(512, '\0'),
      /a tar archive that holds run\/dino\.pth; unpack it first/,
    ],
    ['an answer of a host of files', '<Error><Code>AccessDenied</Code>', /it is a web page/],
    ['a part of a page', '<head><title>Sign in', /it is a web page/],
    ['another pickle', '\x80\x02}.', /not one that torch\.save wrote/],
    ['another pickle, of plain values', "\x80\x02}S'a'\n}S'b'\nK\x01ss.", /not one that torch\.save wrote/],
    ['half a zip', 'PK\x03\x04 and nothing more that would be of use', /the end of its archive is missing/],
  ])('%s', async (_, content, problem) => {
    const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content;
    expect(await openPytorch(new Blob([Uint8Array.from(bytes)]))).toEqual({
      ok: false,
      error: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
    });
  });

  test.each<[string, Blob, RegExp]>([
    [
      'another zip',
      makeZip([{ name: 'a/photo.jpg', bytes: storage }]),
      /no data\.pkl \(it holds a\/photo\.jpg\)/,
    ],
    [
      'a zip that holds a checkpoint',
      makeZip([{ name: 'a/dino.pth', bytes: storage }]),
      /a zip archive that holds a\/dino\.pth; unpack it first/,
    ],
    [
      'a tensor by itself',
      zipOf(Buffer.from(`${tensorPickle().toString().slice(11, -2)}.`)),
      /a single tensor/,
    ],
    [
      'an archive that is compressed, and damaged',
      makeZip([{ name: 'a/data.pkl', bytes: storage, method: 8 }]),
      /data\.pkl is compressed, and damaged/,
    ],
    [
      'an archive that is compressed in a rare way',
      makeZip([{ name: 'a/data.pkl', bytes: storage, method: 93 }]),
      /data\.pkl is encrypted or compressed in a rare way/,
    ],
    [
      'an entry that says less than it unpacks to',
      makeZip([{ name: 'a/data.pkl', bytes: deflateRawSync(tensorPickle()), method: 8, unpackedBytes: 40 }]),
      /data\.pkl is compressed, and damaged/,
    ],
    [
      'an entry that says more than its bytes can hold',
      makeZip([
        { name: 'a/data.pkl', bytes: deflateRawSync(tensorPickle()), method: 8, unpackedBytes: 2 ** 31 },
      ]),
      /more than 16 times its size/,
    ],
    [
      'tensors one after the other, as torch.distributed keeps them',
      new Blob([zipBytes, zipBytes]),
      /several archives one after the other; .* make one file of their folder first .*dcp_to_torch_save/,
    ],
    [
      'such a part by its name',
      new File([zipBytes], '__0_0.distcp'),
      /^it is a part of a checkpoint; .*dcp_to_torch_save/,
    ],
    [
      'the list of such parts',
      new Blob([Buffer.from('\x80\x02ctorch.distributed.checkpoint.metadata\nMetadata\n)\x81.', 'latin1')]),
      /^it is no checkpoint, but a list of its parts; .*dcp_to_torch_save/,
    ],
    ['no storage', makeZip([{ name: 'a/data.pkl', bytes: tensorPickle() }]), /storage 0 is missing/],
    ['half a storage', zipOf(tensorPickle(), storage.subarray(4)), /storage 0 is shorter/],
    ['a shape beyond the storage', zipOf(tensorPickle({ shape: [3] })), /weight reaches beyond its storage/],
    ['a stride beyond it', zipOf(tensorPickle({ strides: [2] })), /weight reaches beyond its storage/],
    ['an offset beyond it', zipOf(tensorPickle({ offset: 1 })), /weight reaches beyond its storage/],
    ['a negative offset', zipOf(tensorPickle({ offset: -1 })), /a tensor without a storage/],
    ['a negative stride', zipOf(tensorPickle({ strides: [-1] })), /a tensor without a storage/],
    ['fewer strides than sides', zipOf(tensorPickle({ shape: [2, 1] })), /a tensor without a storage/],
    [
      'a trillion repeated values',
      zipOf(tensorPickle({ shape: [1e12], strides: [0] })),
      /larger than the file/,
    ],
    [
      'a shape whose product overflows before it is multiplied by zero',
      zipOf(
        tensorPickle({ shape: [...Array<number>(30).fill(2 ** 52), 0], strides: Array<number>(31).fill(1) }),
      ),
      /weight reaches beyond its storage/,
    ],
    ['a pickle without an end', zipOf(tensorPickle().subarray(0, 60)), /its pickle ends too early/],
    ['an unknown opcode', zipOf(Buffer.from('}\xff.', 'latin1')), /the opcode 0xff is not known/],
    ['a pickle that takes from nothing', zipOf(Buffer.from('0.')), /its stack is empty/],
    ['a whole network', zipOf(Buffer.from('cmy.models\nNet\n)\x81.', 'latin1')), /a whole my\.models\.Net/],
    ['a number', zipOf(Buffer.from('I5\n.')), /no dictionary of tensors/],
    [
      'one tensor that is named a million times and more',
      zipOf(Buffer.from(`(${tensorPickle().toString().slice(11, -2)}p0\n${'h\0'.repeat(1_100_000)}l.`)),
      /names more than 1000000 tensors/,
    ],
    [
      'a list of pairs that is made a dictionary of again and again',
      zipOf(
        Buffer.from(
          `((${'(I1\nI2\nt'.repeat(2000)}lp0\n${'ccollections\nOrderedDict\n(g0\ntR'.repeat(2000)}l.`,
        ),
      ),
      /repeats a list too often/,
    ],
    ['a text of 4 GB', zipOf(Buffer.from('X\xff\xff\xff\xff.', 'latin1')), /ends too early/],
  ])('%s', async (_, file, problem) => {
    expect(await openPytorch(file)).toEqual({
      ok: false,
      error: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
    });
  });

  test('two of PyTorch’s archives one after the other are told apart from one', async () => {
    const file = new Blob([await zip(), await zip()]);
    expect(await openPytorch(file)).toMatchObject({
      ok: false,
      error: { problem: expect.stringMatching(/^it is several archives one after the other/) as string },
    });
  });

  test.each([
    ['the zip layout', zip, 2000],
    ['the zip layout by its last byte', zip, -1],
    ['the older layout, in its pickle', legacy, 3000],
    ['the older layout, in its storages', legacy, -1],
  ] as const)('%s, cut short', async (_, file, end) => {
    const opened = await openPytorch((await file()).slice(0, end));
    expect(opened).toMatchObject({
      ok: false,
      error: { code: 'checkpoint-invalid', problem: expect.stringMatching(/cut short|missing/) as string },
    });
  });
});

test('what a pickle would run is not run, only named', async () => {
  const pickle = Buffer.from("}S'a'\ncos\nsystem\n(S'exit 1'\ntRs.");
  expect(await open(zipOf(pickle))).toMatchObject({ skipped: ['os.system'], tree: new Map() });
});

describe('arrays of NumPy’s', () => {
  // numpy.dtype('f4', False, True) and its state, as NumPy pickles it.
  const dtype = "cnumpy\ndtype\n(S'f4'\nI00\nI01\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntb";
  /** @param data a pickle's opcodes that make the bytes, a letter a byte */
  const arrayPickle = (data: string, shape = 'I40000\n', order = 'I00\n', type = dtype): Buffer =>
    Buffer.from(
      `}S'a'\ncnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR` +
        `(I1\n(${shape}t${type}${order}${data}tbs.`,
      'latin1',
    );
  const values = Float32Array.from({ length: 40_000 }, (_, i) => Math.sin(i));
  const bytes = Buffer.from(values.buffer);
  const lengthOf = (byteLength: number): string => {
    const length = Buffer.alloc(4);
    length.writeUInt32LE(byteLength);
    return length.toString('latin1');
  };
  /** As protocol 2 has them: a text, in UTF-8, that is encoded. */
  const encoded = (text: string, encoding = 'latin1'): string => {
    const utf8 = Buffer.from(text);
    return `c_codecs\nencode\n(X${lengthOf(utf8.length)}${utf8.toString('latin1')}S'${encoding}'\ntR`;
  };

  async function valuesOf(pickle: Buffer): Promise<unknown> {
    const { tree } = await open(zipOf(pickle));
    const tensor = tree.get('a');
    if (tensor === undefined || isTree(tensor)) throw new Error('no tensor');
    return tensor.read().catch((error: Error) => error);
  }

  test.each([
    ['as bytes', `B${lengthOf(bytes.length)}${bytes.toString('latin1')}`],
    ['as a long text that is encoded', encoded(bytes.toString('latin1'))],
  ])('are read %s', async (_, data) => {
    expect(await valuesOf(arrayPickle(data))).toEqual(values);
  });

  test.each<[string, Buffer]>([
    ['too few bytes', arrayPickle('C\x04abcd')],
    ['more bytes than values', arrayPickle('C\x08abcdefgh', 'I1\n')],
    ['a text that nobody encoded', arrayPickle("S'abcd'\n", 'I1\n')],
    ['a long text that nobody encoded', arrayPickle(`X${lengthOf(160_000)}${'a'.repeat(160_000)}`)],
    ['letters that are no bytes', arrayPickle(encoded('abc\u0101'), 'I1\n')],
    ['many letters that are no bytes', arrayPickle(encoded('\u0101'.repeat(160_000)))],
    ['another encoding', arrayPickle(encoded('abcd', 'utf-16'), 'I1\n')],
    ['a type of its own', arrayPickle('C\x04abcd', 'I1\n', 'I00\n', 'cmy\ndtype\n(tR')],
    ['objects', arrayPickle('(K\x01l', 'I1\n')],
    ['a side that is none', arrayPickle('C\x04abcd', 'I-1\n')],
  ])('are refused with %s', async (_, pickle) => {
    const refused = (await valuesOf(pickle)) as { failure?: unknown };
    expect(refused.failure).toMatchObject({ code: 'checkpoint-invalid' });
  });
});
