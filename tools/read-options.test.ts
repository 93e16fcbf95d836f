import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { defineCodec, onOrOff } from '../src/core/codec.ts';
import { readOptions, readSeed, readWholeNumber } from './read-options.ts';

class Ended extends Error {}

const said: string[] = [];
beforeEach(() => {
  said.length = 0;
  vi.spyOn(console, 'error').mockImplementation((text: string) => void said.push(text));
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Ended(String(code));
  });
});
afterEach(() => vi.restoreAllMocks());

const usage = 'Usage: npm run look -- heads <images…> [options]\n\nMany lines.';
const codec = defineCodec({ refine: onOrOff({ defaultValue: false, help: '' }) });
const options = {
  side: { type: 'string' },
  threshold: { type: 'string' },
  refine: { type: 'string' },
  square: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;
const read = (...args: string[]) =>
  readOptions({ args, allowPositionals: true, options }, usage, codec).values;

test.each([
  ['There is no option --sied', ['--sied', '64']],
  ['There is no option -q', ['-q']],
  ['--side needs a value', ['a.jpg', '--side']],
  ['--side needs a value', ['--side', '--square', 'a.jpg']],
  ['--square takes no value', ['--square=1']],
  ['--help takes no value', ['--help=1']],
])('one sentence and where to find more: %s', (sentence, args) => {
  expect(() => read(...args)).toThrow(new Ended('2'));
  expect(said).toEqual([`${sentence}: npm run look -- heads --help tells what there is.`]);
});

test('a word too many is named', () => {
  expect(() => readOptions({ args: ['a b.jpg'], options }, usage)).toThrow(Ended);
  expect(said[0]).toMatch(/^a b\.jpg is one word too many: /);
});

test('a value may be negative, and what is behind -- is no option', () => {
  expect(read('--threshold', '-0.5', '--side', '-.5')).toMatchObject({ threshold: '-0.5', side: '-.5' });
  const { values, positionals } = readOptions(
    { args: ['--threshold=-1', '--', '--side', '-3'], allowPositionals: true, options },
    usage,
  );
  expect([values.threshold, positionals]).toEqual(['-1', ['--side', '-3']]);
});

test('a switch may stand alone, before an image, another option, or at the end', () => {
  for (const args of [['--refine', 'a.jpg'], ['--refine', '--square'], ['--refine'], ['--refine', 'on']])
    expect(read(...args).refine).toBe('on');
  expect(read('--refine', 'off', 'a.jpg').refine).toBe('off');
});

test.each(['0', '-1', '3.5', 'NaN', '', ' ', '1e9', 'x', 'Infinity'])(
  '--side %j is not in the range',
  (text) => {
    expect(() => readWholeNumber('side', text, 16, 2048)).toThrow(new Ended('2'));
    expect(said).toEqual([`--side ${text} is not a whole number from 16 to 2048.`]);
  },
);

test('without a largest number', () => {
  expect(readWholeNumber('steps', '1e9', 1, Infinity)).toBe(1e9);
  expect(() => readWholeNumber('steps', 'Infinity', 1, Infinity)).toThrow(Ended);
  expect(() => readWholeNumber('steps', '0', 1, Infinity)).toThrow(Ended);
  expect(said.at(-1)).toBe('--steps 0 is not a whole number from 1 on.');
  expect(() => readSeed(String(2 ** 32))).toThrow(Ended);
});
