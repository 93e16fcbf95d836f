import { expect, test } from 'vitest';
import { ByteCursor } from './byte-cursor.ts';
import { readPickle } from './pickle.ts';
import { readSettings } from './pickle-settings.ts';
import { createTorchHost } from './pytorch-host.ts';

const bytesOf = (array: ArrayBufferView): Buffer =>
  Buffer.from(array.buffer, array.byteOffset, array.byteLength);

const dtype = (type: string, order = '<'): string =>
  `cnumpy\ndtype\n(S'${type}'\nI0\nI1\ntR(I3\nS'${order}'\nNNNI-1\nI-1\nI0\ntb`;

/** As protocols from 3 on write bytes, and as protocol 2 does. */
const writers: readonly ((bytes: Buffer) => string)[] = [
  (bytes) => `C${String.fromCharCode(bytes.length)}${bytes.toString('latin1')}`,
  (bytes) => {
    const text = Buffer.from(bytes.toString('latin1'), 'utf8');
    return `c_codecs\nencode\n(\x8c${String.fromCharCode(text.length)}${text.toString('latin1')}S'latin1'\ntR`;
  },
];

async function read(code: string): Promise<unknown> {
  const file = new Blob([Uint8Array.from(Buffer.from(`${code}.`, 'latin1'))]);
  const value = await readPickle(new ByteCursor(file, 0, file.size), createTorchHost());
  if (!value.ok) throw new Error('the pickle ends too early');
  return readSettings(value.value);
}

test.each<[string, string, Buffer, unknown]>([
  ['i8', '<', bytesOf(BigInt64Array.of(224n)), 224],
  ['i8', '<', bytesOf(BigInt64Array.of(-3n)), -3],
  ['i4', '<', bytesOf(Int32Array.of(384)), 384],
  ['i4', '>', Buffer.from([0, 0, 1, 128]), 384],
  ['u1', '|', Buffer.from([200]), 200],
  ['U3', '<', bytesOf(Uint32Array.of(0x61, 0x2e, 0x1f600)), 'a.😀'],
  // NumPy cuts zeros at the end of a text.
  ['U4', '<', bytesOf(Uint32Array.of(0x61, 0x62, 0, 0)), 'ab'],
  ['i8', '<', bytesOf(BigInt64Array.of(2n ** 62n)), null],
  ['U1', '<', bytesOf(Uint32Array.of(0x110000)), null],
  ['i8', '<', Buffer.from([1, 2, 3]), null],
  ['f8', '<', bytesOf(Float64Array.of(1)), null],
])('a scalar of NumPy’s of the type %s%s', async (type, order, bytes, expected) => {
  for (const write of writers)
    expect(await read(`cnumpy.core.multiarray\nscalar\n(${dtype(type, order)}${write(bytes)}tR`)).toBe(
      expected,
    );
});

test('a short array of whole numbers is a list', async () => {
  const values = bytesOf(BigInt64Array.of(48n, 64n));
  for (const write of writers) {
    const made = `cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(I2\nt${dtype('i8')}I00\n${write(values)}tb`;
    expect(await read(`(S'img_size'\n${made}d`)).toEqual({ img_size: [48, 64] });
  }
  const fromBuffer = `cnumpy.core.numeric\n_frombuffer\n(C\x10${values.toString('latin1')}${dtype('i8')}(I2\ntS'C'\ntR`;
  expect(await read(fromBuffer)).toEqual([48, 64]);
});

test('texts of NumPy’s are names', async () => {
  const name = `cnumpy\x2ecore.multiarray\nscalar\n(${dtype('U2')}${writers.at(0)?.(bytesOf(Uint32Array.of(0x61, 0x62)))}tR`;
  expect(await read(`(${name}I1\nd`)).toEqual({ ab: 1 });
});
