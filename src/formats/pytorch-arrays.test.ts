import { describe, expect, test } from 'vitest';
import { openTensorParts, zipOf } from '../testing/tensor-pickles.ts';
import { isTree } from './tensor-file.ts';

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
    const { tree } = await openTensorParts(zipOf(pickle));
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
