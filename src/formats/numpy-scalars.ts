/** NumPy's whole numbers and texts, which may stand in a pickle in place of Python's own: sizes, and names of parameters. */
import { readType } from './numpy-arrays.ts';
import { isKind, itemsOf, type PickleOpaque, type PickleValue } from './pickle-values.ts';

/** More than a size has. */
const maxItems = 64;

/** @param bytes a letter a byte @returns null where the values are neither whole numbers that are exact nor texts */
function decode(type: string, isBigEndian: boolean, bytes: string): readonly (number | string)[] | null {
  const [, letter = '', length = ''] = /^([iuU])(\d+)$/.exec(type) ?? [];
  // A letter of a text has four bytes.
  const size = letter === 'U' ? 4 * Number(length) : Number(length);
  if (letter === '' || size < 1 || bytes.length % size !== 0) return null;
  const raw = Uint8Array.from(bytes, (each) => each.charCodeAt(0));
  const view = new DataView(raw.buffer);
  const values: (number | string)[] = [];
  for (let at = 0; at < raw.length; at += size) {
    if (letter === 'U') {
      const codes = Array.from({ length: size / 4 }, (_, i) => view.getUint32(at + 4 * i, !isBigEndian));
      if (codes.some((code) => code > 0x10ffff)) return null;
      values.push(String.fromCodePoint(...codes).replace(/\0+$/, ''));
      continue;
    }
    let value = 0n;
    for (let i = 0; i < size; i++)
      value = (value << 8n) | BigInt(raw[at + (isBigEndian ? i : size - 1 - i)] ?? 0);
    const number = Number(letter === 'i' ? BigInt.asIntN(8 * size, value) : value);
    if (!Number.isSafeInteger(number)) return null;
    values.push(number);
  }
  return values;
}

/** @returns the values, where their bytes are at hand and of a kind that is known */
function valuesOf(
  dtype: PickleValue | undefined,
  data: PickleValue | undefined,
): readonly (number | string)[] | null {
  const read = readType(dtype);
  const bytes = isKind(data, 'bytes') ? data.content : undefined;
  return read === null || typeof bytes !== 'string' ? null : decode(read.type, read.isBigEndian, bytes);
}

/** @returns the number or text that `scalar(dtype, data)` makes; null for any other */
export function scalarOf([dtype, data]: readonly PickleValue[]): number | string | null {
  const values = valuesOf(dtype, data);
  return values?.length === 1 ? (values[0] ?? null) : null;
}

/** @returns the values of a short array of one axis; null for any other */
export function smallArrayOf({ name, args = [], state }: PickleOpaque): readonly (number | string)[] | null {
  const isFromBuffer = /^numpy\._?core\.numeric\._frombuffer$/.test(name);
  if (!isFromBuffer && !/^numpy\._?core\.multiarray\._reconstruct$/.test(name)) return null;
  const [, shape, dtype, , data] = itemsOf(state) ?? [];
  const [count, ...more] = itemsOf(isFromBuffer ? args[2] : shape) ?? [];
  if (typeof count !== 'number' || count > maxItems || more.length > 0) return null;
  const values = isFromBuffer ? valuesOf(args[1], args[0]) : valuesOf(dtype, data);
  return values?.length === count ? values : null;
}
