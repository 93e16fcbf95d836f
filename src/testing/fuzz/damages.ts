/** Ways to damage the input of parsers, in addition to `damage` itself. */
import { damage, type SeededRandom } from '../../core/seeded-random.ts';
import { oddNumbers } from '../odd-numbers.ts';

export type Bytes = Uint8Array<ArrayBuffer>;
export type NonEmpty<T> = readonly [T, ...T[]];

export const bytesOf = async (file: Blob): Promise<Bytes> => new Uint8Array(await file.arrayBuffer());

/**
 * Replaces numbers. The result is still JSON, so it reaches more of a parser than damaged text does.
 * @param share one number in this many is replaced
 */
export const exchangeNumbers = (json: string, random: SeededRandom, share = 60): string =>
  json.replaceAll(/-?\b\d+(\.\d+)?\b/g, (number) =>
    random.below(share) === 0 ? random.pick(oddNumbers) : number,
  );

/** Replacements for a JSON value, including other types than numbers. */
const oddValues = [
  'null',
  'true',
  '"x"',
  '-1',
  '1e309',
  '[]',
  '{}',
  '[[]]',
  '{"__proto__": 1}',
  '""',
] as const;

const exchangeValues = (json: string, random: SeededRandom, share = 30): string =>
  json.replaceAll(/(:\s*)("(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null)/g, (whole, colon: string) =>
    random.below(share) === 0 ? colon + random.pick(oddValues) : whole,
  );

export const damageText = (text: string, random: SeededRandom): string =>
  new TextDecoder().decode(damage(new TextEncoder().encode(text), random));

/** @returns JSON in which values or letters are damaged */
export function damageJson(json: string, random: SeededRandom): string {
  switch (random.below(3)) {
    case 0:
      return damageText(json, random);
    case 1:
      return exchangeNumbers(json, random, 8);
    default:
      return exchangeValues(json, random, 8);
  }
}

/** Damages only the bytes from `begin` to `end`. Most of a file is values, in which no error can occur. */
export function damagePart(bytes: Bytes, begin: number, end: number, random: SeededRandom): Bytes {
  const part = damage(bytes.subarray(begin, end), random);
  const whole = new Uint8Array(begin + part.length + bytes.length - end);
  whole.set(bytes.subarray(0, begin));
  whole.set(part, begin);
  whole.set(bytes.subarray(end), begin + part.length);
  return whole;
}

const oddFields = [
  0, 1, 2, 7, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
] as const;

/**
 * Replaces one to three numbers of two or four bytes, in either byte order, at random positions. This hits lengths, sides
 * and offsets.
 */
export function exchangeFields(bytes: Bytes, begin: number, end: number, random: SeededRandom): Bytes {
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = begin + random.below(Math.max(1, Math.min(end, bytes.length) - begin));
    const value = random.below(4) === 0 ? random.below(bytes.length + 20) : random.pick(oddFields);
    const isLittle = random.below(2) === 0;
    if (random.below(2) === 0 && at + 4 <= changed.length) view.setUint32(at, value, isLittle);
    else if (at + 2 <= changed.length) view.setUint16(at, value & 0xffff, isLittle);
  }
  return changed;
}
