import { describe, expect, test, vi } from 'vitest';
import { call, codeOf, global, tuple } from '../testing/make-pickle.ts';
import { openPytorch } from './pytorch.ts';
import { isTree } from './tensor-file.ts';

const bytes = (latin1: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(latin1, 'latin1'));

const values = Buffer.from(Float32Array.of(1.5, -2).buffer);
const count = Buffer.from(BigInt64Array.of(2n).buffer);
const id = codeOf(tuple('storage', global('torch.FloatStorage'), '7', 'cpu', 2, null));

/** One storage as torch.save writes it in the older layout. */
const storageFile = (root = `${id}Q`): string =>
  `L119547037146038801333356L\n.I1001\n.N.${root}.(S'7'\nl.${Buffer.concat([count, values]).toString('latin1')}`;

/** As protocols from 3 on write bytes. */
const asBytes = (content: string): string => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(content.length);
  return `B${length.toString('latin1')}${content}`;
};

/** As protocol 2 does: a text in UTF-8 whose letters are the bytes. */
const asText = (content: string): string => {
  const text = Buffer.from(content, 'utf8').toString('latin1');
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return codeOf(call('_codecs.encode', { code: `X${length.toString('latin1')}${text}` }, 'latin1'));
};

const fileOf = (storage: string): Blob => {
  const loaded = call('torch.storage._load_from_bytes', { code: storage });
  const tensor = call('torch._utils._rebuild_tensor_v2', loaded, 0, tuple(2), tuple(1), false, null);
  return new Blob([bytes(`\x80\x02${codeOf({ weight: tensor })}.`)]);
};

describe('a state dict that pickle.dump wrote', () => {
  test.each([
    ['as bytes', asBytes(storageFile())],
    ['as a text', asText(storageFile())],
    ['as a long text', asText(storageFile(`${id}Q(S'${'x'.repeat(5000)}'\n00`))],
  ])('has its values, %s', async (_, storage) => {
    const opened = await openPytorch(fileOf(storage));
    if (!opened.ok) throw new Error(JSON.stringify(opened.error));
    const node = opened.value.tree.get('weight');
    if (node === undefined || isTree(node)) throw new Error('there is no weight');
    expect(node.shape).toEqual([2]);
    expect(await node.read()).toEqual(Float32Array.of(1.5, -2));
  });

  test.each<[string, string, RegExp]>([
    ['something else', asBytes('no pickle at all'), /damaged/],
    ['another pickle', asBytes('}.'), /has a storage whose bytes are none of torch\.save’s/],
    ['a dictionary', asBytes(storageFile('}')), /has a storage whose bytes are none of torch\.save’s/],
    ['half a storage', asBytes(storageFile().slice(0, -4)), /4 bytes beyond the file; it was cut short/],
    ['no bytes', 'N', /has a storage without bytes/],
    [
      'a storage within it again, which is not looked for',
      asBytes(storageFile(codeOf(call('torch.storage._load_from_bytes', { code: asBytes(storageFile()) })))),
      /its storage 7 belongs to no tensor|within 0 is missing/,
    ],
  ])('is refused where a storage holds %s', async (_, storage, problem) => {
    expect(await openPytorch(fileOf(storage))).toEqual({
      ok: false,
      error: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
    });
  });

  test('in which many tensors have one storage reads it once', async () => {
    const loaded = codeOf(call('torch.storage._load_from_bytes', { code: `${asBytes(storageFile())}p0\n` }));
    const again = 'ctorch.storage\n_load_from_bytes\n(g0\ntR';
    const file = new Blob([bytes(`\x80\x02(${loaded}${again.repeat(100_000)}l.`)]);
    const slices = vi.spyOn(Blob.prototype, 'slice');
    expect(await openPytorch(file)).toMatchObject({ ok: false });
    expect(slices.mock.calls.length).toBeLessThan(100);
    slices.mockRestore();
  });
});

const array = {
  code: `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\ntcnumpy\ndtype\n(S'f4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nB\x08\0\0\0${values.toString('latin1')}tb`,
};
const embedded = call('torch.storage._load_from_bytes', { code: asBytes(storageFile()) });
const inner = tuple(embedded, 0, tuple(2), tuple(1), false, {});
const fromArray = call(
  'torch._utils._rebuild_device_tensor_from_numpy',
  array,
  global('torch.float32'),
  'xla',
  false,
);

test.each([
  [
    'a subclass, in the first way',
    call(
      'torch._tensor._rebuild_from_type',
      global('torch._utils._rebuild_tensor_v2'),
      global('my.T'),
      inner,
      {},
    ),
  ],
  [
    'a subclass',
    call(
      'torch._tensor._rebuild_from_type_v2',
      global('torch._utils._rebuild_tensor_v2'),
      global('my.T'),
      inner,
      {},
    ),
  ],
  [
    'a subclass of a parameter',
    call(
      'torch._tensor._rebuild_from_type_v2',
      global('torch._utils._rebuild_parameter'),
      global('my.P'),
      tuple(call('torch._utils._rebuild_tensor_v2', embedded, 0, tuple(2), tuple(1), false, {}), true, {}),
      {},
    ),
  ],
  ['a device’s, of an array', fromArray],
  ['a TPU’s', call('torch._utils._rebuild_xla_tensor', array, global('torch.float32'), 'xla:1', false)],
  ['a device’s, in a parameter', call('torch._utils._rebuild_parameter', fromArray, true, {})],
])('a tensor is read that is %s', async (_, tensor) => {
  const opened = await openPytorch(new Blob([bytes(`\x80\x02${codeOf({ weight: tensor })}.`)]));
  if (!opened.ok) throw new Error(JSON.stringify(opened.error));
  const node = opened.value.tree.get('weight');
  if (node === undefined || isTree(node)) throw new Error('there is no weight');
  expect(await node.read()).toEqual(Float32Array.of(1.5, -2));
});

test('what is rebuilt from a type that is rebuilt from a type, and so on, is a tensor of a kind that is not known', async () => {
  const own = 'ctorch._tensor\n_rebuild_from_type\n';
  const nested = `${own}${`(${own}N`.repeat(50_000)}N${'t'.repeat(50_000)}R`;
  expect(await openPytorch(new Blob([bytes(`\x80\x02}S'weight'\n${nested}s.`)]))).toMatchObject({
    ok: true,
  });
});
