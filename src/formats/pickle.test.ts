import { describe, expect, test } from 'vitest';
import { readPickle, type PickleHost } from './pickle.ts';
import type { PickleValue } from './pickle-values.ts';

const host: PickleHost = {
  call: (name, args) => (name === 'known.first' ? (args[0] ?? null) : null),
  findPersistent: (id) => ({ kind: 'list', items: [id] }),
};

/** Dictionaries as objects, sequences as arrays: easier to compare. */
function plain(value: PickleValue): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (value.kind === 'dict')
    return Object.fromEntries([...value.entries].map(([key, item]) => [key, plain(item)]));
  return 'items' in value ? value.items.map(plain) : value;
}

const read = (pickle: string): unknown => {
  const result = readPickle(Buffer.from(pickle, 'latin1'), 0, host);
  return result === null ? null : plain(result.value);
};

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
  ])('protocol %i', (protocol, pickle) => {
    const expected = protocol === 2 ? value.with(8, { kind: 'opaque', name: '_codecs.encode' }) : value;
    expect(read(pickle)).toEqual(expected);
  });

  test('protocol 0', () => {
    const pickle =
      '(lp0\nNaI01\naI-5\naL1099511627776L\naF1.5\naVtext\np1\na(I1\ntp2\na(dp3\nVa\n(lp4\nI2\nasag1\na.';
    expect(read(pickle)).toEqual([null, 1, -5, 2 ** 40, 1.5, 'text', [1], { a: [2] }, 'text']);
  });

  test('sets, whole numbers of many bytes, objects old and new', () => {
    expect(read('\x8f(K\x01K\x02\x90.')).toEqual([1, 2]);
    expect(read('(K\x01\x91.')).toEqual([1]);
    expect(read('\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.')).toBe(119547037146038801333356n);
    expect(read('\x8a\x01\xff.')).toBe(-1);
    expect(read('(iknown\nfirst\n.')).toEqual({ kind: 'opaque', name: 'known.first' });
    expect(read('cknown\nfirst\n(K\x07tR.')).toBe(7);
    expect(read('\x8c\x05known\x8c\x05first\x93K\x07\x85\x81.')).toBe(7);
    expect(read('cknown\nfirst\nK\x07\x85}\x92.')).toBe(7);
    expect(read('(cmy\nOwn\nK\x07o.')).toEqual({ kind: 'opaque', name: 'my.Own' });
    expect(read('K\x09(K\x051.')).toBe(9);
    expect(read('K\x06(K\x05Q0K\x0712.')).toBe(6);
  });

  test('something unknown keeps its attributes; what is put into it is dropped', () => {
    expect(read("cmy\nOwn\n)\x81}S'a'\nK\x01sb.")).toEqual({
      kind: 'opaque',
      name: 'my.Own',
      state: { kind: 'dict', entries: new Map([['a', 1]]) },
    });
    expect(read("cmy\nOwn\n)\x81S'a'\nK\x01s(S'b'\nK\x02uK\x03a(K\x04e.")).toEqual({
      kind: 'opaque',
      name: 'my.Own',
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
    ['a long of a million bytes', '\x8b\x40\x42\x0f\x00', /has 1000000 bytes/],
    ['a global without a name', 'K\x01K\x02\x93.', /not named by text/],
    ['a name of 300 letters', `c${'a'.repeat(300)}\nb\n.`, /name of a global is too long/],
    ['five million lists', ']'.repeat(5_000_000), /more than 2000000 objects/],
    ['five million memos', `N${'\x94'.repeat(5_000_000)}`, /more than 2000000 objects/],
  ])('%s', (_, pickle, problem) => {
    expect(() => read(pickle)).toThrow(
      expect.objectContaining({
        failure: { code: 'checkpoint-invalid', problem: expect.stringMatching(problem) as string },
      }) as Error,
    );
  });

  test.each(['', 'N', 'X\x05\x00\x00\x00abc', 'cno newline', '\x8d\xff\xff\xff\xff\xff\xff\xff\xff'])(
    '%j ends too early',
    (pickle) => {
      expect(read(pickle)).toBeNull();
    },
  );
});
