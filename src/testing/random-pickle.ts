import type { SeededRandom } from '../core/seeded-random.ts';

const text = (latin1: string): Uint8Array => Buffer.from(latin1, 'latin1');

/** Whole opcodes with their arguments, valid and invalid, from which malicious pickles are built. */
const fragments: readonly Uint8Array[] = [
  '(', ')', '.', '0', '1', '2', 'N', ']', '}', 'a', 'b', 'd', 'e', 'l', 'o', 's', 't', 'u',
  '\x81', '\x85', '\x86', '\x87', '\x88', '\x89', '\x8f', '\x90', '\x91', '\x92', '\x93', '\x94', '\x97', '\x98',
  'K\x00', 'K\x01', 'K\x07', 'M\xff\xff', 'J\xff\xff\xff\xff', 'J\xff\xff\xff\x7f', 'G\x7f\xf0\0\0\0\0\0\0',
  '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f', '\x8b\xff\xff\xff\xff', '\x8a\x00', 'I01\n', 'Inan\n', 'F-inf\n', 'L9L\n',
  'q\x00', 'q\x01', 'q\x05', 'h\x00', 'h\x01', 'h\x05', 'r\xff\xff\xff\xff', 'j\xff\xff\xff\xff', 'p99999999999\n', 'g0\n',
  'Q', 'R', 'Pid\n', '\x80\x05', '\x80\x09', '\x95\x00\x00\x00\x00\x00\x00\x00\x00',
  'X\xff\xff\xff\xff', 'X\x00\x00\x00\x00', '\x8d\xff\xff\xff\xff\xff\xff\xff\xff', 'B\xff\xff\xff\x7f', 'C\x01x',
  'X\x07\x00\x00\x00storage', 'X\x01\x00\x00\x000', 'X\x03\x00\x00\x00cpu', 'X\x09\x00\x00\x00cls_token', 'S\'a\'\n',
  'ctorch\nFloatStorage\n', 'ctorch\nHalfStorage\n', 'ctorch\nUntypedStorage\n', 'ctorch\n__proto__\n', 'cos\nsystem\n',
  'ctorch._utils\n_rebuild_tensor_v2\n', 'ctorch._utils\n_rebuild_parameter\n', 'ctorch\nSize\n',
  'ctorch._tensor\n_rebuild_from_type_v2\n', 'ccollections\nOrderedDict\n', 'cbuiltins\nset\n', 'c_codecs\nencode\n',
  'X\x09\x00\x00\x00__proto__', '\x8c\x05torch\x8c\x04Size\x93', 'itorch\nSize\n',
  '(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x08tQ',
].map(text); // prettier-ignore

/**
 * @returns `pickle` with one to a dozen of these inserted at a random place, where a few bytes may be removed; or a
 * pickle of only these
 */
export function randomPickle(pickle: Uint8Array, random: SeededRandom): Uint8Array<ArrayBuffer> {
  const isNew = random.below(4) === 0;
  const at = isNew ? 0 : random.below(pickle.length);
  const skipped = isNew ? pickle.length : random.below(8);
  const count = isNew ? 5 + random.below(60) : 1 + random.below(12);
  const inserted = Array.from(
    { length: count },
    () => fragments[random.below(fragments.length)] ?? text('N'),
  );
  const stop = isNew ? [text('.')] : [];
  return Uint8Array.from(
    Buffer.concat([pickle.subarray(0, at), ...inserted, ...stop, pickle.subarray(at + skipped)]),
  );
}

/** -1, the largest of one, two, four and eight bytes, and some that may just fit or not. */
const numbers: readonly [Uint8Array, ...Uint8Array[]] = [
  text('J\xff\xff\xff\xff'),
  text('K\x00'),
  text('K\x03'),
  text('K\x20'),
  text('K\xff'),
  text('M\xff\xff'),
  text('J\xff\xff\xff\x7f'),
  text('\x8a\x07\xff\xff\xff\xff\xff\xff\x1f'),
  text('\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f'),
];

/**
 * @returns `pickle` with one or two of its small numbers (shapes, strides, offsets, lengths) replaced; the rest is
 * unchanged
 */
export function exchangePickleNumbers(pickle: Uint8Array, random: SeededRandom): Uint8Array<ArrayBuffer> {
  const places: number[] = [];
  for (let at = pickle.indexOf(0x4b); at >= 0; at = pickle.indexOf(0x4b, at + 2)) places.push(at);
  // With more replacements, few files would still open.
  const chosen = [places[random.below(places.length)], places[random.below(places.length)]].slice(
    random.below(2),
  );
  const pieces: Uint8Array[] = [];
  let done = 0;
  for (const at of new Set(chosen.toSorted((a = 0, b = 0) => a - b))) {
    if (at === undefined) continue;
    pieces.push(pickle.subarray(done, at), random.pick(numbers));
    done = Math.min(at + 2, pickle.length);
  }
  return Uint8Array.from(Buffer.concat([...pieces, pickle.subarray(done)]));
}
