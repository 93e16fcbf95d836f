import { describe, expect, test } from 'vitest';
import { ByteCursor } from './byte-cursor.ts';
import { readPickle, type PickleHost } from './pickle.ts';
import type { PickleValue } from './pickle-values.ts';

const host: PickleHost = {
  call: (name, args) => (name === 'known.first' ? (args[0] ?? null) : null),
  findPersistent: (id) => ({ kind: 'list', items: [id] }),
};

/** Dictionaries as objects, sequences as arrays: easier to compare. */
function plain(value: PickleValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value.kind === 'bytes') return { kind: 'bytes' };
  if (value.kind === 'dict')
    return Object.fromEntries([...value.entries].map(([key, item]) => [key, plain(item)]));
  return 'items' in value ? value.items.map(plain) : value;
}

/** @param pickle a letter a byte */
async function read(pickle: string): Promise<unknown> {
  const file = new Blob([Uint8Array.from(Buffer.from(pickle, 'latin1'))]);
  const result = await readPickle(new ByteCursor(file, 0, file.size), host);
  return result.ok ? plain(result.value) : result.error;
}

describe('what Python writes', () => {
  // pickle.dumps(value, protocol) of [None, True, -5, 300, 70000, 2**40, 1.5, 'hé', b'x', (1,), {'a': [2]}]
  const value: readonly unknown[] = [
    null,
    true,
    -5,
    300,
    70000,
    2 ** 40,
    1.5,
    'hé',
    { kind: 'bytes' },
    [1],
    { a: [2] },
  ];

  test.each([
    [
      2,
      '\x80\x02]q\x00(N\x88J\xfb\xff\xff\xffM,\x01Jp\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01' +
        'G?\xf8\x00\x00\x00\x00\x00\x00X\x03\x00\x00\x00h\xc3\xa9q\x01c_codecs\nencode\nq\x02X\x01\x00\x00\x00xq\x03' +
        'X\x06\x00\x00\x00latin1q\x04\x86q\x05Rq\x06K\x01\x85q\x07}q\x08X\x01\x00\x00\x00aq\t]q\nK\x02ase.',
    ],
    [
      4,
      '\x80\x04\x95;\x00\x00\x00\x00\x00\x00\x00]\x94(N\x88J\xfb\xff\xff\xffM,\x01Jp\x11\x01\x00' +
        '\x8a\x06\x00\x00\x00\x00\x00\x01G?\xf8\x00\x00\x00\x00\x00\x00\x8c\x03h\xc3\xa9\x94C\x01x\x94K\x01\x85\x94' +
        '}\x94\x8c\x01a\x94]\x94K\x02ase.',
    ],
  ])('protocol %i', async (protocol, pickle) => {
    const expected = protocol === 2 ? value.with(8, { kind: 'opaque', name: '_codecs.encode' }) : value;
    expect(await read(pickle)).toEqual(expected);
  });

  test('protocol 0', async () => {
    const pickle =
      '(lp0\nNaI01\naI-5\naL1099511627776L\naF1.5\naVtext\np1\na(I1\ntp2\na(dp3\nVa\n(lp4\nI2\nasag1\na.';
    expect(await read(pickle)).toEqual([null, 1, -5, 2 ** 40, 1.5, 'text', [1], { a: [2] }, 'text']);
  });

  test('sets, whole numbers of many bytes, objects old and new', async () => {
    expect(await read('\x8f(K\x01K\x02\x90.')).toEqual([1, 2]);
    expect(await read('(K\x01\x91.')).toEqual([1]);
    expect(await read('\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.')).toBe(119547037146038801333356n);
    expect(await read('\x8a\x01\xff.')).toBe(-1);
    expect(await read('(iknown\nfirst\n.')).toEqual({ kind: 'opaque', name: 'known.first' });
    expect(await read('cknown\nfirst\n(K\x07tR.')).toBe(7);
    expect(await read('\x8c\x05known\x8c\x05first\x93K\x07\x85\x81.')).toBe(7);
    expect(await read('cknown\nfirst\nK\x07\x85}\x92.')).toBe(7);
    expect(await read('(cmy\nOwn\nK\x07o.')).toEqual({ kind: 'opaque', name: 'my.Own' });
    expect(await read('K\x09(K\x051.')).toBe(9);
    expect(await read('K\x06(K\x05Q0K\x0712.')).toBe(6);
  });

  test('whole numbers and texts of any length are passed over where they are too long to be of use', async () => {
    const bytes = { kind: 'bytes' };
    // A UUID's 128 bits and its sign, and 2 ** 2039.
    expect(await read(`]\x8a\x11${'\xff'.repeat(16)}\x00aK\x01a.`)).toEqual([bytes, 1]);
    expect(await read(`]\x8a\xff${'\x00'.repeat(254)}\x01aK\x01a.`)).toEqual([bytes, 1]);
    expect(await read(`]\x8b\x40\x42\x0f\x00${'\x01'.repeat(1_000_000)}aK\x01a.`)).toEqual([bytes, 1]);
    expect(await read(`]L${'9'.repeat(5000)}L\naK\x01a.`)).toEqual([bytes, 1]);
    expect(await read(`]X\x00\x00\x10\x00${'x'.repeat(2 ** 20)}aK\x01a.`)).toEqual([bytes, 1]);
  });

  test('what lies across the edges of the windows in which a file is read is whole', async () => {
    // Names of all lengths, some 3 MB of them.
    const names = Array.from({ length: 10_000 }, (_, i) => `${i}-${'n'.repeat(i % 600)}`);
    expect(await read(`](${names.map((name) => `V${name}\n`).join('')}e.`)).toEqual(names);
    const line = 'y'.repeat(3_000_000);
    expect(await read(`](V${line}\nV${line}\nK\x01e.`)).toEqual([line, line, 1]);
  });

  test('a list of more plain values than anybody needs is cut off, and what follows is read', async () => {
    const list = await read(`}S'numbers'\n](${'K\x05'.repeat(3_000_000)}esS'a'\nK\x07s.`);
    expect(list).toMatchObject({ a: 7 });
  });

  test('something unknown keeps its attributes, and what is put into it by key: it may be a kind of dictionary', async () => {
    expect(await read("cmy\nOwn\n)\x81}S'a'\nK\x01sb.")).toEqual({
      kind: 'opaque',
      name: 'my.Own',
      state: { kind: 'dict', entries: new Map([['a', 1]]) },
    });
    expect(await read("cmy\nOwn\n)\x81S'a'\nK\x01s(S'b'\nK\x02uK\x03a(K\x04e.")).toEqual({
      kind: 'opaque',
      name: 'my.Own',
      dict: {
        kind: 'dict',
        entries: new Map([
          ['a', 1],
          ['b', 2],
        ]),
      },
    });
  });
});

describe('what is no pickle', () => {
  test.each<[string, string, RegExp]>([
    ['an unknown opcode', '\x01', /the opcode 0x01 is not known/],
    ['a protocol to come', '\x80\x06N.', /newer than 5/],
    ['nothing on the stack', '.', /its stack is empty/],
    ['a value from before the mark', 'K\x01(\x85.', /its stack is empty/],
    ['no mark', 'K\x01t.', /a mark is missing/],
    ['an unknown memo', 'h\x05.', /refers to something/],
    ['a number that is none', 'Iten\n.', /a number is none/],
    ['a long that is none', 'L1_0L\n.', /a whole number is none/],
    ['a global without a name', 'K\x01K\x02\x93.', /not named by text/],
    ['a name of 300 letters', `c${'a'.repeat(300)}\nb\n.`, /name of a global is too long/],
    ['five million lists', ']'.repeat(5_000_000), /more than 4000000 objects/],
    ['nine million memos', `N${'\x94'.repeat(9_000_000)}`, /more than 8000000 objects/],
    ['thirty million values', 'N'.repeat(30_000_000), /its stack is too high/],
  ])('%s', async (_, pickle, problem) => {
    await expect(read(pickle)).rejects.toMatchObject({
      failure: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
    });
  });

  test.each([
    '',
    'N',
    'X\x05\x00\x00\x00abc',
    '\x8b\x40\x42\x0f\x00',
    'cno newline',
    '\x8d\xff\xff\xff\xff\xff\xff\xff\xff',
  ])('%j ends too early', async (pickle) => {
    expect(await read(pickle)).toBe('cut-short');
  });
});
