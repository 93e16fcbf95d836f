/** Files of PyTorch's that are not opened, and what is said of them. */
import { deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openFixture } from '../testing/checkpoint-fixtures.ts';
import { makeZip } from '../testing/make-zip.ts';
import { openTensorParts, storage, tensorPickle, zipOf } from '../testing/tensor-pickles.ts';
import { openPytorch } from './pytorch.ts';

const zipBytes = await zipOf(tensorPickle()).slice(0).arrayBuffer();

const legacy = async (): Promise<Blob> => openFixture('dino-legacy.pth');
const zip = async (): Promise<Blob> => openFixture('dino.pth');

/** The block before what a tar holds. Source: POSIX's pax, ustar. @param type of the entry: 0 is a file, x and L are notes on the next one */
const tarHeader = (name: string, type: string, bytes = 0): string =>
  `${name.padEnd(124, '\0')}${bytes.toString(8).padStart(11, '0')}\0`
    .padEnd(156, '\0')
    .concat(type)
    .padEnd(257, '\0') + 'ustar'.padEnd(255, '\0');
const note = '30 mtime=1796146123.633014\n'.padEnd(512, '\0');

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
    [
      'a tar archive that Python made, which notes the time of a file before it',
      tarHeader('././@PaxHeader', 'x', 27) + note + tarHeader('vit/model.bin', '0'),
      /a tar archive that holds vit\/model\.bin; unpack it first/,
    ],
    [
      'a tar archive of a long name',
      tarHeader('././@LongLink', 'L', 600) + note + note + tarHeader('run/long', '0'),
      /a tar archive that holds run\/long; unpack it first/,
    ],
    [
      'the tar layout with the times of its files',
      tarHeader('././@PaxHeader', 'x', 27) + note + tarHeader('sys_info', '0'),
      /tar layout .* before 2017/,
    ],
    [
      'a tar archive whose file comes late',
      tarHeader('././@PaxHeader', 'x', 4000) + note,
      /^it is a tar archive; unpack it first/,
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
  expect(await openTensorParts(zipOf(pickle))).toMatchObject({ skipped: ['os.system'], tree: new Map() });
});
