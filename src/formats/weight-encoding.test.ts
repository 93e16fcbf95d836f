import { expect, test } from 'vitest';
import { decodeWeight, describeUnstorable, encodeWeight, type WeightsDtype } from './weight-encoding.ts';

test.each<[string, WeightsDtype, number, string | null]>([
  ['norm.weight', 'float16', 65504, null],
  ['norm.weight', 'float16', -65504, null],
  [
    'norm.weight',
    'float16',
    65505,
    'norm.weight holds 65505, and float16 ends at 65504: take --dtype float32',
  ],
  [
    'norm.weight',
    'uint8',
    -1e6,
    'norm.weight holds -1000000, and float16 ends at 65504: take --dtype float32',
  ],
  ['blocks.0.attn.qkv.weight', 'uint8', 1e6, null],
  [
    'blocks.0.attn.qkv.weight',
    'float16',
    1e6,
    'blocks.0.attn.qkv.weight holds 1000000, and float16 ends at 65504: take --dtype float32',
  ],
  ['norm.weight', 'float32', 1e30, null],
  ['norm.weight', 'float32', NaN, 'norm.weight holds NaN: the file is damaged, or its training has failed'],
  [
    'blocks.0.attn.qkv.weight',
    'uint8',
    -Infinity,
    'blocks.0.attn.qkv.weight holds -Infinity: the file is damaged, or its training has failed',
  ],
])('%s as %s with %d: %s', (name, dtype, value, problem) => {
  const values = Float32Array.of(0.5, value, -2);
  expect(describeUnstorable(name, values, dtype)).toBe(problem);
  if (problem !== null) return;
  const { bytes, encoding } = encodeWeight(name, values, dtype);
  expect(decodeWeight(bytes, encoding).every(Number.isFinite)).toBe(true);
});
