import { expect, test } from 'vitest';
import { defineCodec, onOrOff, oneOf, realNumber, wholeNumber } from './codec.ts';
import { fail, succeed } from './result.ts';

const codec = defineCodec({
  fusion: oneOf(['mean', 'max'], { help: 'how heads become one' }),
  block: wholeNumber({ help: 'which block', defaultValue: 1, min: 1, max: 12 }),
  discard: realNumber({ help: 'share that is left out', defaultValue: 0, min: 0, max: 0.99 }),
  smooth: onOrOff({ help: 'between patches', defaultValue: true }),
});

test('what is not given is the default', () => {
  expect(codec.read({})).toEqual(succeed({ fusion: 'mean', block: 1, discard: 0, smooth: true }));
});

test('text becomes values', () => {
  expect(codec.read({ fusion: 'max', block: '12', discard: '0.9', smooth: 'off' })).toEqual(
    succeed({ fusion: 'max', block: 12, discard: 0.9, smooth: false }),
  );
});

test.each([
  [{ fusion: 'median' }, 'fusion median is not mean|max.'],
  [{ block: '1.5' }, 'block 1.5 is not a whole number from 1 to 12.'],
  [{ block: '13' }, 'block 13 is not a whole number from 1 to 12.'],
  [{ block: '' }, 'block  is not a whole number from 1 to 12.'],
  [{ discard: 'NaN' }, 'discard NaN is not a number from 0 to 0.99.'],
  [{ smooth: 'yes' }, 'smooth yes is not on|off.'],
] as const)('%o is refused with a sentence', (texts, sentence) => {
  expect(codec.read(texts)).toEqual(fail(sentence));
});

test('what another version wrote is passed over where it cannot be read', () => {
  const expected = { fusion: 'max', block: 1, discard: 0, smooth: true };
  expect(codec.readLeniently({ fusion: 'max', block: '99', discard: 5, unknown: 'x' })).toEqual(expected);
  expect(codec.readLeniently(null)).toEqual(codec.defaults);
  expect(codec.readLeniently('fusion')).toEqual(codec.defaults);
});

test('only what differs is written, and reads as it was', () => {
  const params = { fusion: 'mean', block: 3, discard: 0.5, smooth: false } as const;
  expect(codec.write(params)).toEqual({ block: '3', discard: '0.5', smooth: 'off' });
  expect(codec.read(codec.write(params))).toEqual(succeed(params));
  expect(codec.write(codec.defaults)).toEqual({});
});
